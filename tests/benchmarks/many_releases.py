"""A store with many releases: seconds, requests and bytes of what looks at all of them: make bench-releases.

Each release is of eight models, whose manifest names 192 files, as that of a full run does; so many of them are there
as --objects says. SeaweedFS is on loopback, with a while added to each request. Seconds are medians of the rounds, of
whole commands, Python's start among them: of the clock, and of a processor, which other work on a machine changes less.
"""

import hashlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import typer
from releases import describe
from rich.console import Console
from rich.table import Table
from servers.counting import Counting
from servers.proxy import serving
from servers.seaweedfs import seaweedfs_server

from aepipe.recipes import RECIPES
from aepipe.releases.manifest import Manifest, manifest_bytes
from aepipe.store import Store, open_store

FILES_OF_A_MODEL = ["model.keras", *(f"figures/{number:02}.png" for number in range(23))]
PROGRAM = f"{Path(sys.executable).parent}/aepipe"
WRITE_INDEX = "import sys; from aepipe.pages.index import write_index; from aepipe.store import open_store; "
WRITE_INDEX += "write_index(open_store(sys.argv[1]))"


def a_release(number: int) -> Manifest:
    """Return the manifest of one night's release."""
    created = datetime(2020, 1, 1, 2, tzinfo=UTC) + timedelta(days=number)
    release = f"{created:%Y%m%dT%H%M%SZ}-{hashlib.sha256(str(number).encode()).hexdigest()[:6]}"
    files = {f"models/{recipe}/{path}": f"{number} {path}".encode() for recipe in RECIPES for path in FILES_OF_A_MODEL}
    recipes = {recipe: _facts(release, recipe, number) for recipe in RECIPES}
    lineage = {recipe: {stage: _digest(release, recipe, stage) for stage in ("trained", "data")} for recipe in RECIPES}
    more = {"recipes": recipes, "lineage": lineage, "created": created.isoformat(), "content": _digest(release)}
    return describe(release, files, flow_run=f"run {number}", **more)


def _facts(release: str, recipe: str, number: int) -> dict:
    error = 0.004 + number * 1e-6
    exports = {name: {"mse_to_keras": error * 1e-9, "mse_per_pixel": error} for name in ("onnx", "litert", "keras")}
    digests = {name: _digest(release, recipe, name) for name in ("images_sha256", "test_rows_sha256")}
    words = {"verdict": "promoted", "origin": release, "setting": "tuned", "data": f"{recipe}-fraction"}
    numbers = {"mse_per_pixel": error, "pca_mse_per_pixel": 2 * error, "psnr_db": 24.1, "ssim": 0.97, "seed": 0}
    return {**words, **numbers, **digests, "exports": exports, "code_size": 98, "training_seconds": 70.1 + number}


def _digest(*words: str) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()


def fill(store: Store, num_releases: int, num_objects: int) -> None:
    """Write releases: so many objects of each beside its manifest."""
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(partial(_put, store, num_objects), range(num_releases)))


def _put(store: Store, num_objects: int, number: int) -> None:
    manifest = a_release(number)
    for file in manifest.files[:num_objects]:
        store.put(f"releases/{manifest.release}/{file.path}", b"bytes")
    store.put(f"releases/{manifest.release}/manifest.json", manifest_bytes(manifest))


def main(releases: int = 1000, objects: int = 20, delay_ms: float = 20.0, rounds: int = 3) -> None:
    """Measure and print."""
    title = f"{releases} releases of {objects} objects, {delay_ms:g} ms added to each request, medians of {rounds}"
    table = Table(title=f"{title}; {os.cpu_count()} cores shared with the server")
    for column in ("what", "seconds", "of a processor", "LIST", "GET", "PUT", "MB"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name, seaweedfs_server(Path(name) / "server") as server:
        os.environ.update(server.environment())
        url = f"s3://{server.bucket}/many"
        fill(open_store(url), releases, objects)
        commands = {
            "aepipe releases list": [PROGRAM, "releases", "list", "--json", "--store", url],
            "aepipe table": [PROGRAM, "table", "--json", "--store", url],
            "index.html": [sys.executable, "-c", WRITE_INDEX, url],
        }
        with serving(Counting(server.endpoint_url, delay_ms / 1000)) as proxy:
            os.environ["AWS_ENDPOINT_URL_S3"] = proxy.endpoint_url
            for when in ("first", "then"):
                for words, command in commands.items():
                    table.add_row(f"{words}, {when}", *measure(command, proxy, 1 if when == "first" else rounds))
    Console(width=110).print(table)


def measure(command: list[str], proxy: Counting, rounds: int) -> list[str]:
    """Run a command a few times, and return the medians of its seconds, and what it asked for in the last of them."""
    seconds, of_processor = [], []
    for _ in range(rounds):
        proxy.forget()
        started, used = time.perf_counter(), _children_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - started)
        of_processor.append(_children_seconds() - used)
    counts = [str(proxy.counts[kind]) for kind in ("LIST", "GET", "PUT")]
    medians = [f"{statistics.median(values):.1f}" for values in (seconds, of_processor)]
    return [*medians, *counts, f"{sum(proxy.sizes.values()) / 1e6:.1f}"]


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    typer.run(main)
