"""Files by the paths that somebody wrote down for them."""

import posixpath
import unicodedata
from collections.abc import Iterable, Sequence


class FilesByPath:
    """The files of a listing, found by what a table calls them.

    Letters with accents may be written in two ways: macOS has one, and what people type is the other. A path without
    an ending is that of the one file that has it before its ending.
    """

    def __init__(self, names: Sequence[str]):
        self._names = set(names)
        self._composed = {_composed(name): name for name in self._names}
        self._by_stem: dict[str, str | None] = {}
        for name in self._names:
            stem = _composed(posixpath.splitext(name)[0])
            self._by_stem[stem] = None if stem in self._by_stem else name

    def find(self, paths: Sequence[str | None], starts: Iterable[str]) -> list[str | None]:
        """Return the file of each path; None where there is none, or several may be meant.

        Args:
            paths: None for nothing.
            starts: Folders that paths may begin at: the one under which most files are there is taken.
        """
        found = ([self._find(start, path) for path in paths] for start in dict.fromkeys(starts))
        return max(found, key=lambda files: sum(file is not None for file in files))

    def _find(self, start: str, path: str | None) -> str | None:
        if path is None:
            return None
        name = posixpath.normpath(posixpath.join(start, path))
        if name in self._names:
            return name
        composed = _composed(name)
        return self._composed.get(composed) or self._by_stem.get(composed)


def common_folder(names: Iterable[str]) -> str:
    """Return the folder that all files share; empty for the top."""
    folders = {posixpath.dirname(name) for name in names}
    return posixpath.commonpath(folders) if folders else ""


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
