"""The contact sheet of similar pictures: the picture, and its neighbours as far as they are still where they were."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from aepipe.datasets.own.rows import path_of
from aepipe.errors import AepipeError
from aepipe.inference.pictures import Picture, open_pictures
from aepipe.inference.rows import FORM
from aepipe.io.disk import disk_errors
from aepipe.recipes.trained import TrainedRecipe


@dataclass(frozen=True)
class Neighbour:
    """One of the nearest pictures.

    Attributes:
        path: As the table of codes has it.
        digest: sha256 of its bytes.
        distance: Between the two codes.
        source: The place that the path is below; None where it is not known.
    """

    path: str
    digest: str
    distance: float
    source: str | None


def draw_sheet(
    path: Path, title: str, query: Picture, neighbours: Sequence[Neighbour], trained: TrainedRecipe
) -> dict[str, str]:
    """Write the sheet; return why some neighbours are not on it, by path.

    Raises:
        AccessDeniedError: this user may not write there.
        StoreError: the disk has no room.
    """
    # Here, because Matplotlib takes a second.
    from aepipe.evaluation.figures.contact_sheet import Print, contact_sheet

    shown, gone = _read_all(neighbours, trained)
    prints = [Print(_unit(query), path_of(query.path), "the picture", is_first=True)]
    for one in neighbours:
        there = shown.get((one.source, one.path))
        prints.append(Print(None if there is None else _unit(there), one.path, f"{one.distance:.4f}"))
    with disk_errors(output=str(path)):
        contact_sheet(prints, path, title)
    return gone


def _unit(picture: Picture) -> np.ndarray:
    """Return a picture's own pixels in [0, 1]."""
    pixels: np.ndarray = np.clip(picture.original.astype(np.float32) / picture.white, 0, 1)
    return pixels


def _read_all(
    neighbours: Sequence[Neighbour], trained: TrainedRecipe
) -> tuple[dict[tuple[str | None, str], Picture], dict[str, str]]:
    """Return the pictures that are still there, by place and path, and of the others why not."""
    shown: dict[tuple[str | None, str], Picture] = {}
    gone: dict[str, str] = {}
    for source in dict.fromkeys(one.source for one in neighbours):
        wanted = {one.path: one.digest for one in neighbours if one.source == source}
        if source is None:
            gone |= dict.fromkeys(wanted, "the codes do not say where the pictures lay")
            continue
        try:
            found = _read_some(source, wanted.keys(), trained)
        except AepipeError as error:
            gone |= dict.fromkeys(wanted, error.problem)
            continue
        for path, digest in wanted.items():
            picture = found.get(path)
            if picture is not None and picture.digest == digest:
                shown[source, path] = picture
            else:
                gone[path] = f"it is no longer in {source}" if picture is None else "it has other bytes than then"
    return shown, gone


def _read_some(source: str, paths: Collection[str], trained: TrainedRecipe) -> dict[str, Picture]:
    """Return pictures of a place by their paths; of the others nothing is read."""
    names = {name for path in paths for name in (path, path.rpartition("#")[0])}
    place = {"rows": source} if FORM.fullmatch(source) else {"images": source}
    with open_pictures(**place) as pictures:
        some = replace(pictures, files=[file for file in pictures.files if path_of(file.name) in names])
        found = [one for batch in some.batches(trained, keeps_originals=True) for one in batch]
    return {path_of(one.path): one for one in found if isinstance(one, Picture) and path_of(one.path) in paths}
