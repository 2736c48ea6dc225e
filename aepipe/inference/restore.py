"""Restoration of somebody's pictures by a published denoiser: a picture for each, at its own size, and a table."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from aepipe.datasets.own.rows import path_of
from aepipe.errors import ParameterError
from aepipe.evaluation.metrics import MIN_MSE, psnr_db
from aepipe.inference.denoise import restore_arrays
from aepipe.inference.left_out import drop_rows
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.pictures import Picture, Pictures, Unreadable
from aepipe.inference.references import Nearness, References, open_references
from aepipe.inference.restoration import TABLE, Restoration, Tally, means_of
from aepipe.inference.restored import file_of, write_restored
from aepipe.inference.using import open_job
from aepipe.results import Use, working_folder, write_results
from aepipe.store import Store

OK, BROKEN = "ok", "broken"
# Of small pictures so many are read at a time; of one form, so many values are restored at a time.
BATCH_PICTURES, MAX_STACK_VALUES = 64, 1 << 24
TEXTS = ("path", "digest", "file", "model", "release", "state", "reason")
COUNTS = ("height", "width", "channels")
FIGURES = ("white", "psnr_db_before", "psnr_db_after", "ssim_before", "ssim_after")
Row = dict[str, Any]


def restore_pictures(
    images: str | None,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    rows: str | None = None,
    output: str | Path | None = None,
    new_only: bool = False,
    reference: str | None = None,
    flow_run: str | None = None,
) -> Restoration:
    """Write each picture as a model restored it, at its own size, and pictures.parquet.

    Args:
        images: A folder, a .zip, .tar or .npz file, or an s3:// prefix.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        rows: Rows of a built-in data set in place of pictures.
        output: A new or empty folder for what is written, in place of the store.
        new_only: Only pictures that no earlier restoration in the store has, by this model of this release.
        reference: A place like `images` with a clean picture for each, under its path whatever the ending.
        flow_run: The flow run that this is part of.

    Raises:
        ParameterError: the folder has something in it, two pictures would become one file, or none has a clean one.
        DataError: there are no pictures, or they can't be read.
        StoreError: the model or an object can't be had, or the results can't be written.
    """
    with ExitStack() as stack:
        job = stack.enter_context(open_job("restore", images, rows, store, model, channel, output, new_only))
        located, pictures, destination, tally = job.model, job.pictures, job.destination, Tally()
        _refuse_collisions([file.name for file in pictures.files])
        references = stack.enter_context(open_references(reference))
        batches = job.batches()
        if batches is None:
            return Restoration(located, destination, None, pictures, tally)
        loaded, folder = located.load(), stack.enter_context(working_folder(destination))
        made = [row for batch in batches for row in _restore(batch, loaded, references, folder, tally)]
        if references is not None and pictures.num_pictures and not tally.nearness:
            raise ParameterError(
                "A clean picture has the path of a noisy one, whatever the ending, and its size.",
                reference=references.source,
                reasons=tally.without_clean,
            )
        _write_table(folder / TABLE, made)
        settings: dict[str, JsonValue] = {
            "new_only": new_only,
            "reference": None if references is None else references.source,
        }
        summary = means_of(tally.nearness)
        use = job.describe(flow_run, settings, summary)
        written = write_results(destination, use, folder, job.before, partial(_leave_out, use, pictures, folder))
    return Restoration(located, destination, written, pictures, tally)


def _refuse_collisions(names: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(file_of(name), name)
        if other != name:
            raise ParameterError("No two pictures become one file.", "Rename one.", files=[other, name])


def _restore(
    batch: Sequence[Picture | Unreadable],
    loaded: LoadedModel,
    references: References | None,
    folder: Path,
    tally: Tally,
) -> list[Row]:
    """Restore and write pictures, and return their rows; those of one form in a row are restored together."""
    rows: dict[str, Row] = {}
    for stack in _stacks(found for found in batch if isinstance(found, Picture)):
        white = stack[0][0].white
        restored = restore_arrays(loaded, np.stack([original for _, original in stack]), (0, white))
        for (picture, original), pixels in zip(stack, restored, strict=True):
            write_restored(folder / file_of(picture.path), pixels, picture)
            nearness = None
            if references is not None:
                nearness = references.nearness(picture, original, pixels, loaded.trained)
            tally.add(picture, original, nearness, loaded)
            rows[picture.path] = _describe_picture(picture, original.shape, nearness)
    made_by = {"model": loaded.name, "release": loaded.release}
    return [
        {"path": path_of(found.path), "digest": found.digest, **made_by, **_outcome(found, rows)} for found in batch
    ]


def _outcome(found: Picture | Unreadable, rows: dict[str, Row]) -> Row:
    return {"state": BROKEN, "reason": found.reason} if isinstance(found, Unreadable) else rows[found.path]


def _describe_picture(picture: Picture, shape: tuple[int, ...], nearness: Nearness | str | None) -> Row:
    row: Row = {"state": OK, "file": path_of(file_of(picture.path)), "white": float(picture.white)}
    row |= dict(zip(COUNTS, shape, strict=True))
    if isinstance(nearness, Nearness):
        row |= {
            "psnr_db_before": psnr_db(max(nearness.mse_before, MIN_MSE)),
            "psnr_db_after": psnr_db(max(nearness.mse_after, MIN_MSE)),
            "ssim_before": nearness.ssim_before,
            "ssim_after": nearness.ssim_after,
        }
    return row


def _stacks(pictures: Iterator[Picture]) -> Iterator[list[tuple[Picture, np.ndarray]]]:
    """Yield pictures with their own pixels, as many of one form in a row as are restored together."""
    originals = ((picture, own_pixels(picture)) for picture in pictures)
    for _, alike in groupby(originals, lambda one: (one[1].shape, one[1].dtype, one[0].white)):
        stack: list[tuple[Picture, np.ndarray]] = []
        for one in alike:
            stack.append(one)
            if len(stack) * one[1].size >= MAX_STACK_VALUES:
                yield stack
                stack = []
        if stack:
            yield stack


def own_pixels(picture: Picture) -> np.ndarray:
    """Return a picture's own pixels; a few that stand out of those like it are white."""
    pixels = picture.original
    return pixels if pixels.dtype.kind == "f" else np.minimum(pixels, pixels.dtype.type(picture.white))


def _write_table(path: Path, rows: Sequence[Row]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {**dict.fromkeys(TEXTS, pa.string()), **dict.fromkeys(COUNTS, pa.int32())}
    types |= dict.fromkeys(FIGURES, pa.float64())
    columns = {name: pa.array([row.get(name) for row in rows], kind) for name, kind in types.items()}
    pq.write_table(pa.table(columns), path, compression="zstd")


def _leave_out(use: Use, pictures: Pictures, folder: Path, came: Collection[str]) -> Use | None:
    """Take pictures that other results have by now out of the files; None where none of them is there."""
    left = drop_rows(folder / TABLE, came)
    if not left.num_gone:
        return None
    for name in left.gone["file"].drop_null().to_pylist():
        (folder / name).unlink(missing_ok=True)
    return left.describe(use, pictures)
