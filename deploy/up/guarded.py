"""Prefect's server behind a guard, for `aepipe up`: a page of somebody else's can't use the browser to reach it.

Prefect has a setting for the origins whose scripts may read its answers, and none for the names that it answers to.
What is refused here never reaches its API: another Host (a name that was bound to this machine's address), another
Origin, and a body of a kind that browsers send without asking first.
"""

import argparse
import socket
from collections.abc import Iterable, Sequence
from email.message import Message
from ipaddress import ip_address
from urllib.parse import urlsplit

import uvicorn
from prefect import settings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

ANY_ADDRESS = "any-address"
# What a form or a script may send to any server without asking it first.
SENT_UNASKED = ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data")
POLICY_VIOLATION = 1008


class Guard:
    """An ASGI application that lets through what comes from the server's own pages and from programs.

    Args:
        app: What is guarded.
        hosts: Names and addresses that it answers to; with `ANY_ADDRESS` among them to every address, but no name.
        origins: Whose pages may use it, as scheme://host:port.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], origins: Iterable[str]):
        self._app = app
        self._hosts, self._origins = {host.lower() for host in hosts}, {origin.lower() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        refusal = self._refusal(Headers(scope=scope)) if scope["type"] in ("http", "websocket") else None
        if refusal is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(POLICY_VIOLATION, refusal[1])(scope, receive, send)
        else:
            await PlainTextResponse(refusal[1], status_code=refusal[0])(scope, receive, send)

    def _refusal(self, headers: Headers) -> tuple[int, str] | None:
        if not self._is_own(headers.get("host", "")):
            return 421, "This server answers to its own names alone."
        origin = headers.get("origin")
        if origin is not None and origin.lower() not in self._origins:
            return 403, "This server serves its own pages alone."
        if _media_type(headers.get("content-type", "")) in SENT_UNASKED:
            return 415, "This server takes JSON that is called so: application/json."
        return None

    def _is_own(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or (ANY_ADDRESS in self._hosts and _is_address(name))


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _media_type(content_type: str) -> str:
    message = Message()
    message["content-type"] = content_type
    return message.get_content_type() if content_type else ""


def serve(listening: socket.socket, hosts: Sequence[str], origins: Sequence[str]) -> None:
    """Run Prefect's server on a socket that listens already, until a signal ends it."""
    # Its settings must be known before it is imported.
    from prefect.server.api.server import create_app

    config = uvicorn.Config(
        Guard(create_app(final=True), hosts, origins),
        timeout_keep_alive=settings.PREFECT_SERVER_API_KEEPALIVE_TIMEOUT.value(),
        ws_ping_interval=settings.PREFECT_SERVER_API_WEBSOCKET_PING_INTERVAL.value(),
        ws_ping_timeout=settings.PREFECT_SERVER_API_WEBSOCKET_PING_TIMEOUT.value(),
        log_level=settings.PREFECT_SERVER_LOGGING_LEVEL.value().lower(),
    )
    uvicorn.Server(config).run(sockets=[listening])


def main() -> None:
    """Serve as the arguments say: `python -m aepipe.deploy.up.guarded --socket 5 --host localhost --origin http://localhost`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--socket", type=int, required=True, help="the number of a socket that listens")
    parser.add_argument("--host", action="append", default=[], help="a name that it answers to")
    parser.add_argument("--origin", action="append", default=[], help="whose pages may use it")
    chosen = parser.parse_args()
    serve(socket.socket(fileno=chosen.socket), chosen.host, chosen.origin)


if __name__ == "__main__":
    main()
