"""Layout classes: the first folder below the one that all images share is the class."""

from collections.abc import Sequence

from aepipe.datasets.layouts.layout import Layout, Path, Place, below_common
from aepipe.datasets.layouts.words import PART_NAME
from aepipe.io.names import printable_name
from aepipe.notation import counted


def look(paths: Sequence[Path], is_asked: bool) -> Layout | str:
    """Return the layout, or what is missing for it.

    One folder that all share is a class only where the user says so.
    """
    below = _below_outer(paths) if is_asked else below_common(paths)
    beside = [path for path in below if len(path) == 1]
    if beside:
        return f"every image in a folder, and {counted(len(beside), 'lies', 'lie')} beside them: {_name(min(beside))}"
    return _layout(below)


def classes_of(paths: Sequence[Path]) -> list[str] | None:
    """Return each image's first folder below the one that all share; None where some lie beside the folders."""
    below = below_common(paths)
    if not below or not all(len(path) > 1 for path in below):
        return None
    return [printable_name(path[0]) for path in below]


def _below_outer(paths: Sequence[Path]) -> list[Path]:
    """Return paths below the folder that all share, but for the last folder."""
    while len({path[0] for path in paths}) == 1 and all(len(path) > 2 for path in paths):
        paths = [path[1:] for path in paths]
    return list(paths)


def _layout(below: Sequence[Path]) -> Layout:
    names = [printable_name(path[0]) for path in below]
    folders = counted(len(set(names)), "folder is a class", "folders are the classes")
    deeper = ", with what lies deeper in them" if any(len(path) > 2 for path in below) else ""
    notes = [f"{folders}{deeper}"]
    doubtful = sorted(name for name in set(names) if PART_NAME.fullmatch(name))
    if doubtful:
        notes.append(f"folders taken for classes though parts are called so: {', '.join(doubtful)}")
    return Layout("classes", tuple(Place(name) for name in names), tuple(notes))


def _name(path: Path) -> str:
    return printable_name("/".join(path))
