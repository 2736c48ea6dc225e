"""Pictures that are like one: the nearest codes, in a table and on a contact sheet."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from aepipe.datasets.own.rows import path_of
from aepipe.inference.loading import load
from aepipe.inference.one_picture import read_one
from aepipe.inference.similar_sheet import Neighbour, draw_sheet
from aepipe.inference.stored_codes import find_codes
from aepipe.store import Store, open_store

Metric = Literal["cosine", "euclidean"]

NUM_NEIGHBOURS = 12


@dataclass(frozen=True)
class Similar:
    """The nearest pictures to one.

    Attributes:
        picture: Its path.
        model: The model's name.
        release: The release's id.
        metric: How distances are taken.
        num_compared: Pictures that it was compared with.
        neighbours: The nearest first.
        sheet: The contact sheet; None where none was asked for.
        gone: Neighbours that the sheet does not show, by path, and why.
    """

    picture: str
    model: str
    release: str
    metric: Metric
    num_compared: int
    neighbours: tuple[Neighbour, ...]
    sheet: Path | None = None
    gone: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> dict[str, Any]:
        """Return all of it, for programs."""
        return {
            "picture": path_of(self.picture),
            "model": self.model,
            "release": self.release,
            "metric": self.metric,
            "num_compared": self.num_compared,
            "neighbours": [asdict(one) for one in self.neighbours],
            "sheet": None if self.sheet is None else str(self.sheet),
            "gone": dict(self.gone),
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know beside the table."""
        count = f"{self.num_compared:,}"
        yield f"Compared with {count} pictures by {self.metric} distance of codes: {self.model} of {self.release}."
        if self.gone:
            path, reason = next(iter(self.gone.items()))
            yield f"{len(self.gone)} of them can't be shown on the sheet, such as {path}: {reason}"
        if self.sheet is not None:
            yield f"Contact sheet: {self.sheet}"


def nearest(codes: np.ndarray, to: np.ndarray, count: int, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the codes that are nearest, the nearest first, and their distances.

    Args:
        codes: (num_pictures, code_size).
        to: (code_size,).
        count: How many; fewer where there are fewer.
        metric: How distances are taken.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(count, len(codes)), metric=metric, algorithm="brute").fit(codes)
    distances, rows = search.kneighbors(to[np.newaxis])
    return rows[0], distances[0]


def find_similar(
    picture: str | None,
    store: Store | str | Path,
    model: str,
    channel: str | None = None,
    codes: str | None = None,
    rows: str | None = None,
    count: int = NUM_NEIGHBOURS,
    metric: Metric = "cosine",
    sheet: str | Path | None = None,
) -> Similar:
    """Find the pictures whose codes are nearest to one picture's.

    Args:
        picture: A picture's file, or a place with one picture.
        store: An open store, or its URL.
        model: The model's name.
        channel: A channel's name or a release's id; by default the release that the codes are of.
        codes: The folder of encoded pictures, its table, or the id of results in the store; by default all codes of
            this model and release in the store.
        rows: A row of a built-in data set in place of a picture.
        count: How many.
        metric: cosine, or euclidean.
        sheet: A PNG that is written.

    Raises:
        ParameterError: the codes are of another model or release, or there is not one picture.
        DataError: the picture can't be read.
        ObjectNotFoundError: there are no such codes.
    """
    opened = open_store(store) if isinstance(store, str | Path) else store
    found = find_codes(opened, model, channel, codes)
    loaded = load(opened, model, found.release)
    query = read_one(picture, rows, loaded.trained)
    places, distances = nearest(found.values, loaded.encode(query.pixels[np.newaxis])[0], count, metric)
    neighbours = tuple(
        Neighbour(row.path, row.digest, float(distance), row.source)
        for row, distance in zip((found.rows[place] for place in places), distances, strict=True)
    )
    gone: Mapping[str, str] = {}
    if sheet is not None:
        title = f"Nearest to {path_of(query.path)}: {metric} distance of the codes of {loaded.name}"
        gone = draw_sheet(Path(sheet), title, query, neighbours, loaded.trained)
    return Similar(
        picture=query.path,
        model=loaded.name,
        release=found.release,
        metric=metric,
        num_compared=len(found.rows),
        neighbours=neighbours,
        sheet=None if sheet is None else Path(sheet),
        gone=gone,
    )
