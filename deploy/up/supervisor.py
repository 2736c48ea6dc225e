"""The supervisor of one machine: a Prefect server, its deployments and its workers, until somebody stops them."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import typer
from filelock import FileLock, Timeout
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import PrefectException
from prefect.settings import (
    PREFECT_API_AUTH_STRING,
    PREFECT_API_REQUEST_TIMEOUT,
    PREFECT_API_URL,
    PREFECT_CLIENT_MAX_RETRIES,
    temporary_settings,
)

from aepipe.deploy.apply.deployments import default_store
from aepipe.deploy.apply.everything import apply_all
from aepipe.deploy.apply.nightly import load_all
from aepipe.deploy.apply.notify import Notifications
from aepipe.deploy.connection import ServerError, connected
from aepipe.deploy.runs import cancel_running, read_live, reschedule
from aepipe.deploy.up.address import Address
from aepipe.deploy.up.credentials import AUTH_FILE, auth_string, prepare_state, write_client_file
from aepipe.deploy.up.leftovers import end_programs, end_runs
from aepipe.deploy.up.program import Program
from aepipe.deploy.up.programs import WORKER, Programs
from aepipe.errors import AepipeError
from aepipe.flows.limits import images_of, stores_of

START_SECONDS = 180
LOOK_EVERY_SECONDS, RESTART_SECONDS = 0.5, 3.0
# A server that hangs must not keep its machine from being stopped.
GOODBYE = {PREFECT_CLIENT_MAX_RETRIES: 0, PREFECT_API_REQUEST_TIMEOUT: 10.0}
# What the server's answers, or their absence, end in.
NO_ANSWER = (httpx.HTTPError, PrefectException, ServerError)


class Machine:
    """Server and workers of one machine.

    Args:
        store: Where deployments' results go.
        host: Address that the server listens on.
        port: Its port.
        state: Folder of its database, leases and logs.
        database: A SQLAlchemy URL; None for SQLite in the folder.
        notify: Who is told of trouble: a block, as type/name, or a webhook's URL.
        file: Deployments; None for deploy/prefect.yaml.
        nights: The operator's own data sets; None where there are none.
    """

    def __init__(
        self,
        store: str,
        host: str,
        port: int,
        state: Path,
        database: str | None,
        notify: str | None,
        file: Path | None,
        nights: Path | None = None,
    ):
        self._store, self._file, self._nights, self._database = store, file, nights, database
        self._state = state.expanduser().resolve()
        self._address = Address(host, port)
        self._notifications = Notifications(notify)
        self._is_told_to_stop = False
        self._interrupted: list[UUID] = []

    def run(self) -> None:
        """Start everything, keep it running, and stop it on SIGINT or SIGTERM.

        Raises:
            ServerError: it runs already, something else listens there, or the server does not start.
        """
        specs = load_all(self._file, self._nights, default_store(self._store), "process")
        parameters = [each for spec in specs for each in (spec.parameters, *(s.parameters for s in spec.schedules))]
        prepare_state(self._state)
        auth = auth_string(self._state)
        url = f"{self._address.url}/api"
        try:
            with (
                FileLock(self._state / "lock", timeout=0),
                temporary_settings({PREFECT_API_URL: url, PREFECT_API_AUTH_STRING: auth}),
            ):
                # Where this command was killed, what it started is still there, and listens.
                self._interrupted = end_runs(self._state)
                end_programs(self._state)
                with self._address.listen() as listening:
                    _never_by_a_proxy(self._address.url)
                    write_client_file(self._state, self._address.url, auth)
                    programs = Programs(self._state, self._address, auth)
                    workers = programs.workers(stores_of(parameters), images_of(parameters))
                    self._run(programs.server(listening.fileno(), self._database), workers)
        except Timeout as error:
            way_out = "Stop the one that runs, or name another folder: --state."
            raise ServerError("A folder belongs to one server.", way_out, state=str(self._state)) from error

    def _run(self, server: Program, workers: Sequence[Program]) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        with self._stopped_at_the_end(server, workers):
            server.start()
            self._wait_until_healthy(server)
            with connected() as client:
                self._apply(client)
            self._go_on()
            for worker in workers:
                worker.start()
            names = ", ".join(worker.name for worker in workers)
            typer.echo(f"Prefect UI: {self._address.url}, which asks for what is in {self._state / AUTH_FILE}")
            typer.echo(f"Workers: {names}. Logs: {self._state / 'logs'}\nCtrl-C stops it.")
            self._keep_running([server, *workers])

    def _apply(self, client: SyncPrefectClient) -> None:
        notify = self._notifications.whom(client)
        for line in apply_all(client, self._store, "process", notify, self._file, self._nights):
            typer.echo(line)
        if self._address.is_local and self._database is None:
            # No other machine can have workers of this server, so nothing of what it thinks is running is.
            self._interrupted += read_live(client)

    def _stop(self, *_: object) -> None:
        self._is_told_to_stop = True

    def _keep_running(self, programs: Sequence[Program]) -> None:
        while not self._is_told_to_stop:
            for program in programs:
                if not program.is_running:
                    typer.echo(f"{program.name} ended with {program.exit_code}; it is started again", err=True)
                    # The next worker knows nothing of its runs: it could not cancel them, and would start as many.
                    self._interrupted += end_runs(self._state, program.name.removeprefix(WORKER))
                    time.sleep(RESTART_SECONDS)
                    program.start()
            if self._interrupted and self._is_healthy():
                self._go_on()
            if self._notifications.is_time_to_look():
                self._apply_notifications()
            time.sleep(LOOK_EVERY_SECONDS)

    def _apply_notifications(self) -> None:
        try:
            with temporary_settings(GOODBYE), connected() as client:
                for change in self._notifications.apply(client):
                    typer.echo(f"{change.subject}: {change.done}")
        except NO_ANSWER as error:
            typer.echo(f"whom to notify could not be looked up: {_line(error)}", err=True)

    def _go_on(self) -> None:
        with connected() as client:
            number = reschedule(client, dict.fromkeys(self._interrupted))
        self._interrupted = []
        if number:
            typer.echo(f"{number} runs were stopped; they go on from their checkpoints")

    @contextmanager
    def _stopped_at_the_end(self, server: Program, workers: Sequence[Program]) -> Iterator[None]:
        """Whatever happens, end every process; what the server can't be told is said, and told when it starts again."""
        with ExitStack() as stack:
            stack.callback(typer.echo, "Stopped.")
            stack.callback(server.stop)
            stack.callback(self._tell, self._reschedule)
            stack.callback(self._end_runs)
            for worker in workers:
                stack.callback(worker.stop)
            stack.callback(self._tell, lambda: self._cancel(workers))
            yield

    def _tell(self, tell: Callable[[], None]) -> None:
        try:
            with temporary_settings(GOODBYE):
                tell()
        except NO_ANSWER as error:
            typer.echo(f"The server could not be told that its runs were stopped: {_line(error)}", err=True)

    def _cancel(self, workers: Sequence[Program]) -> None:
        if any(worker.is_running for worker in workers):
            with connected() as client:
                self._interrupted += cancel_running(client)

    def _end_runs(self) -> None:
        self._interrupted += end_runs(self._state)

    def _reschedule(self) -> None:
        if self._interrupted:
            with connected() as client:
                number = reschedule(client, dict.fromkeys(self._interrupted))
            typer.echo(f"{number} runs were stopped; they go on when this is started again")

    def _wait_until_healthy(self, server: Program) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_told_to_stop:
            if not server.is_running or time.monotonic() > deadline:
                way_out = f"See {server.log}."
                raise ServerError("The server must start.", way_out, port=self._address.port, said=server.last_words)
            if self._is_healthy():
                return
            time.sleep(LOOK_EVERY_SECONDS)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self._address.url}/api/health", timeout=10, trust_env=False).json() is True
        except (httpx.HTTPError, ValueError):
            return False


def _line(error: Exception) -> str:
    return str(error) if isinstance(error, AepipeError) else " ".join(f"{type(error).__name__}: {error}".split())


def _never_by_a_proxy(url: str) -> None:
    """Let neither this process nor those that it starts ask a proxy for the server of this machine."""
    host = httpx.URL(url).host
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), host]))
