"""The connection of commands to a Prefect server."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL, temporary_settings

from aepipe.deploy.up.credentials import find_servers
from aepipe.errors import AepipeError
from aepipe.io.urls import without_secrets


class ServerError(AepipeError):
    """The Prefect server can't be reached, or refuses."""


@contextmanager
def connected() -> Iterator[SyncPrefectClient]:
    """Give a client of the server at PREFECT_API_URL, or of the one that this user's `aepipe up` runs.

    What such a server asks for need not be named: it is in its folder.

    Raises:
        ServerError: none is named, none answers, or it refuses the credentials.
    """
    url, auth = _server()
    try:
        with (
            temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: auth}),
            get_client(sync_client=True) as client,
        ):
            yield client
    except httpx.ReadTimeout as error:
        way_out = "Look at the load of its machine, and at its log."
        rule = "The Prefect server is there, and must answer in time."
        raise ServerError(rule, way_out, PREFECT_API_URL=without_secrets(url)) from error
    except httpx.TransportError as error:
        way_out = "Check that it runs: prefect server start, or aepipe up."
        raise ServerError("The Prefect server must answer.", way_out, PREFECT_API_URL=without_secrets(url)) from error
    except PrefectHTTPStatusError as error:
        status = error.response.status_code
        if status not in (401, 403):
            raise
        way_out = "Set PREFECT_API_AUTH_STRING to the server's PREFECT_SERVER_API_AUTH_STRING."
        raise ServerError("The server must accept these credentials.", way_out, status=status) from error


def _server() -> tuple[str, str | None]:
    url, auth = PREFECT_API_URL.value(), PREFECT_API_AUTH_STRING.value()
    if url and auth:
        return url, auth
    own = find_servers()
    if url:
        return url, own.get(url)
    if len(own) != 1:
        way_out = "Set PREFECT_API_URL, or start a server: aepipe up."
        raise ServerError("A Prefect server must be named.", way_out, PREFECT_API_URL="", running_here=sorted(own))
    return next(iter(own.items()))
