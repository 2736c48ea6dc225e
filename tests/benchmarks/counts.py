"""What a training costs the Prefect server and the store, counted, for docs/scale.md: make bench-scale.

A server that counts what it is asked, workers as an operator has them, and SeaweedFS behind a proxy that counts. What
one training costs is the difference between a sweep of many seeds and one of few, without what workers and a waiting
sweep ask in the meantime; what a minute of it costs, that between a training of minutes and the others.
"""

import json
import os
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import typer
from e2e.stack import ROOT, WORKERS, Stack, postgres
from rich.console import Console
from rich.table import Table
from servers.counting import Counting
from servers.proxy import serving
from servers.seaweedfs import seaweedfs_server
from servers.server import S3Server

TRAINING = {"recipe": "mnist-dense", "setting": "published", "preset": "quick", "data_set": "digits"}
NOISE = {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20}
FEW, MANY = 2, 6
TICKS = os.sysconf("SC_CLK_TCK")
LEAST = 0.05


# What is asked as long as something waits, however many trainings there are.
WAITING = ("get_scheduled_flow_runs", "workers/connect", "POST /flow_runs/filter")
TRAININGS, WORKERS_OF_NIGHT, NIGHT_HOURS, AT_ONCE = 10_000, 100, 10, 50


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

    def without_waiting(self, waiting: "Reading") -> "Reading":
        """Return what trainings cause: neither what is asked while one waits for them, nor what that costs a second."""
        api = Counter({name: count for name, count in self.api.items() if not _is_waiting(name)})
        seconds = self.server_seconds - waiting.server_seconds / waiting.at * self.at
        return Reading(api, self.s3, self.s3_bytes, seconds, self.database_bytes, self.at)


def _is_waiting(name: str) -> bool:
    return any(part in name for part in WAITING)


class CountedStack(Stack):
    """A stack whose server counts, with workers that ask as often as Prefect's own settings say."""

    worker_query_seconds = 10

    def __init__(self, folder: Path, proxy: Counting, s3: S3Server, database: str | None):
        seen = S3Server(proxy.endpoint_url, s3.access_key, s3.secret_key, s3.bucket)
        super().__init__(folder, seen, database, {})
        self._proxy = proxy
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


def main(minutes: float = 4, idle_seconds: float = 120, database: str = "postgres") -> None:
    """Count, and print; with --database sqlite the server keeps to SQLite where PostgreSQL is installed."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        s3 = exits.enter_context(seaweedfs_server(folder / "s3"))
        proxy = exits.enter_context(serving(Counting(s3.endpoint_url)))
        address = exits.enter_context(postgres()) if database == "postgres" else None
        stack = CountedStack(folder, proxy, s3, address)
        exits.callback(stack.close)
        store = f"s3://{s3.bucket}/counted"
        stack.start_server()
        stack.apply(store)
        alone = stack.count_waiting(idle_seconds)
        stack.start_workers(*WORKERS)
        time.sleep(15)
        idle = stack.count_waiting(idle_seconds)
        sweep = {**TRAINING, "noise": NOISE, "store": store}
        # The data, their split and the noisy images are the first one's.
        stack.count_run("sweep/on-demand", **sweep, seeds=[1000])
        few = stack.count_run("sweep/on-demand", **sweep, seeds=list(range(FEW)))
        many = stack.count_run("sweep/on-demand", **sweep, seeds=list(range(10, 10 + MANY)))
        long = {"epochs": 100_000, "patience": None, "time_limit_minutes": minutes}
        lasting = stack.count_run("sweep/on-demand", **sweep, seeds=[0], overrides=long)
    console = Console(width=140)
    console.print(f"Prefect's server on {'SQLite' if address is None else 'PostgreSQL'}")
    for words, found in (("alone", alone), ("idle", idle), ("few", few), ("many", many), ("lasting", lasting)):
        console.print(f"{words}: {found.at:.0f} s, {found.server_seconds:.1f} processor seconds of the server")
    of_worker = idle.times(1 / idle.at).combined(alone.times(1 / alone.at), -1).times(1 / len(WORKERS))
    _print(console, "a worker, each minute that it waits", of_worker.times(60))
    of_training = many.without_waiting(idle).combined(few.without_waiting(idle), -1).times(1 / (MANY - FEW))
    _print(console, "a training", of_training)
    of_minute = lasting.without_waiting(idle).combined(few.without_waiting(idle), -1 / FEW).times(1 / minutes)
    _print(console, "a minute of a training", of_minute)
    _extrapolate(console, of_training, of_minute, of_worker, alone.times(1 / alone.at))


def _extrapolate(
    console: Console, of_training: Reading, of_minute: Reading, of_worker: Reading, alone: Reading
) -> None:
    """Print what a night of many trainings would be: reckoned, not measured."""
    seconds = NIGHT_HOURS * 3600
    minutes = seconds * WORKERS_OF_NIGHT / TRAININGS / 60
    waiting = of_worker.times(seconds * WORKERS_OF_NIGHT)
    trainings = of_training.times(TRAININGS).combined(of_minute, TRAININGS * minutes)
    # A sweep or a pipeline has so many children at once, and asks for them every three seconds.
    asked = seconds / 3 * WORKERS_OF_NIGHT / AT_ONCE
    night = f"{TRAININGS:,} trainings of {minutes:.0f} minutes by {WORKERS_OF_NIGHT} workers in {NIGHT_HOURS} hours"
    console.print(f"{night}, reckoned:")
    for words, part in (("waiting workers", waiting), ("trainings", trainings)):
        api, of_server = part.api.total(), part.server_seconds / seconds
        console.print(
            f"  {words}: {api:,.0f} requests to the server, {api / seconds:.1f} a second, {of_server:.2f} of a core"
        )
    console.print(f"  sweeps that wait: {asked:,.0f} requests; the server alone: {alone.server_seconds:.3f} of a core")
    for name, count in trainings.s3.most_common():
        console.print(f"  store: {count:,.0f} {name}, {trainings.s3_bytes[name] / 1e9:.1f} GB")
    console.print(f"  database: {trainings.database_bytes / 1e9:.2f} GB")


def _idle(stack: CountedStack, seconds: float) -> Reading:
    before = stack.reading()
    time.sleep(seconds)
    return stack.reading().combined(before, -1)


def _print(console: Console, title: str, found: Reading) -> None:
    table = Table(title=title, title_justify="left")
    for column in ("request", "number", "MB"):
        table.add_column(column, justify="left" if column == "request" else "right")
    for counts, sizes in ((found.api, None), (found.s3, found.s3_bytes)):
        for name, count in counts.most_common():
            if abs(count) >= LEAST:
                table.add_row(name, f"{count:.2f}", f"{sizes[name] / 1e6:.3f}" if sizes else "")
        if counts:
            table.add_row("in all", f"{counts.total():.1f}", f"{sizes.total() / 1e6:.3f}" if sizes else "")
            table.add_section()
    console.print(table)
    console.print(
        f"server: {found.server_seconds:.3f} processor seconds; database: {found.database_bytes / 1e6:.3f} MB"
    )


if __name__ == "__main__":
    typer.run(main)
