"""Peak memory and speed of a training on many images, in memory or from disk: python memory.py --help.

Images larger than memory: give a folder on a disk, and run it inside a control group or container with less memory than
the images take. The peak counts anonymous memory: pages of the mapped file are the kernel's to take back.
"""

import json
import threading
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from aepipe.models import build
from aepipe.models.options import DenseOptions
from aepipe.training.batches import Pixels
from aepipe.training.settings import TrainingSettings
from aepipe.training.trainer import Trainer

SHAPE = (32, 32, 3)
SLICE = 20_000


def images_in(folder: Path, num_images: int) -> Path:
    """Return a file of that many uint8 images, written if it is not there."""
    path = folder / f"{num_images}.npy"
    if not path.exists():
        stored = np.lib.format.open_memmap(path, "w+", np.uint8, (num_images, *SHAPE))
        generator = np.random.default_rng(0)
        for start in range(0, num_images, SLICE):
            stored[start : start + SLICE] = generator.integers(0, 256, stored[start : start + SLICE].shape, np.uint8)
        stored.flush()
    return path


class AnonymousMemory:
    """Looks twenty times a second at how much memory that is no file's this process has."""

    def __init__(self):
        self.peak_bytes = 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            lines = Path("/proc/self/status").read_text().splitlines()
            kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("RssAnon"))
            self.peak_bytes = max(self.peak_bytes, 1024 * kilobytes)
            time.sleep(0.05)


def main(
    folder: Path,
    num_images: int = 50_000,
    epochs: int = 1,
    max_steps: Annotated[int | None, typer.Option(help="End after so many steps.")] = None,
    in_memory: Annotated[bool, typer.Option(help="Read the whole file first.")] = False,
) -> None:
    """Train a small dense autoencoder; print images a second and the peak of anonymous memory in MB."""
    memory = AnonymousMemory()
    images = np.load(images_in(folder, num_images), mmap_mode=None if in_memory else "r")
    settings = TrainingSettings(epochs=epochs, max_steps=max_steps, keep="last")
    autoencoder = build(DenseOptions(hidden_widths=(300,), code_size=150), SHAPE)
    nothing = Pixels(images[:0], (0, 255))
    Trainer(autoencoder, Pixels(images, (0, 255)), nothing, TrainingSettings(max_steps=20)).run()
    started = time.perf_counter()
    trained = Trainer(autoencoder, Pixels(images, (0, 255)), nothing, settings).run()
    seconds = time.perf_counter() - started
    num_steps = min(epochs * (num_images // settings.batch_size), max_steps or 1 << 62)
    print(
        json.dumps(
            {
                "images_per_second": round(num_steps * settings.batch_size / seconds),
                "epochs": len(trained.history),
                "peak_anonymous_mb": round(memory.peak_bytes / 1e6),
                "images_mb": round(images.nbytes / 1e6),
            }
        )
    )


if __name__ == "__main__":
    typer.run(main)
