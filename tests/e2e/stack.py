"""A Prefect server, an S3 server and workers as an operator has them: processes that share nothing but the two.

Each worker has its own home, cache and working folder and, where this user may make them, a network namespace of its
own, from which it reaches the servers by another address.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun
from prefect.deployments import run_deployment
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Scheduled
from servers.forwarder import forwarding
from servers.server import S3Server, free_ports

ROOT = Path(__file__).parents[2]
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
SERVER_SECONDS, WORKER_SECONDS, RETRY_SECONDS = 120, 60, 20


@dataclass(frozen=True)
class Worker:
    """What a worker takes, and how many runs at a time."""

    pool: str
    at_once: int


# Enough for two pipelines that wait for trainings, and two trainings that share nothing.
WORKERS = {"cpu": Worker("aepipe-cpu", 4), "gpu-a": Worker("aepipe-gpu", 1), "gpu-b": Worker("aepipe-gpu", 1)}


@dataclass
class Program:
    """A process with everything that it starts, in a session of its own."""

    command: Sequence[str]
    environment: dict[str, str]
    folder: Path
    process: subprocess.Popen | None = field(default=None)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.folder,
                stdout=log,
                stderr=log,
                start_new_session=True,
                # What a shell starts with & ignores SIGINT, and so would workers, which stop themselves by it.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def signal(self, number: int) -> None:
        self.process.send_signal(number)
        self.process.wait(60)

    def kill_all(self) -> None:
        if self.process is None:
            return
        for pid in (self.process.pid, *processes_with("AEPIPE_TEST_PROGRAM", self.environment["AEPIPE_TEST_PROGRAM"])):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self.process.wait()

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")


def processes_with(name: str, value: str) -> list[int]:
    """Every process whose environment has this variable with this value."""
    wanted, found = f"{name}={value}".encode(), []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                variables = (folder / "environ").read_bytes().split(b"\0")
            except OSError:
                continue
            if wanted in variables:
                found.append(int(folder.name))
    return sorted(found)


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> float:
    """Wait until the condition holds, and return how many seconds that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"{what}: not within {seconds} s"
        time.sleep(0.7)
    return time.monotonic() - started


class Stack:
    """The servers and workers of one operator."""

    # Prefect's own is 10, for which tests don't wait.
    worker_query_seconds = 2

    def __init__(self, folder: Path, s3: S3Server, database: str | None, namespaces: dict[str, tuple[str, str]]):
        self._folder, self._s3, self._namespaces = folder, s3, namespaces
        self.port = free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}/api"
        self.server = self._program(
            "server",
            ["server", "start", "--host", "0.0.0.0", "--port", str(self.port)],
            {
                "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
                **({"PREFECT_SERVER_DATABASE_CONNECTION_URL": database} if database else {}),
            },
        )
        self.workers: dict[str, Program] = {}
        self._exits, self._open_client = ExitStack(), None

    def close(self) -> None:
        self._exits.close()
        for started in (*self.workers.values(), self.server):
            started.kill_all()

    def start_server(self) -> float:
        self.server.start()
        return wait_for(self._is_healthy, SERVER_SECONDS, f"the server is healthy\n{self.server.log[-2000:]}")

    def start_workers(self, *names: str) -> None:
        """Start workers, each in its own namespace where there is one for its name, and wait until they are online."""
        for name in names:
            options = ["--pool", WORKERS[name].pool, "--limit", str(WORKERS[name].at_once), "--name", name]
            worker = self._program(
                name,
                ["worker", "start", "--type", "process", *options],
                {"PREFECT_WORKER_QUERY_SECONDS": str(self.worker_query_seconds), **self._network(name)},
            )
            if name in self._namespaces:
                worker.command = ["ip", "netns", "exec", self._namespaces[name][0], *worker.command]
            self.workers[name] = worker
            worker.start()
        for name in names:
            wait_for(lambda name=name: self._is_online(name), WORKER_SECONDS, f"worker {name} is online")

    def _is_online(self, name: str) -> bool:
        found = self._client(lambda client: client.read_workers_for_work_pool(WORKERS[name].pool))
        return name in {worker.name for worker in found}

    def apply(self, store: str) -> str:
        done = self.aepipe("apply", "--store", store)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def aepipe(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess:
        """Run the command line as an operator does."""
        code = "from aepipe.cli.app import main; main()"
        environment = {**self._environment("operator"), **variables}
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, timeout=600
        )

    def delete_automations(self, names: Sequence[str]) -> None:
        """Let nobody be told any more."""
        for found in self._client(lambda client: client.read_automations()):
            if found.name in names:
                self._client(lambda client, found=found: client.delete_automation(found.id))

    def start_run(self, deployment: str, **parameters) -> UUID:
        with temporary_settings({PREFECT_API_URL: self.url}):
            return run_deployment(deployment, parameters=parameters, timeout=0, as_subflow=False).id

    def read(self, run: UUID) -> FlowRun:
        return self._client(lambda client: client.read_flow_run(run))

    def children(self, run: UUID) -> list[FlowRun]:
        found = FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[run]))
        return self._client(lambda client: client.read_flow_runs(flow_run_filter=found, limit=200))

    def family(self, run: UUID) -> list[FlowRun]:
        return [self.read(run), *self.children(run)]

    def states(self, run: UUID) -> list[str]:
        return [member.state.name for member in self.family(run)]

    def set_state(self, run: UUID, state, force: bool = False) -> None:
        self._client(lambda client: client.set_flow_run_state(run, state, force=force))

    def retry(self, run: UUID) -> None:
        """What the button Retry of the UI does."""
        # A worker of Prefect 3.8 that still tidies up after the run would die of it.
        time.sleep(RETRY_SECONDS)
        self.set_state(run, Scheduled(name="AwaitingRetry"), force=True)

    def wait_until_ended(self, run: UUID, seconds: float) -> FlowRun:
        try:
            wait_for(lambda: self.read(run).state.is_final(), seconds, f"{self.read(run).name} ended")
        except AssertionError as error:
            for member in self.family(run):
                error.add_note(f"{member.name} {member.state.name}:\n{self.log_of(member.id)[-3000:]}")
            raise
        return self.read(run)

    def log_of(self, run: UUID) -> str:
        from prefect.client.schemas.filters import LogFilter, LogFilterFlowRunId

        lines = LogFilter(flow_run_id=LogFilterFlowRunId(any_=[run]))
        return "\n".join(line.message for line in self._client(lambda client: client.read_logs(lines, limit=200)))

    def live_runs(self) -> list[str]:
        """Runs that have started and not ended, and slots that are held."""
        runs = self._client(lambda client: client.read_flow_runs(limit=200))
        live = [
            f"{run.name}: {run.state.name}" for run in runs if not (run.state.is_final() or run.state.is_scheduled())
        ]
        limits = self._client(lambda client: client.read_global_concurrency_limits(limit=200, offset=0))
        return live + [f"{limit.name}: {limit.active_slots} slots" for limit in limits if limit.active_slots]

    def _client(self, ask: Callable[[SyncPrefectClient], object]):
        # One for all questions: to make a client takes longer than most answers.
        if self._open_client is None:
            with temporary_settings({PREFECT_API_URL: self.url}):
                self._open_client = self._exits.enter_context(get_client(sync_client=True))
        return ask(self._open_client)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=2).json() is True
        except (httpx.HTTPError, ValueError):
            return False

    def _program(self, name: str, options: Sequence[str], variables: dict[str, str]) -> Program:
        # Each test has a store of its own, there or in a folder; who runs a command by hand is not limited.
        allowed = {"AEPIPE_STORES": f"s3://{self._s3.bucket},{tempfile.gettempdir()}"}
        environment = {**self._environment(name), **allowed, **variables}
        return Program([sys.executable, "-m", "prefect", *options], environment, self._folder / name / "work")

    def _environment(self, name: str) -> dict[str, str]:
        home = self._folder / name
        (home / "work").mkdir(parents=True, exist_ok=True)
        (home / "tmp").mkdir(exist_ok=True)
        kept = ("PATH", "LANG", "AEPIPE_GIT_COMMIT")
        return {
            **{variable: os.environ[variable] for variable in kept if variable in os.environ},
            **self._s3.environment(),
            "HOME": str(home),
            "TMPDIR": str(home / "tmp"),
            "PYTHONPATH": str(ROOT),
            "PREFECT_HOME": str(home / "prefect"),
            "PREFECT_API_URL": self.url,
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "AEPIPE_THREADS": "1",
            "AEPIPE_TEST_PROGRAM": f"{self.port}-{name}",
        }

    def _network(self, name: str) -> dict[str, str]:
        if name not in self._namespaces:
            return {}
        host, s3_port = self._namespaces[name][1], self._s3.endpoint_url.rpartition(":")[2]
        return {
            "PREFECT_API_URL": f"http://{host}:{self.port}/api",
            "AWS_ENDPOINT_URL_S3": f"http://{host}:{s3_port}",
        }


