"""A change: one thing on a server that is not as the files say, and what brings it there."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum


class Kind(Enum):
    """How a thing differs from the files; each with the words for what was found, and for what was done about it."""

    MISSING = ("missing", "created")
    DIFFERENT = ("not as in the file", "updated")
    SURPLUS = ("not in the file", "removed")

    def __init__(self, found: str, done: str):
        self.found, self.done = found, done


@dataclass(frozen=True)
class Change:
    """A difference between a server and the files.

    Attributes:
        subject: What it is about: a work pool, a deployment, a schedule, an automation, by its full name.
        kind: How it differs.
        mend: Brings it to what the files say.
        fields: What of it differs, where that is known.
    """

    subject: str
    kind: Kind
    mend: Callable[[], object] = field(compare=False, repr=False)
    fields: tuple[str, ...] = ()

    @property
    def found(self) -> str:
        """What is the matter with it, in words for operators."""
        return f"differs in {', '.join(self.fields)}" if self.fields else self.kind.found

    @property
    def done(self) -> str:
        """What mending it did, in words for operators."""
        return " ".join(filter(None, [self.kind.done, ", ".join(self.fields)]))


def mend_all(changes: Iterable[Change]) -> Iterator[Change]:
    """Mend one after the other, and yield each that is mended."""
    for change in changes:
        change.mend()
        yield change
