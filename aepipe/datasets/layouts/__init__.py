"""Layouts of one's own images: what folders or a table say of each, found by looking or as the user says.

Every guess is said in a sentence. To add a layout, write a module with `look` and name it in `LAYOUTS`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import get_args

from aepipe.datasets.formats.members import Listing
from aepipe.datasets.index import ANOMALOUS
from aepipe.datasets.layouts import classes, flat, mvtec, parts
from aepipe.datasets.layouts.choosing import choose_table
from aepipe.datasets.layouts.groups import notes_on_groups, with_groups
from aepipe.datasets.layouts.layout import Layout, LayoutName, Path, Place
from aepipe.datasets.layouts.masks import find_masks, masks_by_image
from aepipe.datasets.layouts.settings import AUTO, TABLE, LayoutSettings
from aepipe.datasets.layouts.table import TableOfFiles, arrange_by_table
from aepipe.datasets.tally import Reason, Tally
from aepipe.errors import DataError
from aepipe.io.names import printable_name
from aepipe.notation import counted

# In the order in which they are looked for: a layout that says more comes first, and the last one fits everything.
LAYOUTS: Mapping[str, Callable[[Sequence[Path], bool], Layout | str]] = {
    "mvtec": mvtec.look,
    "parts": parts.look,
    "classes": classes.look,
    "flat": flat.look,
}
MAX_SHOWN = 3


@dataclass(frozen=True)
class Arrangement:
    """How the files of a listing are understood, as far as that is known before any picture is read.

    Attributes:
        settings: What the user says.
        names: The files that may be pictures.
        table: The table that describes them, or None.
        other_tables: Those that do not.
        notes: What is to be said of other tables.
    """

    settings: LayoutSettings
    names: tuple[str, ...]
    table: TableOfFiles | None = None
    other_tables: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def left_out(self) -> Mapping[str, Reason]:
        """Why files are none of the images, by name: masks, and what the table does not name."""
        others = [name for name in self.names if self.table is not None and name not in self.table.rows]
        found: dict[str, Reason] = {**dict.fromkeys(others, "not in the table"), **dict.fromkeys(self._masks, "mask")}
        return {name: found[name] for name in sorted(found)}

    @property
    def table_sha256(self) -> str | None:
        """Digest of the table, which decides what the images are as their own bytes do."""
        return self.table.table.sha256 if self.table else None

    def count(self, tally: Tally) -> None:
        """Count tables that say nothing of the images, and files that the table names and that are not there."""
        for name in self.other_tables:
            tally.add("no picture", name)
        for row in self.table.missing if self.table else ():
            tally.add("named by the table, and not there", row.path, f"row {row.number}")

    def arrange(self, images: Sequence[str]) -> Layout:
        """Return what is known of images.

        Args:
            images: By the name of the file, with #number behind it for a frame of several.

        Raises:
            DataError: the layout that the user asks for is another one.
            ParameterError: the expression for groups finds none.
        """
        files = [self._file_of(image) for image in images]
        layout = self._with_masks(self._arrange(files), files)
        source = "the table's column of them"
        if self.settings.group is not None:
            layout, source = with_groups(layout, files, self.settings.group), "data.group"
        return layout.with_places(layout.places, *notes_on_groups(layout, source), *self.notes)

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.names)

    @cached_property
    def _masks(self) -> set[str]:
        images, masks = (self.table.rows, self.table.masks.values()) if self.table else ((), ())
        return (find_masks(self.names) | set(masks)) - set(images)

    def _file_of(self, image: str) -> str:
        return image if image in self._known else image.rpartition("#")[0]

    def _arrange(self, files: Sequence[str]) -> Layout:
        if self.table is None:
            return arrange(files, self.settings.layout)
        layout = arrange_by_table(self.table, files, arrange(files, AUTO))
        return replace(layout, notes=_introduced(layout, self.settings.layout == TABLE or bool(self.settings.table)))

    def _with_masks(self, layout: Layout, files: Sequence[str]) -> Layout:
        found = masks_by_image(files, self._masks) if self._masks else {}
        if self.table is not None:
            found = {**found, **{file: [mask] for file, mask in self.table.masks.items()}}
        places = [
            replace(place, mask=found[file][0]) if file in found else place
            for place, file in zip(layout.places, files, strict=True)
        ]
        # Of files that a table does not name, nothing is expected.
        masks = self._masks if self.table is None else {mask for ones in found.values() for mask in ones}
        return layout.with_places(places, *_notes_on_masks(places, files, found, masks))


def open_layout(listing: Listing, settings: LayoutSettings | None = None) -> Arrangement:
    """Return how the files of a listing are understood; a table among them is read.

    Raises:
        DataError: the table that is asked for is not there, several may be meant, or one is not as it should be.
    """
    settings = settings or LayoutSettings()
    names = tuple(member.name for member in listing.members)
    table, notes = choose_table(listing, names, settings)
    others = tuple(one.name for one in listing.tables if table is None or one.name not in table.table.names)
    if listing.table is not None:
        settings = settings.model_copy(update={"layout": TABLE})
    return Arrangement(settings, names, table, others, notes)


def arrange(names: Sequence[str], asked: str = AUTO) -> Layout:
    """Return what the folders of files mean.

    Args:
        names: With slashes, below the place that the user named.
        asked: A name in `LAYOUTS`, or auto for the first one that fits.

    Raises:
        DataError: the layout that is asked for does not fit.
    """
    paths = [tuple(name.split("/")) for name in names]
    for look in LAYOUTS.values() if asked == AUTO else (LAYOUTS[asked],):
        found = look(paths, asked != AUTO)
        if isinstance(found, Layout):
            return replace(found, notes=_introduced(found, asked != AUTO))
    raise DataError(
        f"The layout {asked} needs {found}.",
        f"Take another one: data.layout={AUTO}, or one of {', '.join(get_args(LayoutName))}.",
        images=[printable_name(name) for name in sorted(names)[:MAX_SHOWN]],
    )


def _introduced(layout: Layout, is_asked: bool) -> tuple[str, ...]:
    """Return the notes of a layout with its name before them, and the way to another one."""
    first, *others = layout.notes
    way_out = "" if is_asked else f" (data.layout chooses: {', '.join(get_args(LayoutName))})"
    return f"layout {layout.name}{', as asked' if is_asked else ''}: {first}{way_out}", *others


def _notes_on_masks(
    places: Sequence[Place], files: Sequence[str], found: Mapping[str, Sequence[str]], masks: Collection[str]
) -> Iterator[str]:
    if not masks:
        return
    used = {mask for ones in found.values() for mask in ones}
    yield f"{counted(len(masks), 'mask')}, of {counted(len(found), 'image')}"
    several = [image for image, ones in found.items() if len(ones) > 1]
    if several:
        yield f"{counted(len(several), 'image has', 'images have')} several masks, of which the index has the first"
    if len(used) < len(masks):
        yield f"masks of no image that is there: {_several(set(masks) - used)}"
    without = [name for name, place in zip(files, places, strict=True) if place.kind == ANOMALOUS and not place.mask]
    if without:
        yield f"anomalous images without a mask: {_several(without)}"


def _several(names: Collection[str]) -> str:
    shown = ", ".join(printable_name(name) for name in sorted(names)[:MAX_SHOWN])
    return f"{len(names)}, such as {shown}"
