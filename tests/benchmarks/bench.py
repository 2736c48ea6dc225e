"""make bench: training speed beside Keras, PyTorch and JAX on the same work.

Every peer runs in a process of its own. An epoch of each follows the other in alternating order, so that what else the
machine does hits all of them; figures are medians over the rounds, ratios are medians of each round's ratio. Peers that
are not installed are left out: `pip install -e '.[bench]'` has them. With AEPIPE_MIRROR set, the whole run follows.
"""

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from whole_run import bench_run
from workloads import WORKLOADS, Workload

from aepipe.hardware import cpu_flags

HERE = Path(__file__).parent
PEERS = {
    "aepipe": "aepipe_engine",
    "bfloat16": "aepipe_bfloat16",
    "keras_fit": "keras_fit",
    "jax": "jax_step",
    "torch": "torch_eager",
    "products": "products",
    "limit": "limit",
}
# Elsewhere it would be float32 with more work.
BFLOAT16 = ("avx512_bf16", "amx_bf16")
NEEDED = {"jax": "jax", "torch": "torch"}
# JAX's convolutions on a CPU take twice Keras' time; nobody would train with them.
LEFT_OUT = {("conv", "jax")}


class Peer:
    """A process that trains an epoch when it is asked to."""

    def __init__(self, module: str, workload: Workload):
        environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": f"{HERE}:{HERE.parents[1]}"}
        self._process = subprocess.Popen(
            [sys.executable, HERE / "worker.py", module, workload.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        line = self._process.stdout.readline()
        if line.strip() != "ready":
            sys.exit(f"{module} ended before it was ready: run {HERE / 'worker.py'} {module} {workload.name}")

    def seconds(self) -> float:
        """Let it train an epoch."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(self._process.stdout.readline())

    def end(self) -> None:
        """Stop the process."""
        self._process.kill()
        self._process.wait()


def bench_workload(workload: Workload, rounds: int) -> dict[str, float]:
    """Return images a second by peer, and this project's ratio to each as `ratio_NAME`."""
    names = [name for name in PEERS if _can_run(name) and (workload.name, name) not in LEFT_OUT]
    peers = {name: Peer(PEERS[name], workload) for name in names}
    seconds = {name: [] for name in names}
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            seconds[name].append(peers[name].seconds())
    for peer in peers.values():
        peer.end()
    num_images = workload.num_steps * workload.batch_size
    result = {name: round(num_images / statistics.median(values), 1) for name, values in seconds.items()}
    for name in names[1:]:
        ratios = [theirs / ours for theirs, ours in zip(seconds[name], seconds["aepipe"], strict=True)]
        result[f"ratio_{name}"] = round(statistics.median(ratios), 3)
    return result


def _can_run(name: str) -> bool:
    if name == "bfloat16":
        return not cpu_flags().isdisjoint(BFLOAT16)
    return name not in NEEDED or importlib.util.find_spec(NEEDED[name]) is not None


def show(results: dict[str, dict[str, float]]) -> None:
    """Print a row for each workload: images a second, and in brackets how many times that aepipe is."""
    table = Table(
        title=f"Images a second; in brackets aepipe's speed over theirs. {os.cpu_count()} cores, {_processor()}"
    )
    table.add_column("workload")
    for name in PEERS:
        table.add_column(name, justify="right")
    for workload in WORKLOADS:
        row = results[workload]
        cells = [f"{row[name]:,.0f} ({row[f'ratio_{name}']:.2f})" if f"ratio_{name}" in row else "" for name in PEERS]
        table.add_row(workload, f"{row['aepipe']:,.0f}", *cells[1:])
    console = Console(width=120)
    console.print(table)
    if "run" in results:
        run = results["run"]
        console.print(
            f"The whole run, seconds: aepipe {run['aepipe']:.0f}, Keras fit one after the other {run['keras_fit']:.0f} "
            f"({run['ratio_keras_fit']:.2f})"
        )


def _processor() -> str:
    cpu = Path("/proc/cpuinfo")
    names = [line for line in cpu.read_text().splitlines() if line.startswith("model name")] if cpu.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor()


def main(rounds: int = 5, output: Path = Path("bench.json")) -> None:
    """Measure, print, and write bench.json."""
    results = {name: bench_workload(workload, rounds) for name, workload in WORKLOADS.items()}
    if "AEPIPE_MIRROR" in os.environ:
        results["run"] = bench_run(min(rounds, 3))
    output.write_text(json.dumps(results, indent=2) + "\n")
    show(results)


if __name__ == "__main__":
    typer.run(main)
