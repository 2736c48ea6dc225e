"""Reconstruction of somebody's images by a published model: a picture for each, and a table of errors."""

import csv
import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from aepipe.cells import as_cells
from aepipe.datasets.formats.fitting import Fit
from aepipe.datasets.tally import LeftOut
from aepipe.errors import DataError, ParameterError
from aepipe.evaluation.metrics import MIN_MSE, mse_per_image, psnr_db
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import load
from aepipe.inference.pictures import Picture, Pictures, Unreadable, open_pictures
from aepipe.inference.png import write_png
from aepipe.io.disk import disk_errors
from aepipe.io.names import name_bytes, printable_name
from aepipe.store import Store

logger = logging.getLogger(__name__)

ERRORS = "errors.csv"
FITTED: Mapping[Fit, str] = {
    "crop": "their centre was resized",
    "pad": "they were resized, with borders where the shape is another",
    "stretch": "they were resized, whatever their shape",
}
# What common file systems take.
MAX_NAME_BYTES = 255


@dataclass(frozen=True, slots=True)
class Measurement:
    """How near one reconstruction is to its original, both as the model sees them."""

    file: str
    mse_per_pixel: float
    psnr_db: float


@dataclass(frozen=True)
class Reconstructions:
    """What was written.

    Attributes:
        loaded: The model.
        output: The folder.
        errors: One for each reconstruction, by file.
        left_out: Files whose bytes are no picture.
        passed_over: Files that were not looked into, by reason.
        num_resized: Images that had another size than the model's.
        num_recoloured: Images that had other channels than the model's.
    """

    loaded: LoadedModel
    output: Path
    errors: tuple[Measurement, ...]
    left_out: tuple[str, ...]
    passed_over: tuple[LeftOut, ...]
    num_resized: int
    num_recoloured: int

    @property
    def mse_per_pixel(self) -> float:
        """The mean error."""
        return float(np.mean([error.mse_per_pixel for error in self.errors]))

    def summary(self) -> dict[str, Any]:
        """Return everything but the single errors, for programs."""
        return {
            "model": self.loaded.name,
            "recipe": self.loaded.recipe,
            "release": self.loaded.release,
            "output": str(self.output),
            "num_images": len(self.errors),
            "mse_per_pixel": self.mse_per_pixel,
            "psnr_db": psnr_db(max(self.mse_per_pixel, MIN_MSE)),
            "num_resized": self.num_resized,
            "num_recoloured": self.num_recoloured,
            "left_out": list(self.left_out),
            "passed_over": [one.model_dump(mode="json") for one in self.passed_over],
            "worst": [asdict(error) for error in self.worst()],
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know beside the worst errors."""
        height, width, channels = self.loaded.image_shape
        count, mse = len(self.errors), self.mse_per_pixel
        yield f"Mean of {count}: MSE {mse:.5f}, PSNR {psnr_db(max(mse, MIN_MSE)):.2f} dB."
        if self.num_resized:
            other = f"had another size than {height} x {width}"
            yield f"{self.num_resized} of {count} {other}: {FITTED[self.loaded.trained.form.fit]}."
        if self.num_recoloured:
            change = "became grey" if channels == 1 else "became three equal channels"
            yield f"{self.num_recoloured} of {count} had other channels than the model and {change} first."
        if self.left_out:
            yield f"{len(self.left_out)} could not be decoded and were left out."
        yield from (f"{one.line}." for one in self.passed_over)
        yield f"{self.loaded.name} of release {self.loaded.release}: {self.output}"

    def worst(self, count: int = 5) -> list[Measurement]:
        """Return the largest errors, the largest first."""
        return sorted(self.errors, key=lambda error: -error.mse_per_pixel)[:count]


def reconstruct_images(
    images: str | None,
    output: str | Path,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    batch_size: int = 64,
    rows: str | None = None,
) -> Reconstructions:
    """Write a PNG of each image's reconstruction, and errors.csv, into a new folder that appears whole or not at all.

    Args:
        images: A folder, a .zip, .tar or .npz file, or an s3:// prefix.
        output: The folder; it must be empty, or not be there.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        batch_size: Images that are in memory at a time; an npz file is in memory as a whole.
        rows: Rows of a built-in data set in place of images.

    Raises:
        ParameterError: the output folder has something in it, or two images would become one file.
        DataError: none of the files is a picture, or one can't be read.
        StoreError: the model or an object can't be had, or the output can't be written.
    """
    output = Path(os.path.abspath(Path(output).expanduser()))
    _refuse_occupied(output)
    with open_pictures(images, rows) as pictures:
        _refuse_collisions([file.name for file in pictures.files])
        loaded = load(store, model, channel)
        with disk_errors(output=str(output)), _new_folder(output) as folder:
            written = _write(pictures, loaded, folder, batch_size)
    return Reconstructions(
        loaded,
        output,
        passed_over=pictures.left_out,
        num_resized=pictures.num_resized,
        num_recoloured=pictures.num_recoloured,
        **written,
    )


def _refuse_occupied(output: Path) -> None:
    if output.exists() and not (output.is_dir() and not any(output.iterdir())):
        raise ParameterError(
            "Reconstructions go into a folder of their own.", "Name a new or an empty one.", output=str(output)
        )


def _refuse_collisions(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(_png_path(name), name)
        if other != name:
            raise ParameterError("No two images become one file.", "Rename one.", files=[other, name])


def _png_path(name: str) -> str:
    """Return the file for an image's reconstruction; a name without room for its ending is cut, and stays its own."""
    path = PurePosixPath(name)
    file = path.name if path.name.lower().endswith(".png") else f"{path.name}.png"
    if len(name_bytes(file)) > MAX_NAME_BYTES:
        digest = hashlib.sha256(name_bytes(name)).hexdigest()[:8]
        kept = name_bytes(path.name)[: MAX_NAME_BYTES - len(digest) - len("~.png")].decode("utf-8", "ignore")
        file = f"{kept}~{digest}.png"
    return path.with_name(file).as_posix()


@contextmanager
def _new_folder(output: Path) -> Iterator[Path]:
    """Give a folder beside the output that becomes the output at the end of the block, and is gone after an error."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".aepipe-", dir=output.parent) as work:
        folder = Path(work) / "reconstructions"
        folder.mkdir()
        yield folder
        os.replace(folder, output)


def _write(pictures: Pictures, loaded: LoadedModel, folder: Path, batch_size: int) -> dict[str, Any]:
    """Write a picture for each image, and the table; return what `Reconstructions` says of them."""
    errors: list[Measurement] = []
    left_out: list[str] = []
    for batch in pictures.batches(loaded.trained, batch_size):
        for found in batch:
            if isinstance(found, Unreadable):
                logger.warning("%s is left out: %s", printable_name(found.path), printable_name(found.reason))
                left_out.append(found.path)
        errors += _reconstruct([found for found in batch if isinstance(found, Picture)], loaded, folder)
    if not errors:
        raise DataError("At least one image must be readable.", num_images=len(pictures.files))
    _write_errors(folder / ERRORS, errors)
    return {"errors": tuple(errors), "left_out": tuple(left_out)}


def _reconstruct(pictures: Sequence[Picture], loaded: LoadedModel, folder: Path) -> list[Measurement]:
    if not pictures:
        return []
    originals = np.stack([picture.pixels for picture in pictures])
    outputs = loaded.reconstruct(originals, batch_size=len(originals))
    for picture, pixels in zip(pictures, outputs, strict=True):
        write_png(folder / _png_path(picture.path), pixels, loaded.trained.trained_on.pixel_range[1])
    errors = mse_per_image(originals, outputs).tolist()
    return [
        Measurement(picture.path, error, psnr_db(max(error, MIN_MSE)))
        for picture, error in zip(pictures, errors, strict=True)
    ]


def _write_errors(path: Path, errors: Sequence[Measurement]) -> None:
    # A file's name may be no text in any encoding; the table has its bytes.
    with path.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        table = csv.DictWriter(file, [field.name for field in fields(Measurement)], lineterminator="\n")
        table.writeheader()
        table.writerows(as_cells(asdict(error)) for error in errors)
