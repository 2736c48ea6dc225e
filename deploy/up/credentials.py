"""Credentials that a server of `aepipe up` asks for: made once, kept in its folder, found by its user's commands."""

import os
import secrets
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from aepipe.deploy.up.leftovers import MARK, environments

AUTH_FILE, CLIENT_FILE = "auth-string", "client.env"
DEFAULT_STATE = Path("./prefect")
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
# Its database has the blocks' secrets, and the key that opens them.
DATABASE_FILES = "prefect.db*"


def prepare_state(state: Path) -> None:
    """Make a server's folder if it is not there, and let nobody else read what it keeps."""
    is_new = not state.exists()
    state.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    (state / "logs").mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    databases = list(state.glob(DATABASE_FILES))
    for file in databases:
        file.chmod(PRIVATE_FILE)
    # A folder that somebody had before for other things keeps its mode.
    if is_new or (databases and state not in (Path.cwd(), Path.home())):
        state.chmod(PRIVATE_FOLDER)


def auth_string(state: Path) -> str:
    """Return the string that a folder's server asks for: the operator's own, or one that is made once."""
    chosen = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    if chosen:
        return chosen
    file = state / AUTH_FILE
    if not file.exists():
        _write_private(file, f"aepipe:{secrets.token_urlsafe(32)}\n")
    return file.read_text().strip()


def write_client_file(state: Path, url: str, auth: str) -> None:
    """Write what commands must know to use the server, as a shell and systemd read it."""
    values = {"PREFECT_API_URL": f"{url}/api", "PREFECT_API_AUTH_STRING": auth}
    _write_private(state / CLIENT_FILE, "".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


def find_servers() -> Mapping[str, str]:
    """Return the API's URL to the auth string, for each server of this user's `aepipe up` on this machine."""
    return dict(_servers())


def find_states(state: Path | None = None) -> list[Path]:
    """Return the folders of this user's servers on this machine: of those that run, and of one that may not.

    Args:
        state: The folder of that one; by default where one is made from here.
    """
    running = {Path(environment[MARK]) for environment in environments().values() if MARK in environment}
    return sorted(folder for folder in {*running, (state or DEFAULT_STATE).resolve()} if folder.is_dir())


def _servers() -> Iterator[tuple[str, str]]:
    for state in find_states():
        try:
            values = dict(word.split("=", 1) for word in shlex.split((state / CLIENT_FILE).read_text()))
        except OSError:
            # None was made there, or it is another user's.
            continue
        yield values["PREFECT_API_URL"], values["PREFECT_API_AUTH_STRING"]


def _write_private(file: Path, text: str) -> None:
    # It must not be readable for a moment either, and a reader never sees half of it.
    new = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    with open(new, "x", opener=lambda path, flags: os.open(path, flags, PRIVATE_FILE)) as output:
        output.write(text)
    new.replace(file)
