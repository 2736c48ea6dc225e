"""Codes of somebody's pictures by a published model: a table, and an array where one is asked for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from aepipe.inference.codes import CODES_ARRAY, CODES_FILE, CodesTable, write_array
from aepipe.inference.left_out import drop_rows
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import LocatedModel
from aepipe.inference.pictures import BATCH_PICTURES, Picture, Pictures
from aepipe.inference.using import Batches, open_job
from aepipe.notation import counted
from aepipe.results import (
    Destination,
    ResultsManifest,
    Use,
    place_of,
    working_folder,
    write_results,
)
from aepipe.store import Store

FileFormat = Literal["parquet", "npy"]


@dataclass(frozen=True)
class Encoding:
    """Codes that were written.

    Attributes:
        model: The model.
        destination: The store, or the folder.
        manifest: What was written; None where there was nothing new.
        pictures: The account of the pictures.
    """

    model: LocatedModel
    destination: Destination
    manifest: ResultsManifest | None
    pictures: Pictures

    def summary(self) -> dict[str, Any]:
        """Return all of it, for programs."""
        pictures, written = self.pictures, self.manifest
        return {
            "model": self.model.name,
            "recipe": self.model.recipe,
            "release": self.model.release,
            "output": self.place,
            "run": None if written is None else written.run,
            "files": [] if written is None else [file.path for file in written.files],
            "code_size": self.model.trained.plan.model.code_size,
            "num_pictures": 0 if written is None else written.num_pictures,
            "num_unreadable": 0 if written is None else written.num_unreadable,
            "num_skipped": pictures.num_skipped,
            "num_resized": pictures.num_resized,
            "num_recoloured": pictures.num_recoloured,
            "passed_over": [one.model_dump(mode="json") for one in pictures.left_out],
        }

    @property
    def place(self) -> str | None:
        """Where the codes are; None where there was nothing new."""
        return None if self.manifest is None else place_of(self.destination, self.manifest)

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""
        size, skipped = self.model.trained.plan.model.code_size, self.pictures.num_skipped
        made_by = f"{self.model.name} of release {self.model.release}"
        if skipped:
            yield f"{counted(skipped, 'file has', 'files have')} codes by {made_by} already, and were passed over."
        yield from (f"{one.line}." for one in self.pictures.left_out)
        if self.manifest is None:
            yield "Nothing is new: nothing was written."
            return
        if self.manifest.num_unreadable:
            yield f"{counted(self.manifest.num_unreadable, 'file')} could not be read; {CODES_FILE} says why."
        yield f"{counted(self.manifest.num_pictures, 'code')} of {size} values by {made_by}: {self.place}"


def encode_pictures(
    images: str | None,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    rows: str | None = None,
    output: str | Path | None = None,
    new_only: bool = False,
    file_format: FileFormat = "parquet",
    batch_size: int = BATCH_PICTURES,
    flow_run: str | None = None,
) -> Encoding:
    """Write the code of each picture: codes.parquet, and codes.npy where that is asked for.

    Args:
        images: A folder, a .zip, .tar or .npz file, or an s3:// prefix.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        rows: Rows of a built-in data set in place of pictures.
        output: A new or empty folder for what is written, in place of the store.
        new_only: Only pictures that no earlier codes in the store have, by this model of this release.
        file_format: npy adds an array, whose rows are those of the table with state ok, in its order.
        batch_size: Pictures that are in memory at a time.
        flow_run: The flow run that this is part of.

    Raises:
        ParameterError: the folder has something in it, or there are no such rows.
        DataError: there are no pictures, or they can't be read.
        StoreError: the model or an object can't be had, or the results can't be written.
    """
    with open_job("encode", images, rows, store, model, channel, output, new_only) as job:
        located, pictures, destination = job.model, job.pictures, job.destination
        batches = job.batches(batch_size)
        if batches is None:
            return Encoding(located, destination, None, pictures)
        loaded = located.load()
        with working_folder(destination) as folder:
            _write(batches, loaded, folder / CODES_FILE)
            if file_format == "npy":
                write_array(folder / CODES_FILE, folder / CODES_ARRAY)
            settings = {"format": file_format, "new_only": new_only}
            summary = {"code_size": loaded.trained.plan.model.code_size}
            use = job.describe(flow_run, settings, summary)
            leave_out = partial(_leave_out, use, pictures, folder)
            written = write_results(destination, use, folder, job.before, leave_out)
    return Encoding(located, destination, written, pictures)


def _write(batches: Batches, loaded: LoadedModel, path: Path) -> None:
    size = loaded.trained.plan.model.code_size
    with CodesTable(path, loaded.name, loaded.release, size) as table:
        for batch in batches:
            pixels = [one.pixels for one in batch if isinstance(one, Picture)]
            codes = loaded.encode(np.stack(pixels), len(pixels)) if pixels else np.empty((0, size), np.float32)
            table.add(batch, codes)


def _leave_out(use: Use, pictures: Pictures, folder: Path, came: Collection[str]) -> Use | None:
    """Take pictures that other results have by now out of the files; None where none of them is there."""
    left = drop_rows(folder / CODES_FILE, came)
    if not left.num_gone:
        return None
    if (folder / CODES_ARRAY).exists():
        write_array(folder / CODES_FILE, folder / CODES_ARRAY)
    return left.describe(use, pictures)
