"""A Prefect server, a store and workers that count what they are asked, for counts.py."""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
from e2e.stack import ROOT, Stack
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from servers.counting import Counting
from servers.server import S3Server

TRAINING = {"recipe": "mnist-dense", "setting": "published", "preset": "quick", "data_set": "digits"}
NOWHERE = "s3://unset/unset"
QUESTIONS, AT_ONCE = 50, 50
TICKS = os.sysconf("SC_CLK_TCK")
# What is asked as long as something waits, however many trainings there are.
LOOK = "POST /flow_runs/filter"
WAITING = ("get_scheduled_flow_runs", "workers/connect", LOOK)


@dataclass(frozen=True)
class Reading:
    """Counts up to a moment.

    Attributes:
        api: Requests to the Prefect server by method and path, messages over websockets among them.
        s3: Requests to the store.
        s3_bytes: Bytes of their bodies.
        server_seconds: Processor seconds that the Prefect server has used.
        database_bytes: Size of its database where that is SQLite.
        at: When, in seconds.
    """

    api: Counter[str]
    s3: Counter[str]
    s3_bytes: Counter[str]
    server_seconds: float
    database_bytes: float
    at: float

    def combined(self, other: "Reading", share: float) -> "Reading":
        """Return these counts and a share of others'."""
        pairs = ((self.api, other.api), (self.s3, other.s3), (self.s3_bytes, other.s3_bytes))
        counts = [Counter({name: a[name] + share * b[name] for name in {*a, *b}}) for a, b in pairs]
        numbers = ("server_seconds", "database_bytes", "at")
        return Reading(*counts, *(getattr(self, name) + share * getattr(other, name) for name in numbers))

    def times(self, factor: float) -> "Reading":
        """Return so many times the counts."""
        return self.combined(self, factor - 1)

    def without_waiting(self, waiting: "Reading", seconds_of_a_look: float) -> "Reading":
        """Return what trainings cause, without what workers that wait and a sweep that looks at its trainings do."""
        api = Counter({name: count for name, count in self.api.items() if not _is_waiting(name)})
        seconds = self.server_seconds - waiting.server_seconds / waiting.at * self.at
        seconds -= self.api[LOOK] * seconds_of_a_look
        return Reading(api, self.s3, self.s3_bytes, seconds, self.database_bytes, self.at)


def _is_waiting(name: str) -> bool:
    return any(part in name for part in WAITING)


class CountedStack(Stack):
    """A stack whose server counts, with workers that ask as often as Prefect's own settings say."""

    worker_query_seconds = 10

    def __init__(self, folder: Path, proxy: Counting, s3: S3Server, database: str | None):
        seen = S3Server(proxy.endpoint_url, s3.access_key, s3.secret_key, s3.bucket)
        super().__init__(folder, seen, database, {})
        self._proxy, self._late = proxy, list[UUID]()
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        self.server.command = [sys.executable, "-m", "uvicorn", "--log-level", "warning", *address]
        self.server.command += ["--factory", "servers.counting_prefect:counting_app"]
        self.server.environment["PYTHONPATH"] = f"{ROOT}:{ROOT / 'tests'}"

    def reading(self) -> Reading:
        """Return the counts so far."""
        api = Counter(json.loads(httpx.get(f"{self.url.removesuffix('/api')}/counts").text))
        stat = Path(f"/proc/{self.server.process.pid}/stat").read_text().rpartition(")")[2].split()
        seconds = (int(stat[11]) + int(stat[12])) / TICKS
        size = sum(path.stat().st_size for path in self._folder.glob("server/prefect/prefect.db*"))
        return Reading(api, Counter(self._proxy.counts), Counter(self._proxy.sizes), seconds, size, time.monotonic())

    def count_waiting(self, seconds: float) -> Reading:
        """Return what is asked in a while in which nothing runs."""
        before = self.reading()
        time.sleep(seconds)
        return self.reading().combined(before, -1)

    def count_run(self, deployment: str, **parameters) -> Reading:
        """Return what a run took, from its start until it has ended, without what is asked here."""
        before = self.reading()
        run, asked = self.start_run(deployment, **parameters), 0
        while not self.read(run).state.is_final():
            asked += 1
            time.sleep(5)
        state = self.read(run).state
        assert state.is_completed(), f"{state.message}\n{self.log_of(run)}"
        # What workers and processes tell after the end.
        time.sleep(15)
        found = self.reading().combined(before, -1)
        found.api["GET /flow_runs/ID"] -= asked + 2
        return found

    def seconds_of_a_question(self, num_waiting: int) -> float:
        """Return what one worker's question for work costs the server, in processor seconds, with so many runs late."""
        for worker in self.workers.values():
            worker.kill_all()
        for number in range(len(self._late), num_waiting):
            self._late.append(self.start_run("train/gpu", **TRAINING, overrides={"seed": number}, store=NOWHERE))
        now = datetime.now(UTC)
        return self._seconds_of(lambda client: client.get_scheduled_flow_runs_for_work_pool("aepipe-gpu", [], now))

    def seconds_of_a_look(self, num_trainings: int) -> float:
        """Return what a sweep's look at so many trainings costs the server, in processor seconds."""
        ids = FlowRunFilter(id=FlowRunFilterId(any_=self._late[:num_trainings]))
        return self._seconds_of(lambda client: client.read_flow_runs(flow_run_filter=ids, limit=AT_ONCE))

    def _seconds_of(self, ask: Callable) -> float:
        before = self.reading()
        for _ in range(QUESTIONS):
            self._client(ask)
        return self.reading().combined(before, -1).server_seconds / QUESTIONS

    def count_command(self, *arguments: str) -> Reading:
        """Return what a command took that trains by itself, with this server."""
        before = self.reading()
        done = self.aepipe(*arguments)
        assert done.returncode == 0, done.stderr
        return self.reading().combined(before, -1)
