"""Counts of a split's parts: how many images and classes each has, what is copied or has moved, and words for it."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from aepipe.bonds import TEST, TRAIN, VALIDATION, Pictures
from aepipe.datasets.images import ImageData
from aepipe.notation import counted
from aepipe.splits import Split, SplitSettings, is_by_content

IN_WORDS = {TRAIN: "to train", VALIDATION: "to validate", TEST: "held out"}


class PartCounts(BaseModel):
    """How many images each part has; what an older version did not count is None."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    num_train: int = Field(description="Images to train on.")
    num_validation: int = Field(description="Images to validate on.")
    num_test: int = Field(description="Normal images that are held out.")
    num_anomalous: int | None = Field(None, description="Images that are held out and not normal.")
    num_classes_train: int | None = Field(None, description="Classes among those to train on.")
    num_classes_validation: int | None = Field(None, description="Classes among those to validate on.")
    num_classes_test: int | None = Field(None, description="Classes among the normal ones that are held out.")
    num_different: int | None = Field(None, description="Pictures that differ.")
    num_test_seen: int | None = Field(None, description="Held-out pictures that are trained on too, as copies.")
    num_left_out: int | None = Field(None, description="Copies of held-out pictures that belong to no part.")
    num_torn: int | None = Field(None, description="Others that do, as they belong with images of several parts.")
    num_unused: int | None = Field(None, description="Images that are not normal and belong to no part.")
    num_moved: int | None = Field(None, description="Pictures that were in another part of the last state of the data.")
    asked_shares: dict[str, float] = Field({}, description="Shares that were asked for, of the parts that are drawn.")

    @property
    def by_part(self) -> dict[str, int]:
        """The number of images by part."""
        return {TRAIN: self.num_train, VALIDATION: self.num_validation, TEST: self.num_test}


def describe_parts(
    data: ImageData,
    split: Split,
    pictures: Pictures,
    settings: SplitSettings,
    before: Mapping[bytes, str] = MappingProxyType({}),
) -> PartCounts:
    """Return what is known of a split: the size of each part, its classes, and the copies.

    Args:
        data: The data set.
        split: Its rows.
        pictures: What its parts follow from.
        settings: How it was asked for.
        before: The parts that were remembered.
    """
    counts = {f"num_{name}": len(rows) for name, rows in split.parts.items()}
    if pictures.is_anomalous.any():
        counts |= {"num_anomalous": len(split.anomalous)}
    if data.labels is not None:
        counts |= {f"num_classes_{name}": len(np.unique(data.labels[rows])) for name, rows in split.parts.items()}
    digests, trained = pictures.digests, np.union1d(split.train, split.validation)
    placed = np.union1d(trained, split.held_out)
    nowhere = np.setdiff1d(np.arange(len(data)), placed)
    is_unused = pictures.is_anomalous[nowhere]
    num_copies = int(np.isin(digests[nowhere[~is_unused]], digests[placed]).sum())
    parts = {**split.parts, TEST: split.held_out}
    now = ((digest, name) for name, rows in parts.items() for digest in digests[rows].tolist())
    return PartCounts(
        **counts,
        num_different=len(np.unique(digests)),
        num_test_seen=int(np.isin(digests[split.held_out], digests[trained]).sum()),
        num_left_out=num_copies,
        num_torn=len(nowhere) - num_copies - int(is_unused.sum()),
        num_unused=int(is_unused.sum()),
        num_moved=sum(before.get(digest, name) != name for digest, name in now),
        asked_shares=asked_shares(data, settings),
    )


def asked_shares(data: ImageData, settings: SplitSettings) -> dict[str, float]:
    """Return the shares of the parts that are drawn by what pictures show: what they come to is chance."""
    if not is_by_content(data, settings):
        return {}
    asked = {TEST: settings.test_fraction, VALIDATION: settings.validation_fraction}
    is_normal = np.ones(len(data), bool) if data.anomalous is None else ~np.asarray(data.anomalous)
    given = set() if data.parts is None else set(np.asarray(data.parts)[is_normal].tolist())
    return {part: share for part, share in asked.items() if share and part not in given}


def say_parts(counts: PartCounts) -> str:
    """Return in one line what `describe_parts` knows; of an older split, what there is."""
    numbers = counts.by_part
    parts = [f"{numbers[name]:,} {words}{_of_classes(counts, name)}" for name, words in IN_WORDS.items()]
    if counts.num_anomalous is not None:
        parts[-1] = f"{numbers[TEST]:,} normal and {counts.num_anomalous:,} anomalous held out"
    said = [f"{', '.join(parts)}."]
    if counts.num_test_seen:
        pictures = counted(counts.num_test_seen, "held-out picture is", "held-out pictures are")
        said.append(f"{pictures} also trained on, as copies.")
    if counts.num_left_out:
        copies = counted(counts.num_left_out, "copy of a held-out picture is", "copies of held-out pictures are")
        said.append(f"{copies} left out of the training.")
    if counts.num_torn:
        said.append(
            f"{counted(counts.num_torn, 'image is', 'images are')} in no part: others of theirs are in several."
        )
    if counts.num_unused:
        said.append(
            f"{counted(counts.num_unused, 'image that is not normal is', 'images that are not normal are')} in no part."
        )
    if counts.num_moved:
        said.append(
            f"{counted(counts.num_moved, 'image has', 'images have')} moved from another part since the last run."
        )
    if counts.asked_shares:
        said.append(_say_shares(numbers, counts.asked_shares))
    return " ".join(said)


def _say_shares(numbers: Mapping[str, int], asked: Mapping[str, float]) -> str:
    """Return the shares that parts came to beside those that were asked for."""
    num_others = numbers[TRAIN] + numbers[VALIDATION]
    come_to = {TEST: numbers[TEST] / (num_others + numbers[TEST]), VALIDATION: numbers[VALIDATION] / num_others}
    words = {TEST: "held out", VALIDATION: "of the others to validate"}
    shares = [f"{come_to[part]:.0%} {words[part]} ({share:.0%})" for part, share in asked.items()]
    return f"Shares, and in brackets those asked for: {', '.join(shares)}; what a picture shows decides its part."


def _of_classes(counts: PartCounts, part: str) -> str:
    number = getattr(counts, f"num_classes_{part}")
    return "" if number is None else f" (of {counted(number, 'class', 'classes')})"
