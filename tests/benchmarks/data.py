"""Reading of many pictures, beside a pool of processes with Pillow and tf.data: python data.py --help.

Each reader is a process of its own: the JPEGs of one folder become one array on disk, or blocks in a store. Then the
same data again with nothing changed, and with one picture more. The peak is that of all processes of a reader together.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

SIDE, FILES_A_FOLDER, CHUNK = 96, 1000, 256
QUALITY = 85

app = typer.Typer(add_completion=False)


def make_folder(task: tuple[Path, int, int]) -> None:
    """Write the pictures of some numbers, which all differ."""
    from PIL import Image

    top, first, last = task
    generator = np.random.default_rng(first)
    coarse = Image.fromarray(generator.integers(0, 256, (12, 12, 3), np.uint8))
    scene = np.asarray(coarse.resize((2 * SIDE, 2 * SIDE), Image.Resampling.BICUBIC)).astype(np.int16)
    folder = top / f"{first // FILES_A_FOLDER:04d}"
    folder.mkdir(parents=True)
    for number in range(first, last):
        y, x = generator.integers(0, SIDE, 2)
        noisy = scene[y : y + SIDE, x : x + SIDE] + generator.integers(-8, 8, (SIDE, SIDE, 1))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / f"{number:07d}.jpg", quality=QUALITY)


def make_pictures(top: Path, count: int, workers: int) -> None:
    """Write so many pictures, if they are not there."""
    if top.exists():
        return
    tasks = [(top, first, min(first + FILES_A_FOLDER, count)) for first in range(0, count, FILES_A_FOLDER)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(make_folder, tasks))


def _decode(task: tuple[Path, int, list[Path]]) -> None:
    from PIL import Image

    target, first, paths = task
    images = np.load(target, mmap_mode="r+")
    for row, path in enumerate(paths, first):
        with Image.open(path) as picture:
            images[row] = np.asarray(picture.convert("RGB"))


def _paths(pictures: Path) -> list[Path]:
    return sorted(pictures.rglob("*.jpg"))


def _target(folder: Path, count: int) -> Path:
    path = folder / "images.npy"
    np.lib.format.open_memmap(path, "w+", np.uint8, (count, SIDE, SIDE, 3)).flush()
    return path


@app.command()
def pillow(pictures: Path, folder: Path, workers: int) -> None:
    """Read with Pillow in a pool of processes."""
    paths = _paths(pictures)
    target = _target(folder, len(paths))
    tasks = [(target, first, paths[first : first + CHUNK]) for first in range(0, len(paths), CHUNK)]
    with ProcessPoolExecutor(workers) as pool:
        list(pool.map(_decode, tasks))


@app.command()
def tfdata(pictures: Path, folder: Path, workers: int) -> None:
    """Read with tf.data."""
    import tensorflow as tf

    tf.config.threading.set_inter_op_parallelism_threads(workers)
    tf.config.threading.set_intra_op_parallelism_threads(workers)
    paths = [str(path) for path in _paths(pictures)]
    images = np.load(_target(folder, len(paths)), mmap_mode="r+")
    decoded = tf.data.Dataset.from_tensor_slices(paths).map(
        lambda path: tf.io.decode_jpeg(tf.io.read_file(path), channels=3), num_parallel_calls=workers
    )
    row = 0
    for batch in decoded.batch(CHUNK).prefetch(2).as_numpy_iterator():
        images[row : row + len(batch)] = batch
        row += len(batch)


@app.command()
def aepipe(pictures: Path, folder: Path) -> None:
    """Read with aepipe; say what was read."""
    from aepipe.stages.data import DataParameters, DataStage
    from aepipe.store import open_store

    result = DataStage(DataParameters(data_set=f"images:{pictures}")).produce(open_store(folder / "store"))
    print(*result.said)


class Watch:
    """Looks ten times a second at the resident memory of a process and of all that it started."""

    def __init__(self, pid: int):
        self.peak_bytes, self._pid, self._ended = 0, pid, threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def end(self) -> int:
        self._ended.set()
        self._thread.join()
        return self.peak_bytes

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.peak_bytes = max(self.peak_bytes, _resident_bytes(self._pid))


def _resident_bytes(top: int) -> int:
    parents, resident = {}, {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(status.parent.name)
        parents[pid], resident[pid] = int(fields[1]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    family = {top}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(resident.get(pid, 0) for pid in family)


def _processor_seconds() -> float:
    """Return what all ended processes of this one have used: others on the machine change it less than the time."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(*arguments: str) -> dict[str, float | str]:
    """Return seconds, peak memory and what was said of one reader."""
    started, before = time.perf_counter(), _processor_seconds()
    with subprocess.Popen([sys.executable, __file__, *arguments], stdout=subprocess.PIPE, text=True) as process:
        watch = Watch(process.pid)
        said, _ = process.communicate()
        seconds, peak = time.perf_counter() - started, watch.end()
    if process.returncode:
        raise typer.Exit(process.returncode)
    used = _processor_seconds() - before
    return {
        "seconds": round(seconds, 1),
        "processor_seconds": round(used, 1),
        "peak_megabytes": round(peak / 1e6),
        "said": said.strip(),
    }


@app.command()
def run(
    count: Annotated[int, typer.Argument(help="Pictures, of 96 x 96 pixels.")] = 100_000,
    folder: Annotated[Path | None, typer.Option(help="Where they go, and stay; a temporary folder otherwise.")] = None,
    workers: Annotated[int, typer.Option(help="Processes, or threads of tf.data.")] = len(os.sched_getaffinity(0)),
) -> None:
    """Measure all of them, one after the other; writes bench-data.json."""
    with tempfile.TemporaryDirectory() as temporary:
        top = folder or Path(temporary)
        pictures = top / f"pictures-{count}"
        make_pictures(pictures, count, workers)
        # So that none of them reads from the disk what the next one finds in memory.
        for path in _paths(pictures):
            path.read_bytes()
        (extra := pictures / "one-more.jpg").unlink(missing_ok=True)
        found = {}
        with tempfile.TemporaryDirectory(dir=top) as work:
            os.environ["AEPIPE_CACHE"] = f"{work}/cache"
            for reader in ("pillow", "tfdata"):
                found[reader] = measure(reader, str(pictures), work, str(workers))
                Path(work, "images.npy").unlink()
            found["aepipe, first run"] = measure("aepipe", str(pictures), work)
            found["aepipe, nothing changed"] = measure("aepipe", str(pictures), work)
            # Of a number that no other has.
            make_folder((Path(work, "more"), 10 * count, 10 * count + 1))
            next(Path(work, "more").rglob("*.jpg")).rename(extra)
            found["aepipe, one more"] = measure("aepipe", str(pictures), work)
            extra.unlink()
    best = min(found[reader]["seconds"] for reader in ("pillow", "tfdata"))
    for name, figures in found.items():
        rate, ratio = count / figures["seconds"], best / figures["seconds"]
        print(
            f"{name:24} {figures['seconds']:7.1f} s {figures['processor_seconds']:7.1f} CPU-s "
            f"{rate:9,.0f} images/s {ratio:6.2f} x the better {figures['peak_megabytes']:6,} MB  {figures['said']}"
        )
    Path("bench-data.json").write_text(json.dumps({"count": count, "workers": workers, **found}, indent=2))


if __name__ == "__main__":
    app()
