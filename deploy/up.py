"""One machine: a Prefect server, its deployments and its workers, until somebody stops them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import typer
from filelock import FileLock, Timeout
from prefect.settings import PREFECT_API_URL, temporary_settings

from deploy.interrupted import cancel_running, read_live, reschedule
from deploy.leftovers import MARK, end_programs, end_runs
from deploy.server import THIS_MACHINE, ServerError, apply_all, connected

START_SECONDS, STOP_SECONDS = 180, 20
LOOK_EVERY_SECONDS, RESTART_SECONDS = 0.5, 3.0
CPU_RUNS_AT_ONCE = 4
WORKER = "worker-"
EVERYWHERE = "0.0.0.0"


@dataclass
class Program:
    """A process that is kept running; its output goes to a file."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen | None = field(default=None)

    def start(self) -> None:
        """Start it. Ctrl-C at the terminal does not reach it: it is stopped in its turn."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Tell it to end, and end it where it does not."""
        if not self.is_running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Machine:
    """Server and workers of one machine.

    Args:
        store: Where deployments' results go.
        host: Address that the server listens on.
        port: Its port.
        state: Folder of its database, leases and logs.
        database: A SQLAlchemy URL; None for SQLite in the folder.
        notify: The block that is told of trouble, as type/name.
        file: Deployments; None for deploy/prefect.yaml.
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
    ):
        self._store, self._notify, self._file = store, notify, file
        self._state = state.expanduser().resolve()
        self._host, self._port = host, port
        self._url = f"http://{'127.0.0.1' if host == EVERYWHERE else host}:{port}"
        self._database = database
        self._is_told_to_stop = False
        self._interrupted: list[UUID] = []

    def run(self) -> None:
        """Start everything, keep it running, and stop it on SIGINT or SIGTERM.

        Raises:
            ServerError: it runs already, or the server does not start.
        """
        (self._state / "logs").mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self._state / "lock", timeout=0), temporary_settings({PREFECT_API_URL: f"{self._url}/api"}):
                self._run()
        except Timeout as error:
            way_out = "Stop the one that runs, or name another folder: --state."
            raise ServerError("A folder belongs to one server.", way_out, state=str(self._state)) from error

    def _run(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        server, workers = self._server(), self._workers()
        # Where this command was killed, what it started is still there.
        self._interrupted = end_runs(self._state)
        end_programs(self._state)
        try:
            server.start()
            self._wait_until_healthy(server)
            with connected() as client:
                for change in apply_all(client, self._store, "process", self._notify, self._file, check=False):
                    typer.echo(change)
                if self._host in THIS_MACHINE and self._database is None:
                    # No other machine can have workers of this server, so nothing of what it thinks is running is.
                    self._interrupted += read_live(client)
            self._go_on()
            for worker in workers:
                worker.start()
            names = ", ".join(worker.name for worker in workers)
            typer.echo(f"Prefect UI: {self._url}\nWorkers: {names}. Logs: {self._state / 'logs'}\nCtrl-C stops it.")
            self._keep_running([server, *workers])
        finally:
            self._stop_all(server, workers)

    def _stop(self, *_) -> None:
        self._is_told_to_stop = True

    def _keep_running(self, programs: Sequence[Program]) -> None:
        while not self._is_told_to_stop:
            for program in programs:
                if not program.is_running:
                    typer.echo(f"{program.name} ended with {program.process.returncode}; it is started again", err=True)
                    # The next worker knows nothing of its runs: it could not cancel them, and would start as many.
                    self._interrupted += end_runs(self._state, program.name.removeprefix(WORKER))
                    time.sleep(RESTART_SECONDS)
                    program.start()
            if self._interrupted and self._is_healthy():
                self._go_on()
            time.sleep(LOOK_EVERY_SECONDS)

    def _go_on(self) -> None:
        with connected() as client:
            number = reschedule(client, dict.fromkeys(self._interrupted))
        self._interrupted = []
        if number:
            typer.echo(f"{number} runs were stopped; they go on from their checkpoints")

    def _stop_all(self, server: Program, workers: Sequence[Program]) -> None:
        if self._is_healthy() and any(worker.is_running for worker in workers):
            with connected() as client:
                self._interrupted += cancel_running(client)
        for worker in workers:
            worker.stop()
        self._interrupted += end_runs(self._state)
        if self._interrupted and self._is_healthy():
            with connected() as client:
                number = reschedule(client, dict.fromkeys(self._interrupted))
            typer.echo(f"{number} runs were stopped; they go on when this is started again")
        server.stop()
        typer.echo("Stopped.")

    def _wait_until_healthy(self, server: Program) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not self._is_told_to_stop:
            if not server.is_running or time.monotonic() > deadline:
                lines = server.log.read_text(errors="replace").strip().splitlines()
                way_out = f"See {server.log}."
                raise ServerError("The server must start.", way_out, port=self._port, said=lines[-1] if lines else "")
            if self._is_healthy():
                return
            time.sleep(LOOK_EVERY_SECONDS)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self._url}/api/health", timeout=10).json() is True
        except (httpx.HTTPError, ValueError):
            return False

    def _server(self) -> Program:
        options = ["server", "start", "--host", self._host, "--port", str(self._port)]
        environment = {
            # Where browsers ask; an operator whose browser is elsewhere names another address.
            "PREFECT_SERVER_UI_API_URL": os.environ.get("PREFECT_SERVER_UI_API_URL", f"{self._url}/api"),
            # Leases in memory are gone after a restart, and their slots are never free again.
            "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        }
        if self._database:
            environment["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = self._database
        return self._program("server", options, environment)

    def _workers(self) -> list[Program]:
        cpu = self._worker("aepipe-cpu", "cpu", CPU_RUNS_AT_ONCE, {"CUDA_VISIBLE_DEVICES": "-1"})
        num_gpus = count_gpus()
        if num_gpus:
            gpus = [
                self._worker("aepipe-gpu", f"gpu-{n}", 1, {"CUDA_VISIBLE_DEVICES": str(n)}) for n in range(num_gpus)
            ]
            return [cpu, *gpus]
        # Two trainings keep two cores busier than one does.
        at_once = min(2, os.cpu_count() or 1)
        threads = str(max(1, (os.cpu_count() or 1) // at_once))
        return [cpu, self._worker("aepipe-gpu", "gpu-on-cpu", at_once, {"AEPIPE_THREADS": threads})]

    def _worker(self, pool: str, name: str, at_once: int, environment: Mapping[str, str]) -> Program:
        options = ["worker", "start", "--pool", pool, "--type", "process", "--limit", str(at_once), "--name", name]
        return self._program(f"{WORKER}{name}", options, {"PREFECT_WORKER_QUERY_SECONDS": "5", **environment})

    def _program(self, name: str, options: Sequence[str], environment: Mapping[str, str]) -> Program:
        shared = {
            "PREFECT_HOME": str(self._state),
            "PREFECT_API_URL": f"{self._url}/api",
            "DO_NOT_TRACK": "1",
            MARK: str(self._state),
        }
        command = [sys.executable, "-m", "prefect", *options]
        return Program(name, command, {**shared, **environment}, self._state / "logs" / f"{name}.log")


def count_gpus() -> int:
    """Return how many GPUs of this machine the driver shows."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    done = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return len(done.stdout.splitlines()) if done.returncode == 0 else 0
