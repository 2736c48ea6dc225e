"""A table of the literature: what is trained for each of its rows, and what it is held against."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from aepipe.stages.request import TrainingRequest
from aepipe.store import Store

# What a training came to, by name: the numbers of a row, in per-pixel units or whatever they are measured in.
Measured = Mapping[str, float | None]
# Trains what is asked for, and measures it on held-out images.
Measure = Callable[[Store, TrainingRequest], Measured]


@dataclass(frozen=True)
class Published:
    """A number that others came to.

    Attributes:
        value: In the figure's unit.
        who: Authors and year, or what was published.
        was_read: Where it is printed was read for this table; otherwise it is quoted as others quote it.
    """

    value: float
    who: str
    was_read: bool = True


@dataclass(frozen=True)
class Figure:
    """One number of a row.

    Attributes:
        name: What `Measured` calls it.
        label: What the table calls it, with its unit.
        times: From what is measured to the unit that was published.
        places: Decimal places that are printed.
        better: Which of two is better.
        published: What others came to.
        aim: What is to be reached; the best of what was published where None.
        quick_limit: What a quick run must reach, for a test of all of it in minutes.
    """

    name: str
    label: str
    times: float = 1.0
    places: int = 4
    better: Literal["lower", "higher"] = "lower"
    published: tuple[Published, ...] = ()
    aim: float | None = None
    quick_limit: float | None = None

    def reaches(self, value: float, limit: float) -> bool:
        """Tell whether a value in the figure's unit is as good as a limit."""
        return value <= limit if self.better == "lower" else value >= limit

    @property
    def target(self) -> float | None:
        """What is to be reached."""
        values = [number.value for number in self.published]
        if self.aim is not None or not values:
            return self.aim
        return min(values) if self.better == "lower" else max(values)


@dataclass(frozen=True)
class Case:
    """What is trained for one row, or for one part of a row that is a mean over parts.

    Attributes:
        row: What the row is called.
        request: What is trained, with seed 0.
        setting: The same in words.
        figures: The row's numbers.
        part: Which of the parts it is.
        measure: How they are come to.
        quick_steps: Steps of a quick run.
        is_quick: A quick run does it.
    """

    row: str
    request: TrainingRequest
    setting: str
    figures: tuple[Figure, ...]
    measure: Measure
    part: str = ""
    quick_steps: int = 100
    is_quick: bool = False

    def asked(self, seed: int, is_quick: bool) -> TrainingRequest:
        """Return what is trained with this seed."""
        changes: dict[str, int] = {"seed": seed}
        if is_quick:
            changes |= {"epochs": self.quick_steps, "max_steps": self.quick_steps}
        request = self.request
        return request.model_copy(update={"overrides": request.overrides.model_copy(update=changes)})


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        name: On the command line.
        title: Over the table.
        protocol: How it is measured, and where what was published is from.
        rows: What a row is, at the head of its column.
        cases: What is trained.
    """

    name: str
    title: str
    protocol: str
    rows: str
    cases: Callable[[], Iterator[Case]]
