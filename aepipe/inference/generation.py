"""New pictures of a published model: a PNG each, a table, and a sheet that shows them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import JsonValue

from aepipe.datasets.own.rows import path_of
from aepipe.errors import ParameterError
from aepipe.inference.loaded import BATCH_IMAGES, LoadedModel
from aepipe.inference.loading import locate
from aepipe.inference.new_codes import Origin, codes_between, draw_codes
from aepipe.inference.one_picture import read_one
from aepipe.inference.pictures import Picture
from aepipe.inference.png import write_png
from aepipe.inference.rows import FORM
from aepipe.inference.scored import OK
from aepipe.inference.using import begin, describe_use
from aepipe.io.hashing import file_sha256
from aepipe.results import Destination, ResultsManifest, open_destination, place_of, working_folder, write_results
from aepipe.results.manifest import TABLES
from aepipe.store import Store, open_store

SHEET = "sheet.png"
MAX_PICTURES = 10_000
# White around each picture of the sheet, of its longer side.
GAP_SHARE = 0.02
# Beside each other on the sheet.
MAX_COLUMNS = 12


@dataclass(frozen=True)
class Generated:
    """New pictures that were written.

    Attributes:
        loaded: The model.
        destination: The store, or the folder.
        manifest: What was written.
        said: Where their codes are from, in words.
        num_shown: Pictures on the sheet.
    """

    loaded: LoadedModel
    destination: Destination
    manifest: ResultsManifest
    said: str
    num_shown: int

    def summary(self) -> dict[str, Any]:
        """Return all of it, for programs."""
        written = self.manifest
        return {
            "model": self.loaded.name,
            "recipe": self.loaded.recipe,
            "release": self.loaded.release,
            "output": place_of(self.destination, written),
            "run": written.run,
            "settings": written.settings,
            "num_pictures": written.num_pictures,
            "files": [file.path for file in written.files],
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""
        count, made_by = self.manifest.num_pictures, f"{self.loaded.name} of release {self.loaded.release}"
        if not self.loaded.trained.plan.is_generative:
            yield f"{self.loaded.recipe} was trained to reconstruct, not to make pictures: look at them first."
        shown = "them" if self.num_shown == count else f"{self.num_shown} of them"
        yield f"{count:,} new pictures by {made_by}, {self.said}; {SHEET} shows {shown}."
        yield f"They are in {place_of(self.destination, self.manifest)}"


def generate_pictures(
    num_images: int,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    seed: int = 0,
    origin: Origin = "mixture",
    between: tuple[str, str] | None = None,
    output: str | Path | None = None,
    flow_run: str | None = None,
) -> Generated:
    """Write new pictures: a PNG each, pictures.parquet, and sheet.png. The same seed gives the same bytes.

    Args:
        num_images: How many.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        seed: What the drawn codes depend on.
        origin: mixture: codes that are distributed as those of images; prior: codes from N(0, 1).
        between: Two pictures instead: from the first to the last. Each is a file, or a row as mnist:test:13.
        output: A new or empty folder for what is written, in place of the store.
        flow_run: The flow run that this is part of.

    Raises:
        ParameterError: the model has no prior, there are too few or too many, or the folder has something in it.
        DataError: one of the two pictures can't be read.
        StoreError: the model can't be had, or the results can't be written.
    """
    if num_images > MAX_PICTURES:
        raise ParameterError(
            f"New pictures are at most {MAX_PICTURES:,} at a time.", "Take several seeds.", num_images=num_images
        )
    started = begin()
    opened = open_store(store) if isinstance(store, str | Path) else store
    destination = open_destination(opened, output)
    located = locate(opened, model, channel)
    loaded = located.load()
    settings: dict[str, JsonValue] = {"from": origin, "seed": seed}
    if between is None:
        said, codes = f"from the {origin}, seed {seed}", draw_codes(loaded, num_images, seed, origin)
    else:
        settings = {"from": "between", "between": [*between]}
        first, last = (_read_end(one, loaded) for one in between)
        said = f"on the way from {path_of(first.path)} to {path_of(last.path)}"
        codes = codes_between(loaded, np.stack([first.pixels, last.pixels]), num_images)
    with working_folder(destination) as folder:
        num_shown = _write_pictures(loaded, codes, folder, said, in_lines=between is not None)
        use = describe_use("generate", located, None, started, flow_run, settings, settings)
        written = write_results(destination, use.model_copy(update={"num_pictures": num_images}), folder)
    assert written is not None, "no others come to the same new pictures"
    return Generated(loaded, destination, written, said, num_shown)


def _read_end(named: str, loaded: LoadedModel) -> Picture:
    is_row = FORM.fullmatch(named) is not None
    return read_one(None if is_row else named, named if is_row else None, loaded.trained)


def _write_pictures(loaded: LoadedModel, codes: np.ndarray, folder: Path, said: str, in_lines: bool) -> int:
    """Write the pictures, their table and the sheet; return how many pictures are on that.

    Args:
        loaded: The model.
        codes: What it decodes.
        folder: Where they go.
        said: What they are, for the sheet.
        in_lines: Lines of the sheet are filled; otherwise it is about as wide as high.
    """
    # Here, because Matplotlib takes a second.
    from aepipe.evaluation.figures.images import GRID_INCHES
    from aepipe.evaluation.figures.style import most_columns

    white, digits = loaded.trained.trained_on.pixel_range[1], len(str(len(codes)))
    side = most_columns(loaded.image_shape[1], MAX_COLUMNS, GRID_INCHES)
    shown: list[np.ndarray] = []
    for first in range(0, len(codes), BATCH_IMAGES):
        images = np.clip(loaded.decode(codes[first : first + BATCH_IMAGES]), 0, 1)
        shown += list(images[: max(0, side**2 - len(shown))])
        for number, pixels in enumerate(images, first + 1):
            write_png(folder / "pictures" / f"{number:0{digits}d}.png", pixels, white)
    _write_table(folder, loaded)
    num_columns = min(side, len(shown) if in_lines else math.ceil(math.sqrt(len(shown))))
    _draw_sheet(folder / SHEET, np.stack(shown), num_columns, f"{loaded.name}: new pictures {said}")
    return len(shown)


def _write_table(folder: Path, loaded: LoadedModel) -> None:
    import pandas as pd

    rows = [
        {"path": path.relative_to(folder).as_posix(), "digest": file_sha256(path)}
        for path in sorted((folder / "pictures").iterdir())
    ]
    table = pd.DataFrame(rows).assign(model=loaded.name, release=loaded.release, state=OK)
    table.to_parquet(folder / TABLES["generate"], index=False)


def _draw_sheet(path: Path, images: np.ndarray, num_columns: int, title: str) -> None:
    from aepipe.evaluation import figures

    # What is left of the last line stays white.
    num_missing = -len(images) % num_columns
    white = np.ones((num_missing, *images.shape[1:]), images.dtype)
    # Side by side, dark pictures on dark ground are one.
    gap = max(1, round(max(images.shape[1:3]) * GAP_SHARE))
    apart = np.pad(np.concatenate([images, white]), ((0, 0), (gap, gap), (gap, gap), (0, 0)), constant_values=1)
    figures.image_grid(apart, num_columns, path, title)
