"""Files that are not taken, counted by reason while a data set is listed and read."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from aepipe.io.names import printable_name

Reason = Literal[
    "broken",
    "picture of a kind that is not read",
    "picture with pixels of a kind that is not read",
    "too large",
    "special file",
    "link that leads nowhere",
    "link, encrypted or oddly packed",
    "outside of the archive",
    "same name twice",
    "named by the table, and not there",
    "without a clean picture",
    "of another size than its clean picture",
    "clean picture without a noisy one",
    "mask",
    "not in the table",
    "further frame",
    "link to what is read already",
    "file of a system",
    "hidden",
    "no picture",
]
# What several of them are called, where that is not what one is.
MANY: dict[Reason, str] = {
    "picture of a kind that is not read": "pictures of a kind that is not read",
    "picture with pixels of a kind that is not read": "pictures with pixels of a kind that is not read",
    "special file": "special files",
    "link that leads nowhere": "links that lead nowhere",
    "link, encrypted or oddly packed": "links, encrypted or oddly packed",
    "of another size than its clean picture": "of another size than their clean pictures",
    "clean picture without a noisy one": "clean pictures without a noisy one",
    "mask": "masks",
    "further frame": "further frames",
    "link to what is read already": "links to what is read already",
    "file of a system": "files of a system",
    "no picture": "no pictures",
}
EXPECTED = get_args(Reason)[: get_args(Reason).index("mask")]
MAX_NAMES = 5
MAX_ENDINGS = 8


class LeftOut(BaseModel):
    """Files that were left out for one reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason = Field(description="Why.")
    count: int = Field(description="How many.")
    names: tuple[str, ...] = Field((), description="A few of them, with what is wrong where each has its own fault.")
    endings: dict[str, int] = Field({}, description="Their commonest endings, where those are the reason.")

    @property
    def is_expected(self) -> bool:
        """Whether somebody put them there as pictures to train on."""
        return self.reason in EXPECTED

    @property
    def short(self) -> str:
        """How many and why, without names."""
        endings = self._endings_in_words
        return f"{self.count} {self._words}" + (f" ({endings})" if endings else "")

    @property
    def _words(self) -> str:
        return self.reason if self.count == 1 else MANY.get(self.reason, self.reason)

    @property
    def _endings_in_words(self) -> str:
        return ", ".join(f"{count} {ending}" for ending, count in self.endings.items())

    @property
    def line(self) -> str:
        """All of it, for a log."""
        names = "; ".join([*self.names, *(["..."] if self.count > len(self.names) else [])])
        return f"{self.count} left out, {self._words}: {self._endings_in_words or names}"


class Tally:
    """What was left out so far."""

    def __init__(self) -> None:
        self._counts: Counter[Reason] = Counter()
        self._names: dict[Reason, list[str]] = {}
        self._endings: dict[Reason, Counter[str]] = {}
        self._all: list[tuple[Reason, str, int]] = []

    def add(self, reason: Reason, name: str, fault: str = "", count: int = 1) -> None:
        """Count a file, or several of one name."""
        self._counts[reason] += count
        self._all.append((reason, name, count))
        names = self._names.setdefault(reason, [])
        if len(names) < MAX_NAMES:
            names.append(
                f"{printable_name(name)}: {printable_name(fault.removesuffix('.'))}" if fault else printable_name(name)
            )
        if reason in ("no picture", "picture of a kind that is not read"):
            self._endings.setdefault(reason, Counter())[ending_of(name)] += 1

    def copy(self) -> "Tally":
        """Return a tally that goes on by itself."""
        other = Tally()
        other._counts, other._names = self._counts.copy(), {key: list(names) for key, names in self._names.items()}
        other._endings = {key: endings.copy() for key, endings in self._endings.items()}
        other._all = self._all.copy()
        return other

    def __iter__(self) -> Iterator[tuple[Reason, str, int]]:
        """Yield reason, name and number of everything that was left out, as it came."""
        return iter(self._all)

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return what was counted, by reason."""
        return tuple(
            LeftOut(
                reason=reason,
                count=self._counts[reason],
                names=tuple(self._names[reason]),
                endings=dict(self._endings.get(reason, Counter()).most_common(MAX_ENDINGS)),
            )
            for reason in get_args(Reason)
            if self._counts[reason]
        )


def ending_of(name: str) -> str:
    """Return what a file's name ends with, in lower case."""
    base = name.rpartition("/")[2]
    stem, dot, ending = base.rpartition(".")
    return f".{printable_name(ending.lower())[:12]}" if dot and stem and ending else "without an ending"


def num_expected(left_out: Iterable[LeftOut]) -> int:
    """Return how many files that should have been pictures were left out."""
    return sum(one.count for one in left_out if one.is_expected)