@contextmanager
def network_namespace(number: int, s3: S3Server) -> Iterator[tuple[str, str] | None]:
    """Give a namespace's name, and the address by which this machine's servers are reached from it; None where the
    user may not make one. The S3 server listens on loopback alone, so its port is forwarded."""
    name, net = f"aepipe-{os.getpid()}-{number}", f"10.{231 + number}.{os.getpid() % 256}"
    host, guest = f"{net}.1", f"{net}.2"
    outer, inner = f"ae{os.getpid() % 100000}o{number}", f"ae{os.getpid() % 100000}i{number}"
    steps = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name],
        ["ip", "address", "add", f"{host}/30", "dev", outer],
        ["ip", "link", "set", outer, "up"],
        ["ip", "-n", name, "address", "add", f"{guest}/30", "dev", inner],
        ["ip", "-n", name, "link", "set", inner, "up"],
        ["ip", "-n", name, "link", "set", "lo", "up"],
    ]
    if shutil.which("ip") is None or any(subprocess.run(step, capture_output=True).returncode for step in steps):
        subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        yield None
        return
    try:
        with forwarding(host, int(s3.endpoint_url.rpartition(":")[2])):
            yield name, host
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True)
        subprocess.run(["ip", "link", "delete", outer], capture_output=True)


@contextmanager
def postgres() -> Iterator[str | None]:
    """Run a PostgreSQL server and give its address for Prefect; None where it is not installed."""
    found = shutil.which("initdb") or (POSTGRES and str(POSTGRES[0] / "initdb"))
    if not found:
        yield None
        return
    programs, port = Path(found).resolve().parent, free_ports(20)[-1]
    # It refuses to run as root, and pytest's own folders are closed to other users.
    user = {"user": "postgres"} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="aepipe-postgres-"))
    data = folder / "data"
    if user:
        shutil.chown(folder, "postgres")
    command = [programs / "initdb", "--pgdata", data, "--username", "aepipe", "--auth", "trust", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, **user)
    options = ["-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder, "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([programs / "postgres", *options], stdout=log, stderr=log, cwd=folder, **user)
    try:
        ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
        wait_for(lambda: subprocess.run(ready, capture_output=True).returncode == 0, 30, "PostgreSQL answers")
        yield f"postgresql+asyncpg://aepipe@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder)
