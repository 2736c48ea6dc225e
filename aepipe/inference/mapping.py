"""Maps of pictures: t-SNE of their codes, a page with the pictures themselves, and a table of their places."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from aepipe.datasets.own.rows import path_of
from aepipe.errors import DataError
from aepipe.evaluation.codes import map_codes
from aepipe.evaluation.map_quality import NUM_NEIGHBOURS, map_quality
from aepipe.inference.labels import classes_of, verdicts_of
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import locate
from aepipe.inference.pictures import Picture, Pictures, open_pictures
from aepipe.inference.scored import OK
from aepipe.inference.using import begin, describe_use
from aepipe.notation import counted
from aepipe.pages.atlas import draw_atlas, thumbnail, thumbnail_side
from aepipe.pages.picture_map import PictureMap, color_by, render_map
from aepipe.results import Destination, ResultsManifest, open_destination, place_of, working_folder, write_results
from aepipe.results.manifest import TABLES
from aepipe.splits import evenly_spaced
from aepipe.store import Store, open_store

PAGE, TABLE = "map.html", TABLES["map"]
# t-SNE of so many takes a minute on one core; their thumbnails are 40 pixels wide in a page of 2 to 15 MB.
MAX_PICTURES, MIN_PICTURES = 10_000, 3
# Their own pixels are in memory at once, and those of a camera are many.
BATCH_ORIGINALS = 16


@dataclass(frozen=True)
class MappedPictures:
    """A map that was written.

    Attributes:
        loaded: The model.
        destination: The store, or the folder.
        manifest: What was written.
        pictures: The account of the pictures.
        num_left_out: Files that were not looked into, because a map has room for fewer.
        quality: What `aepipe.evaluation.map_quality` says; None for a few pictures.
    """

    loaded: LoadedModel
    destination: Destination
    manifest: ResultsManifest
    pictures: Pictures
    num_left_out: int
    quality: dict[str, float] | None

    @property
    def place(self) -> str:
        """Where the page and the table are."""
        return place_of(self.destination, self.manifest)

    def summary(self) -> dict[str, Any]:
        """Return all of it, for programs."""
        return {
            "model": self.loaded.name,
            "recipe": self.loaded.recipe,
            "release": self.loaded.release,
            "output": self.place,
            "run": self.manifest.run,
            "files": [file.path for file in self.manifest.files],
            "num_pictures": self.pictures.num_pictures,
            "num_unreadable": self.pictures.num_unreadable,
            "num_left_out": self.num_left_out,
            **(self.quality or {"trustworthiness": None, "continuity": None, "num_measured": 0}),
            "passed_over": [one.model_dump(mode="json") for one in self.pictures.left_out],
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""
        yield from _facts(self.loaded, self.pictures, self.num_left_out, self.quality)
        yield from (f"{one.line}." for one in self.pictures.left_out)
        yield f"Open {PAGE} in a browser: {self.place}"


@dataclass
class _Seen:
    """What is kept of the pictures."""

    paths: list[str] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    thumbnails: list[np.ndarray] = field(default_factory=list)
    codes: list[np.ndarray] = field(default_factory=list)


def map_pictures(
    images: str | None,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    rows: str | None = None,
    output: str | Path | None = None,
    seed: int = 0,
    flow_run: str | None = None,
) -> MappedPictures:
    """Write a page with the pictures on a map of their codes, and a table of their places.

    Colours show the classes that folders or the data set name, and the verdicts of the latest scores by the same
    release, where there are any. Of more than 10,000 files so many are on the map, evenly spaced.

    Args:
        images: A folder, a .zip, .tar or .npz file, or an s3:// prefix.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        rows: Rows of a built-in data set in place of pictures.
        output: A new or empty folder for what is written, in place of the store.
        seed: Of the map; the same seed gives the same map on the same machine.
        flow_run: The flow run that this is part of.

    Raises:
        ParameterError: the folder has something in it, or there are no such rows.
        DataError: there are fewer than three pictures, or files of more pages than a map has room for.
        StoreError: the model or an object can't be had, or the results can't be written.
    """
    started = begin()
    opened = open_store(store) if isinstance(store, str | Path) else store
    destination = open_destination(opened, output)
    with open_pictures(images, rows) as everything:
        located = locate(opened, model, channel)
        loaded = located.load()
        chosen = evenly_spaced(len(everything.files), MAX_PICTURES)
        pictures = replace(everything, files=[everything.files[row] for row in chosen])
        num_left_out = len(everything.files) - len(chosen)
        seen = _see(pictures, loaded)
    codes = np.stack(seen.codes)
    places = map_codes(codes, seed)
    quality = map_quality(codes, places)
    labels = {
        "class": classes_of(seen.paths, rows),
        "verdict": verdicts_of(opened, loaded.name, loaded.release, seen.digests),
    }
    colorings = [color_by(name, of) for name, of in labels.items()]
    drawn = PictureMap(
        title=f"Map of {pictures.source}",
        facts=list(_facts(loaded, pictures, num_left_out, quality)),
        places=places,
        paths=[path_of(path) for path in seen.paths],
        atlas=draw_atlas(seen.thumbnails),
        colorings=[coloring for coloring in colorings if coloring is not None],
    )
    with working_folder(destination) as folder:
        (folder / PAGE).write_text(render_map(drawn), encoding="utf-8")
        _write_table(folder / TABLE, seen, places, labels, loaded)
        summary = {"num_left_out": num_left_out, **(quality or {})}
        use = describe_use("map", located, pictures, started, flow_run, {"seed": seed}, summary)
        # There is none only where pictures are left out, which a map has no reason for.
        manifest = cast(ResultsManifest, write_results(destination, use, folder))
    return MappedPictures(loaded, destination, manifest, pictures, num_left_out, quality)


def _see(pictures: Pictures, loaded: LoadedModel) -> _Seen:
    """Return what is kept of the pictures; of their own pixels only thumbnails are."""
    seen, side = _Seen(), thumbnail_side(len(pictures.files))
    for batch in pictures.batches(loaded.trained, BATCH_ORIGINALS, keeps_originals=True):
        found = [one for one in batch if isinstance(one, Picture)]
        if found:
            seen.codes += list(loaded.encode(np.stack([one.pixels for one in found])))
            seen.thumbnails += [thumbnail(one.original, one.white, side) for one in found]
            seen.paths += [one.path for one in found]
            seen.digests += [one.digest for one in found]
        if len(seen.paths) > MAX_PICTURES:
            raise DataError(
                f"A map has room for {MAX_PICTURES} pictures, pages of files among them.", "Name fewer files."
            )
    if len(seen.paths) < MIN_PICTURES:
        raise DataError(
            f"A map has at least {MIN_PICTURES} pictures.",
            num_pictures=len(seen.paths),
            num_unreadable=pictures.num_unreadable,
        )
    return seen


def _facts(
    loaded: LoadedModel, pictures: Pictures, num_left_out: int, quality: Mapping[str, float] | None
) -> Iterator[str]:
    """Yield what a reader of the map should know."""
    size = loaded.trained.plan.model.code_size
    yield (
        f"{pictures.num_pictures:,} pictures by t-SNE of their {size} code values, {loaded.name} of release "
        f"{loaded.release}. What is side by side is alike for the model; distances between far groups mean little."
    )
    if quality is not None:
        yield (
            f"Trustworthiness {quality['trustworthiness']:.3f}, continuity {quality['continuity']:.3f}: how far "
            f"neighbours on the map are neighbours in the code, and the other way round; 1 is perfect. Measured with "
            f"{NUM_NEIGHBOURS} neighbours of each of {quality['num_measured']:,.0f} pictures."
        )
    if num_left_out:
        yield (
            f"{num_left_out:,} more files are not on the map, which has room for {MAX_PICTURES:,}: "
            "those that are, are evenly spaced by path."
        )
    if pictures.num_unreadable:
        yield f"{counted(pictures.num_unreadable, 'file')} could not be read."


def _write_table(
    path: Path, seen: _Seen, places: np.ndarray, labels: Mapping[str, Sequence[str | None]], loaded: LoadedModel
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    count = len(seen.paths)
    columns = {
        "path": pa.array([path_of(path) for path in seen.paths], pa.string()),
        "digest": pa.array(seen.digests, pa.string()),
        "x": pa.array(places[:, 0], pa.float32()),
        "y": pa.array(places[:, 1], pa.float32()),
        **{name: pa.array(list(of), pa.string()) for name, of in labels.items()},
        "model": pa.array([loaded.name] * count, pa.string()),
        "release": pa.array([loaded.release] * count, pa.string()),
        "state": pa.array([OK] * count, pa.string()),
        "reason": pa.nulls(count, pa.string()),
    }
    pq.write_table(pa.table(columns), path, compression="zstd")
