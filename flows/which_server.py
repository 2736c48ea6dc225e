"""Choice of the Prefect server that a run is told to, and who named it; Prefect is imported once that is known.

A run on this machine needs no server but its own. Prefect's profile, which another project may have made the active
one, decides only where it is asked to.
"""

import os
import tomllib
from collections.abc import Callable
from pathlib import Path

import httpx
import typer

from aepipe.errors import ParameterError
from aepipe.flows.embedded_server import start_embedded_server
from aepipe.io.urls import without_secrets

EMBEDDED, PROFILE = "embedded", "profile"
ANSWER_SECONDS = 15
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def use_server(asked: str | None, purpose: str) -> Callable[[], None]:
    """Say what a run is going to do and on which server, and lead Prefect there, which is imported afterwards.

    Args:
        asked: A URL, `profile`, `embedded`, or None for PREFECT_API_URL and otherwise a server of the run's own.
        purpose: What the run is going to do.

    Returns:
        What waits until the server answers; meanwhile there is something to import.

    Raises:
        AepipeError: the server that was named does not answer, or there is no place for one of the run's own.
    """
    _keep_loopback_direct()
    named, by = _named(asked)
    if named is None:
        typer.echo(f"aepipe: {purpose}; starting a Prefect server of its own{_passed_over(asked)}", err=True)
        return start_embedded_server().wait_until_healthy
    typer.echo(f"aepipe: {purpose}; Prefect server {without_secrets(named)}, named by {by}", err=True)
    os.environ["PREFECT_API_URL"] = named
    return lambda: _check_answer(named, by)


def is_named(asked: str | None) -> bool:
    """Whether a run has another server than one of its own, by what it is asked or by PREFECT_API_URL."""
    return _named(asked)[0] is not None


def _named(asked: str | None) -> tuple[str | None, str]:
    """Return a server's URL and who named it; None for the run's own."""
    if asked is None:
        return os.environ.get("PREFECT_API_URL") or None, "PREFECT_API_URL"
    if asked == EMBEDDED:
        return None, ""
    if asked != PROFILE:
        return asked, "--server"
    profile, url = _active_profile()
    if url is None:
        way_out = "Name a server's URL, or leave --server out: then a run starts its own."
        raise ParameterError("Prefect's active profile must name a server.", way_out, profile=profile)
    return url, f"Prefect's profile {profile}"


def _active_profile() -> tuple[str | None, str | None]:
    """Return the name of Prefect's active profile, and the server that it names."""
    home = os.environ.get("PREFECT_HOME") or os.path.join("~", ".prefect")
    path = Path(os.environ.get("PREFECT_PROFILES_PATH") or os.path.join(os.path.expanduser(home), "profiles.toml"))
    try:
        content = tomllib.loads(path.read_text())
    except (OSError, ValueError):
        # Prefect takes such a file for none.
        return None, None
    active = os.environ.get("PREFECT_PROFILE") or content.get("active")
    return active, content.get("profiles", {}).get(active, {}).get("PREFECT_API_URL")


def _passed_over(asked: str | None) -> str:
    profile, url = _active_profile()
    if asked == EMBEDDED or url is None:
        return ""
    return f" (not {without_secrets(url)} of Prefect's profile {profile}: --server profile asks for it)"


def _keep_loopback_direct() -> None:
    """Let no proxy stand between processes of this machine."""
    before = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    names = [name for name in before.split(",") if name]
    # Python reads the lower case first, other programs the upper.
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(dict.fromkeys([*names, *LOOPBACK]))


def _check_answer(url: str, by: str) -> None:
    try:
        httpx.get(f"{url.rstrip('/')}/health", timeout=ANSWER_SECONDS)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        way_out = "Check that it runs, or add --server embedded: then the run starts its own."
        received = {"server": without_secrets(url), "named_by": by, "error": str(error)}
        raise ParameterError("The Prefect server must answer.", way_out, **received) from error
    # Here, because what it takes has been imported by now.
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            client.hello()
    except PrefectHTTPStatusError as error:
        status = error.response.status_code
        if status not in (401, 403):
            raise
        way_out = "Set PREFECT_API_AUTH_STRING to the server's, or add --server embedded."
        raise ParameterError("The Prefect server must accept these credentials.", way_out, status=status) from error
