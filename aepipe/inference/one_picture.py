"""One picture that somebody names: its file, a place with one picture, or a row of a built-in data set."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from aepipe.datasets.formats.members import Member, checked_bytes, unreadable
from aepipe.datasets.own.rows import path_of
from aepipe.errors import DataError, ParameterError
from aepipe.inference.pictures import Picture, Pictures, Unreadable, open_pictures
from aepipe.recipes.trained import TrainedRecipe


def read_one(picture: str | None, rows: str | None, trained: TrainedRecipe) -> Picture:
    """Return the one picture that was named, with its own pixels.

    Args:
        picture: Its file, or a place with one picture.
        rows: A row of a built-in data set in place of it.
        trained: The recipe of the model that takes it.

    Raises:
        ParameterError: there are none or several.
        DataError: it can't be read.
    """
    with _open_one(picture, rows) as pictures:
        found = [one for batch in pictures.batches(trained, 2, keeps_originals=True) for one in batch]
    if len(found) != 1:
        raise ParameterError(
            "One picture is asked for.", "Name one file, or one row.", picture=picture or rows, pictures=len(found)
        )
    (one,) = found
    if isinstance(one, Unreadable):
        raise DataError("The picture must be readable.", picture=path_of(one.path), reason=one.reason)
    return one


@contextmanager
def _open_one(picture: str | None, rows: str | None) -> Iterator[Pictures]:
    path = None if picture is None else Path(picture).expanduser()
    if path is None or rows is not None or not path.is_file() or not Member(path.name, bytes).is_meant_to_be_a_picture:
        with open_pictures(picture, rows) as pictures:
            yield pictures
        return
    yield Pictures(str(path), [Member(path.name, partial(_read_file, path), None, path.stat().st_size)])


def _read_file(path: Path) -> bytes:
    try:
        return checked_bytes(path.read_bytes())
    except OSError as error:
        raise unreadable(path, error) from error
