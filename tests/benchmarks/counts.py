"""What a training costs the Prefect server and the store, counted, for docs/scale.md: make bench-scale.

A server that counts what it is asked, workers as an operator has them, and SeaweedFS behind a proxy that counts. What
one training costs is the difference between a sweep of many seeds and one of few, without what workers and a waiting
sweep ask in the meantime; what a minute of it costs, that between a training of minutes and the others.
"""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import typer
from counted_stack import AT_ONCE, TRAINING, CountedStack, Reading
from e2e.stack import WORKERS, postgres
from rich.console import Console
from rich.table import Table
from servers.counting import Counting
from servers.proxy import serving
from servers.seaweedfs import seaweedfs_server

NOISE = {"kinds": ["gaussian"], "levels": [0.4], "max_images": 20}
FEW, MANY = 2, 6
SEEDS_HERE = ((200, FEW), (300, MANY))
# Runs that wait for a worker.
WAITING_RUNS = (0, 50, 150)
TRAININGS, WORKERS_OF_NIGHT, NIGHT_HOURS = 10_000, 100, 10
# What is printed as a number of requests.
LEAST = 0.05


@dataclass(frozen=True)
class Counted:
    """What was counted: nothing at work, workers that wait, sweeps of few and of many, a long training, a command."""

    alone: Reading
    idle: Reading
    few: Reading
    many: Reading
    lasting: Reading
    command: Reading
    # The sweeps once more, on one machine.
    few_here: Reading
    many_here: Reading
    # Processor seconds of the server by the number of runs that wait, or of trainings that are looked at.
    questions: dict[int, float]
    looks: dict[int, float]


def main(minutes: float = 4, idle_seconds: float = 120, database: str = "postgres") -> None:
    """Count, and print; with --database sqlite the server keeps to SQLite where PostgreSQL is installed."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory()))
        s3 = exits.enter_context(seaweedfs_server(folder / "s3"))
        proxy = exits.enter_context(serving(Counting(s3.endpoint_url)))
        address = exits.enter_context(postgres()) if database == "postgres" else None
        stack = CountedStack(folder, proxy, s3, address)
        exits.callback(stack.close)
        counted = count_all(stack, f"s3://{s3.bucket}/counted", minutes, idle_seconds)
    console = Console(width=140)
    console.print(f"Prefect's server on {'SQLite' if address is None else 'PostgreSQL'}")
    report(console, counted)


def count_all(stack: CountedStack, store: str, minutes: float, idle_seconds: float) -> Counted:
    """Start the servers and the workers, and count one thing after the other."""
    stack.start_server()
    stack.apply(store)
    alone = stack.count_waiting(idle_seconds)
    stack.start_workers(*WORKERS)
    time.sleep(15)
    sweep = {**TRAINING, "noise": NOISE, "store": store}
    # An epoch takes about a second.
    long = {"batch_size": 1, "epochs": 100_000, "time_limit_minutes": minutes}
    idle = stack.count_waiting(idle_seconds)
    # The data, their split and the noisy images are the first one's.
    stack.count_run("sweep/on-demand", **sweep, seeds=[1000])
    few = stack.count_run("sweep/on-demand", **sweep, seeds=list(range(FEW)))
    many = stack.count_run("sweep/on-demand", **sweep, seeds=list(range(10, 10 + MANY)))
    lasting = stack.count_run("sweep/on-demand", **sweep, seeds=[0], overrides=long)
    questions = {number: stack.seconds_of_a_question(number) for number in WAITING_RUNS}
    looks = {number: stack.seconds_of_a_look(number) for number in (1, AT_ONCE)}
    chosen = ["--recipes", "mnist-dense", "--preset", "quick", "--data-set", "digits", "--set", "seed=99"]
    command = stack.count_command("run", *chosen, "--store", store)
    few_here, many_here = (stack.count_command("sweep", *swept(*seeds), "--store", store) for seeds in SEEDS_HERE)
    return Counted(alone, idle, few, many, lasting, command, few_here, many_here, questions, looks)


def swept(first: int, number: int) -> list[str]:
    """Return the arguments of a sweep of so many seeds."""
    seeds = ",".join(str(first + seed) for seed in range(number))
    return ["mnist-dense", "--preset", "quick", "--data-set", "digits", "--seeds", seeds]


def report(console: Console, counted: Counted) -> None:
    """Print what was counted, and what follows for a night."""
    alone, idle, look = counted.alone.times(1 / counted.alone.at), counted.idle, counted.looks[1]
    of_worker = idle.times(1 / idle.at).combined(alone, -1).times(1 / len(WORKERS))
    runs = (counted.few, counted.many, counted.lasting, counted.command)
    few, many, lasting, command = (found.without_waiting(idle, look) for found in runs)
    of_training = many.combined(few, -1).times(1 / (MANY - FEW))
    longer = lasting.combined(few, -1 / FEW)
    of_minute = longer.times(60 / longer.at)
    _print(console, "a worker, each minute that it waits", of_worker.times(60))
    _print(console, "a training", of_training)
    _print(console, "a minute of a training", of_minute)
    _print(console, "aepipe run with one recipe, publishing among it", command)
    here = counted.many_here.combined(counted.few_here, -1).times(1 / (MANY - FEW))
    _print(console, "a training of a sweep on one machine", here)
    for number, seconds in counted.questions.items():
        console.print(f"a worker's question for work with {number} runs late: {1000 * seconds:.1f} ms of the server")
    for number, seconds in counted.looks.items():
        console.print(f"a sweep's look at {number} trainings: {1000 * seconds:.1f} ms of the server")
    _extrapolate(console, of_training, of_minute, of_worker, alone, counted.looks[AT_ONCE])


def _extrapolate(
    console: Console,
    of_training: Reading,
    of_minute: Reading,
    of_worker: Reading,
    alone: Reading,
    seconds_of_a_look: float,
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
    looks = asked * seconds_of_a_look / seconds
    console.print(f"  sweeps that wait: {asked:,.0f} requests, {looks:.2f} of a core")
    console.print(f"  the server alone: {alone.server_seconds:.3f} of a core")
    for name, count in trainings.s3.most_common():
        console.print(f"  store: {count:,.0f} {name}, {trainings.s3_bytes[name] / 1e9:.1f} GB")
    console.print(f"  database: {trainings.database_bytes / 1e9:.2f} GB")


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
