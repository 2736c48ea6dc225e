"""Prefect's server, which counts what it is asked: GET /counts gives the requests by method and path.

Start it with: uvicorn --factory servers.counting_prefect:counting_app. Over a websocket each message is counted.
"""

import json
import re
from collections import Counter
from collections.abc import Callable

from prefect.server.api.server import create_app

ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# What follows is a name, of which there are as many as there are deployments, pools, ...
NAME = re.compile(r"(?<=/name/).*|(?<=/work_pools/)(?!filter)[^/]+")


class Counting:
    """An ASGI application around another one."""

    def __init__(self, app: Callable):
        self._app, self._counts = app, Counter[str]()

    async def __call__(self, scope, receive, send) -> None:
        """Answer one connection, and count it, or each message of it."""
        if scope["type"] == "http" and scope["path"] == "/counts":
            await self._tell(send)
        elif scope["type"] == "websocket":

            async def counted():
                message = await receive()
                self._counts[f"MESSAGE {scope['path']}"] += message["type"] == "websocket.receive"
                return message

            await self._app(scope, counted, send)
        else:
            if scope["type"] == "http":
                path = NAME.sub("NAME", ID.sub("ID", scope["path"].removeprefix("/api")))
                self._counts[f"{scope['method']} {path}"] += 1
            await self._app(scope, receive, send)

    async def _tell(self, send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(+self._counts).encode()})


def counting_app() -> Counting:
    """Return the server's application, for uvicorn."""
    return Counting(create_app())
