"""Which images train, which validate, which are held out. A split is indices, never copies of images."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError

SplitMethod = Literal["fraction", "official", "known-persons", "unseen-persons"]


class SplitSettings(BaseModel):
    """How a data set is divided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: SplitMethod = Field(
        "fraction",
        description="fraction: a share of the images; official: the source's own test part; known-persons: some images "
        "of each person; unseen-persons: whole persons.",
    )
    test_fraction: float = Field(0.3, gt=0, lt=1, description="Share held out for the test; not used by official.")
    validation_fraction: float = Field(0.1, ge=0, lt=1, description="Share of the training part cut for validation.")
    shuffle: bool = Field(True, description="Draw at random, by class where there are labels; otherwise in order.")
    seed: int = Field(0, ge=0, lt=2**32, description="What the draw depends on.")

    @property
    def label(self) -> str:
        """A short name that tells this split from the others of one data set."""
        return self.method if self.shuffle else f"{self.method}-in-order"


@dataclass(frozen=True)
class Split:
    """Rows of the three parts, each int64 and in ascending order. Together they are every row, once."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def evenly_spaced(total: int, most: int) -> np.ndarray:
    """Return at most so many of `total` places, the first and the last among them, at even distances."""
    return np.linspace(0, total - 1, min(total, most)).astype(int)


def make_split(data: ImageData, settings: SplitSettings) -> Split:
    """Divide a data set.

    Raises:
        ParameterError: the method needs something that the data set does not have, or a part would be empty.
    """
    rows = np.arange(len(data))
    generator = np.random.Generator(np.random.PCG64(settings.seed))
    test = _test_rows(data, settings, generator)
    rest = np.setdiff1d(rows, test)
    strata = _strata(data, settings)
    validation = _draw(rest, strata[rest], settings.validation_fraction, settings.shuffle, generator)
    split = Split(np.setdiff1d(rest, validation), validation, np.sort(test))
    if not len(split.train) or not len(split.test):
        raise ParameterError(
            "Both the training and the test part need at least one image.",
            num_images=len(data),
            split=settings.model_dump(),
        )
    return split


def default_method(data_has_official: bool, data_has_persons: bool) -> SplitMethod:
    """Return the split that a data set is best judged by."""
    if data_has_official:
        return "official"
    return "known-persons" if data_has_persons else "fraction"


def _test_rows(data: ImageData, settings: SplitSettings, generator: np.random.Generator) -> np.ndarray:
    rows = np.arange(len(data))
    if settings.method == "official":
        _require(data.num_official_train is not None, data, settings, "an official test part")
        return rows[data.num_official_train :]
    if settings.method == "fraction":
        return _draw(rows, _strata(data, settings), settings.test_fraction, settings.shuffle, generator)
    _require(data.persons is not None, data, settings, "a person for each image")
    if settings.method == "known-persons":
        return _draw(rows, data.persons, settings.test_fraction, settings.shuffle, generator)
    persons = np.unique(data.persons)
    held_out = _draw(persons, np.zeros_like(persons), settings.test_fraction, settings.shuffle, generator)
    return np.flatnonzero(np.isin(data.persons, held_out))


def _require(has: bool, data: ImageData, settings: SplitSettings, needed: str) -> None:
    if not has:
        raise ParameterError(
            f"The split method {settings.method} needs {needed}.",
            "Take method fraction for this data set.",
            data_set=data.name,
        )


def _strata(data: ImageData, settings: SplitSettings) -> np.ndarray:
    by_class = settings.shuffle and data.labels is not None
    return data.labels if by_class else np.zeros(len(data), np.int64)


def _draw(rows: np.ndarray, strata: np.ndarray, fraction: float, shuffle: bool, generator) -> np.ndarray:
    """Return about `fraction` of the rows of each stratum; the last ones where nothing is shuffled."""
    drawn = []
    for stratum in np.unique(strata):
        members = rows[strata == stratum]
        # ceil(0.3 n) held out leaves floor(0.7 n) to train, and no row is lost.
        count = len(members) - int(len(members) * (1 - fraction) + 1e-9) if fraction else 0
        order = generator.permutation(members) if shuffle else members
        drawn.append(order[len(members) - count :])
    return np.sort(np.concatenate(drawn)) if drawn else rows[:0]
