"""Splits of a data set: rows that train, that validate, that are held out; indices, never copies of images.

Of a user's own images, which come and go, each picture's part follows from its pixels or its group (`aepipe.parts`);
the built-in sets never change, and their rows are drawn.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.bonds import NONE, PARTS, TEST, VALIDATION, Pictures
from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.parts import draw_parts, picture_digests

T = TypeVar("T")
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
    shuffle: bool = Field(
        True,
        description="Draw at random, by class where there are labels, one's own images by what they show; otherwise in "
        "order.",
    )
    seed: int = Field(0, ge=0, lt=2**32, description="What the draw depends on.")

    @property
    def label(self) -> str:
        """A short name that tells this split from the others of one data set."""
        return self.method if self.shuffle else f"{self.method}-in-order"


@dataclass(frozen=True)
class Split:
    """Rows of the three parts, each int64 and in ascending order; what is held out and not normal stands by itself.

    Together they are every row, once; but for copies of held-out pictures among those that a source has to train, and
    for what is not normal there.

    Attributes:
        train: Rows to train on.
        validation: Rows to choose the epoch by.
        test: Normal rows that are held out.
        anomalous: Those that are not normal. They are held out, too: an index has them in the part test.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    anomalous: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def parts(self) -> dict[str, np.ndarray]:
        """The rows of normal pictures by the part's name."""
        return {name: getattr(self, name) for name in PARTS}

    @property
    def held_out(self) -> np.ndarray:
        """All rows of the part test, whatever they show."""
        return np.union1d(self.test, self.anomalous)


def evenly_spaced(total: int, most: int) -> np.ndarray:
    """Return at most so many of `total` places, the first and the last among them, at even distances."""
    return np.linspace(0, total - 1, min(total, most)).astype(int)


def make_split(
    data: ImageData,
    settings: SplitSettings,
    pictures: Pictures | None = None,
    before: Mapping[bytes, str] = MappingProxyType({}),
) -> Split:
    """Divide a data set.

    Args:
        data: The images.
        settings: How they are divided.
        pictures: What parts of one's own images follow from; what the images say of it where None.
        before: The parts that are remembered of them, as `aepipe.parts.remember` gives them.

    Raises:
        ParameterError: the method needs something that the data set does not have, or a part would be empty.
        DataError: all pictures are equal, or all are of one group.
    """
    if is_by_content(data, settings):
        known = pictures_of(data) if pictures is None else pictures
        fractions = {TEST: settings.test_fraction, VALIDATION: settings.validation_fraction}
        parts = draw_parts(known, fractions, settings.seed, before)
        train, validation, held_out = (np.flatnonzero(parts == name) for name in PARTS)
        split = _without_anomalous(train, validation, held_out, known.is_anomalous)
    else:
        split = _split_rows(data, settings, _anomalous(data) if pictures is None else pictures.is_anomalous)
    if not len(split.train) or not len(split.test):
        raise ParameterError(
            "Both the training and the test part need at least one normal image.",
            num_images=len(data),
            split=settings.model_dump(),
        )
    return split


def is_by_content(data: ImageData, settings: SplitSettings) -> bool:
    """Tell whether parts follow from what pictures show."""
    has_parts = data.parts is not None and bool(np.any(np.asarray(data.parts) != NONE))
    return settings.method == "fraction" and (has_parts or (data.is_own and settings.shuffle))


def pictures_of(data: ImageData) -> Pictures:
    """Return what images that no index tells of say about their parts."""
    files = None
    if data.files is not None:
        _, of, counts = np.unique(data.files, return_inverse=True, return_counts=True)
        files = np.where(counts[of] > 1, data.files.astype(str), NONE)
    return Pictures.of(picture_digests(data.images), data.parts, files=files, is_anomalous=_anomalous(data))


def _anomalous(data: ImageData) -> np.ndarray:
    return np.zeros(len(data), bool) if data.anomalous is None else np.asarray(data.anomalous)


def _split_rows(data: ImageData, settings: SplitSettings, is_anomalous: np.ndarray) -> Split:
    generator = np.random.Generator(np.random.PCG64(settings.seed))
    held_out = _test_rows(data, settings, generator)
    if data.is_own:
        # As everywhere with one's own images, none that is not normal is lost.
        held_out = np.union1d(held_out, np.flatnonzero(is_anomalous))
    rest = np.setdiff1d(np.flatnonzero(~is_anomalous), held_out)
    strata = _strata(data, settings)
    validation = _draw(rest, strata[rest], settings.validation_fraction, settings.shuffle, generator)
    return _without_anomalous(np.setdiff1d(rest, validation), validation, np.sort(held_out), is_anomalous)


def _without_anomalous(
    train: np.ndarray, validation: np.ndarray, held_out: np.ndarray, is_anomalous: np.ndarray
) -> Split:
    return Split(train, validation, held_out[~is_anomalous[held_out]], held_out[is_anomalous[held_out]])


def default_method(data_has_official: bool, data_has_persons: bool) -> SplitMethod:
    """Return the split that a data set is best judged by."""
    if data_has_official:
        return "official"
    return "known-persons" if data_has_persons else "fraction"


def _test_rows(data: ImageData, settings: SplitSettings, generator: np.random.Generator) -> np.ndarray:
    rows = np.arange(len(data))
    if settings.method == "official":
        return rows[_required(data.num_official_train, data, settings, "an official test part") :]
    if settings.method == "fraction":
        return _draw(rows, _strata(data, settings), settings.test_fraction, settings.shuffle, generator)
    person_of_each = _required(data.persons, data, settings, "a person for each image")
    if settings.method == "known-persons":
        return _draw(rows, person_of_each, settings.test_fraction, settings.shuffle, generator)
    persons = np.unique(person_of_each)
    held_out = _draw(persons, np.zeros_like(persons), settings.test_fraction, settings.shuffle, generator)
    return np.flatnonzero(np.isin(person_of_each, held_out))


def _required(value: T | None, data: ImageData, settings: SplitSettings, needed: str) -> T:
    if value is None:
        raise ParameterError(
            f"The split method {settings.method} needs {needed}.",
            "Take method fraction for this data set.",
            data_set=data.name,
        )
    return value


def _strata(data: ImageData, settings: SplitSettings) -> np.ndarray:
    if settings.shuffle and data.labels is not None:
        return data.labels
    return np.zeros(len(data), np.int64)


def _draw(
    rows: np.ndarray, strata: np.ndarray, fraction: float, shuffle: bool, generator: np.random.Generator
) -> np.ndarray:
    """Return about `fraction` of the rows of each stratum; the last ones where nothing is shuffled."""
    drawn = []
    for stratum in np.unique(strata):
        members = rows[strata == stratum]
        # ceil(0.3 n) held out leaves floor(0.7 n) to train, and no row is lost.
        count = len(members) - int(len(members) * (1 - fraction) + 1e-9) if fraction else 0
        order = generator.permutation(members) if shuffle else members
        drawn.append(order[len(members) - count :])
    return np.sort(np.concatenate(drawn)) if drawn else rows[:0]
