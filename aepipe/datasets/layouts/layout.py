"""Layout of a data set: what the folders, or a table, say of each image."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from aepipe.datasets.index import UNKNOWN, Kind

LayoutName = Literal["flat", "classes", "parts", "mvtec", "table"]
# The folders of a file and its name.
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of one image without looking at it.

    Attributes:
        image_class: Its class, or None.
        kind: Whether it shows what is normal.
        mask: The file that shows what is wrong with it, or where something is; None where there is none.
        group: What it has in common with others, all of which belong to one part; None for an image of its own.
        part: train, validation, test, or empty: the split decides.
    """

    image_class: str | None = None
    kind: Kind = UNKNOWN
    mask: str | None = None
    group: str | None = None
    part: str = ""


@dataclass(frozen=True)
class Layout:
    """What is known of all images.

    Attributes:
        name: The layout's.
        places: One for each image, in their order.
        notes: How this was understood, a sentence each; the first one is about all of it.
    """

    name: LayoutName
    places: tuple[Place, ...]
    notes: tuple[str, ...] = ()

    @property
    def classes(self) -> list[str] | None:
        """The class of each image; None where not all have one."""
        found = [place.image_class for place in self.places if place.image_class is not None]
        return found if found and len(found) == len(self.places) else None

    @property
    def parts(self) -> list[str] | None:
        """The part of each image, or an empty text; None where no image has one."""
        found = [place.part for place in self.places]
        return found if any(found) else None

    def with_places(self, places: Sequence[Place], *notes: str) -> "Layout":
        """Return the layout with other places, and with further notes."""
        return replace(self, places=tuple(places), notes=(*self.notes, *notes))


def below_common(paths: Sequence[Path]) -> list[Path]:
    """Return paths below the folder that all share."""
    paths = list(paths)
    while paths and len({path[0] for path in paths}) == 1 and all(len(path) > 1 for path in paths):
        paths = [path[1:] for path in paths]
    return paths
