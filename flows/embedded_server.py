"""A Prefect server of a run's own, for as long as the run lasts; nothing here imports Prefect.

It has a session of its own, so that a terminal's Ctrl-C does not end it before the run has said how it ended; a folder
of its own, so that runs at the same time, a home that can't be written and other people's profiles do not matter; and
a password of its own, so that no web page and no other user of the machine can talk to it.
"""

import atexit
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import httpx
import typer

from aepipe.errors import AepipeError, ParameterError
from aepipe.io.folders import default_cache_folder

LOG = "server.log"
PROGRAM = Path(__file__).with_name("server_process.py")
LOOK_EVERY_SECONDS, SAY_EVERY_SECONDS, STOP_SECONDS = 0.1, 15, 15
# What another server was told to be is not what this one is.
NOT_ITS_OWN = ("PREFECT_SERVER_", "PREFECT_API_", "PREFECT_UI_", "PREFECT_PROFILE")
SETTINGS = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_ENABLED": "false",
    # Links would lead nowhere once the run has ended.
    "PREFECT_UI_URL": "",
    # Nothing asks for its events, and storing them makes others wait for the SQLite file.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}


class EmbeddedServerError(AepipeError):
    """The run's own Prefect server does not run."""


@dataclass
class EmbeddedServer:
    """The server's process.

    Attributes:
        process: Its standard input stays open as long as this process lives.
        folder: Its database and its log, which end with it.
        url: Where it is asked.
        is_stopping: Its end is what was asked for.
    """

    process: subprocess.Popen
    folder: Path
    url: str
    is_stopping: bool = False

    def wait_until_healthy(self) -> None:
        """Wait as long as the process lives, and say so every 15 s.

        Raises:
            EmbeddedServerError: it ended.
        """
        started = said = time.monotonic()
        while not self._is_healthy():
            if self.process.poll() is not None:
                raise self.error()
            now = time.monotonic()
            if now - said > SAY_EVERY_SECONDS:
                said = now
                typer.echo(f"aepipe: Prefect is still starting after {now - started:.0f} s", err=True)
            time.sleep(LOOK_EVERY_SECONDS)
        _keep_empty_database(self.folder)
        threading.Thread(target=self._look_after, name="aepipe-server", daemon=True).start()

    def error(self) -> EmbeddedServerError:
        """Return what the ended process said last."""
        log = self.folder / LOG
        lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
        return EmbeddedServerError(
            "The run's own Prefect server must run as long as the run does.",
            "Look for what ended it (memory, disk), or name a server with --server.",
            said=lines[-1].strip() if lines else "",
            exit_code=self.process.returncode,
        )

    def stop(self) -> None:
        """End the process, and wait for it."""
        self.is_stopping = True
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _look_after(self) -> None:
        """End the run with its server, which it would ask for minutes."""
        self.process.wait()
        if not self.is_stopping:
            typer.echo(f"aepipe: {self.error()}", err=True)
            os.kill(os.getpid(), signal.SIGTERM)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


def start_embedded_server() -> EmbeddedServer:
    """Start a server and set the variables that lead to it; it is stopped when this process ends, after all else.

    Raises:
        EmbeddedServerError: there is no folder that can be written.
    """
    folder = _make_folder()
    with closing(socket.socket()) as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/api"
        _set_variables(folder, url)
        with (folder / LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-P", str(PROGRAM), str(bound.fileno()), str(folder)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=[bound.fileno()],
                start_new_session=True,
                env={**os.environ, "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"},
            )
    server = EmbeddedServer(process, folder, url)
    # Before Prefect is imported: what that still has to say at the end goes first.
    atexit.register(server.stop)
    return server


def _make_folder() -> Path:
    try:
        folder = Path(tempfile.mkdtemp(prefix="aepipe-prefect-"))
        empty = _empty_database()
        if empty is not None and os.access(empty, os.R_OK):
            shutil.copyfile(empty, folder / "prefect.db")
    except OSError as error:
        raise EmbeddedServerError(
            "The run's own Prefect server needs a folder to write to.", "Set TMPDIR to one.", error=str(error)
        ) from error
    return folder


def _set_variables(folder: Path, url: str) -> None:
    for name in [name for name in os.environ if name.startswith(NOT_ITS_OWN)]:
        del os.environ[name]
    password = f"aepipe:{secrets.token_urlsafe(24)}"
    os.environ |= SETTINGS | {
        "PREFECT_HOME": str(folder),
        "PREFECT_API_URL": url,
        "PREFECT_API_AUTH_STRING": password,
        "PREFECT_SERVER_API_AUTH_STRING": password,
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{folder}/prefect.db",
    }


def _empty_database() -> Path | None:
    """Return where the tables are kept for later servers; None for a user without a place for it."""
    try:
        return default_cache_folder() / "prefect" / f"empty-{metadata.version('prefect')}.db"
    except ParameterError:
        return None


def _keep_empty_database(folder: Path) -> None:
    """Keep the tables: to make them takes two thirds of a server's start."""
    empty = _empty_database()
    if empty is None or os.path.exists(empty):
        return
    try:
        empty.parent.mkdir(parents=True, exist_ok=True)
        written = empty.with_suffix(f".{os.getpid()}")
        with closing(sqlite3.connect(folder / "prefect.db")) as source, closing(sqlite3.connect(written)) as target:
            source.backup(target)
        written.replace(empty)
    except (OSError, sqlite3.Error):
        # Without it the next start takes longer, and that is all.
        return
