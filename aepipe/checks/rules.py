"""Rules of the checks that a data set's index tells: each holds it against its limit, or the release's."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from aepipe.bonds import TEST, TRAIN, VALIDATION
from aepipe.checks.census import sizes_of
from aepipe.checks.measures import Measured
from aepipe.checks.settings import CheckSettings
from aepipe.checks.verdict import CheckLine
from aepipe.datasets.account import Account
from aepipe.datasets.index import ANOMALOUS, OK, Index
from aepipe.datasets.tally import num_expected
from aepipe.io.names import printable_name
from aepipe.notation import counted

if TYPE_CHECKING:
    import pandas as pd

NO_REFERENCE = "nothing to compare with yet"
MAX_NAMES = 5


@dataclass(frozen=True)
class Before:
    """What is compared with.

    Attributes:
        release: The release's id.
        index: Its index of the data set.
        measures: Measures of a sample of its images; None where it has none.
    """

    release: str
    index: Index
    measures: Measured | None


def of_normal_ones(images: "pd.DataFrame") -> "pd.Series[bool]":
    """Tell of each image whether it is the first of its pixels, and normal: drift is of what models learn from."""
    return (images["state"] == OK) & (images["kind"] != ANOMALOUS)


@dataclass(frozen=True)
class Comparison:
    """A data set beside what it was.

    Attributes:
        account: What was taken of the files, and what was not.
        given: Its index, with the parts that the user's own folders name.
        before: What it is compared with; None where there is nothing.
    """

    account: Account
    given: Index
    before: Before | None

    @cached_property
    def new_rows(self) -> np.ndarray:
        """Rows of the images whose file was not there or had other pixels; all where there is nothing before."""
        images, known = self.given.images, set[tuple[str, str]]()
        if self.before is not None:
            earlier = self.before.index.images
            known = set(zip(earlier["path"], earlier["pixels_sha256"], strict=True))
        found = zip(images["path"], images["pixels_sha256"], strict=True)
        return np.array([row for row, one in enumerate(found) if one not in known], np.int64)

    @cached_property
    def new_pixels(self) -> np.ndarray:
        """Rows of the different normal images whose pixels no file of the release has."""
        images = self.given.images
        known = set() if self.before is None else set(self.before.index.images["pixels_sha256"])
        is_new: np.ndarray = (~images["pixels_sha256"].isin(known) & of_normal_ones(images)).to_numpy()
        return np.flatnonzero(is_new)


def check_files(comparison: Comparison, most_left_out: float) -> CheckLine:
    """Return how many of the files that look like pictures gave none."""
    account = comparison.account
    reasons, missing = [one.short for one in account.left_out if one.is_expected], num_expected(account.left_out)
    files = counted(missing + account.num_taken, "file that looks like a picture", "files that look like pictures")
    says = f"{missing} of {files} gave none" + (f": {'; '.join(reasons)}" if reasons else "")
    return share_line("broken files", "data.most_left_out", most_left_out, account.left_out_share, says)


def check_count(comparison: Comparison, settings: CheckSettings) -> CheckLine:
    """Return by how much the images are fewer."""
    name, setting, limit = "fewer images", "data.checks.most_fewer", settings.most_fewer
    if comparison.before is None:
        return untold(name, setting, limit, NO_REFERENCE)
    now, before = len(comparison.given.images), len(comparison.before.index.images)
    says = f"had {before:,} images in release {comparison.before.release}, has {now:,}"
    return share_line(name, setting, limit, max(0.0, 1 - now / max(1, before)), says)


def check_classes(comparison: Comparison, settings: CheckSettings) -> Iterator[CheckLine]:
    """Yield how many classes vanished, and how many appeared."""
    vanished = "classes that vanished", "data.checks.most_vanished_classes", settings.most_vanished_classes
    appeared = "classes that appeared", "data.checks.most_new_classes", settings.most_new_classes
    if comparison.before is None:
        yield from (untold(*which, NO_REFERENCE) for which in (vanished, appeared))
        return
    now, before = (_classes(index) for index in (comparison.given, comparison.before.index))
    for (name, setting, limit), found in ((vanished, before - now), (appeared, now - before)):
        holds, allows = len(found) <= limit, None if len(found) <= limit else len(found)
        says = _few(sorted(found)) or "none"
        yield CheckLine(
            name=name, setting=setting, limit=limit, found=len(found), allows=allows, holds=holds, says=says
        )


def check_constant(comparison: Comparison, new: Measured, settings: CheckSettings) -> CheckLine:
    """Return how many of the new images, or of a sample of them, are of one value all over."""
    name, setting, limit = "constant images", "data.checks.most_constant", settings.most_constant
    if not len(new):
        return untold(name, setting, limit, "no image is new")
    of_all = "" if len(comparison.new_rows) == len(new) else f", a sample of {len(comparison.new_rows):,},"
    says = f"{new.num_constant} of {counted(len(new), 'new image')}{of_all} of one value all over"
    return share_line(name, setting, limit, new.num_constant / len(new), says)


def check_shared(comparison: Comparison, settings: CheckSettings) -> CheckLine:
    """Return how many images of the user's own validation and test parts are in another part too."""
    name, setting, limit = "images in several parts", "data.checks.most_shared", settings.most_shared
    images = comparison.given.images
    images = images[images["part"].isin((TRAIN, VALIDATION, TEST))]
    held_out = images[images["part"] != TRAIN]
    if not len(held_out):
        return untold(name, setting, limit, "no folder names a part to validate or to test")
    num_parts = images.groupby("pixels_sha256")["part"].nunique()
    shared = held_out[held_out["pixels_sha256"].map(num_parts) > 1]
    names = f", with the pixels of one of another part: {_few(shared['path'].tolist())}" if len(shared) else ""
    says = f"{len(shared)} of {counted(len(held_out), 'image')} to validate and to test{names}"
    return share_line(name, setting, limit, len(shared) / len(held_out), says)


def check_sizes(comparison: Comparison, settings: CheckSettings) -> CheckLine:
    """Return how many of the new images have another size than most of the release's files."""
    name, setting, limit = "other sizes", "data.checks.most_other_sizes", settings.most_other_sizes
    reason = why_untold(comparison, len(comparison.new_rows), settings)
    if reason is not None or comparison.before is None:
        return untold(name, setting, limit, reason or NO_REFERENCE)
    shares = sizes_of(comparison.before.index.images).value_counts(normalize=True)
    usual = next((str(size) for size, share in shares.items() if share > 0.5), None)
    if usual is None:
        return untold(name, setting, limit, "no size is that of most files of the release")
    sizes = sizes_of(comparison.given.images.iloc[comparison.new_rows])
    others = sizes[sizes != usual]
    which = f": {_few([str(size) for size in others.value_counts().index])}" if len(others) else ""
    says = f"{len(others)} of {counted(len(sizes), 'new image')}, where most were {usual}{which}"
    return share_line(name, setting, limit, len(others) / len(sizes), says)


def why_untold(comparison: Comparison, num_new: int, settings: CheckSettings) -> str | None:
    """Return why new images can't be held against the release's, in words; None where they can."""
    if comparison.before is None:
        return NO_REFERENCE
    if num_new < settings.min_new:
        return f"{counted(num_new, 'new image')}, too few to tell: that takes {settings.min_new}"
    return None


def share_line(name: str, setting: str, limit: float, share: float, says: str) -> CheckLine:
    """Return what a check came to whose limit is a share."""
    allows = None if share <= limit else min(1.0, round_up(share))
    return CheckLine(
        name=name, setting=setting, limit=limit, found=share, allows=allows, holds=share <= limit, says=says
    )


def untold(name: str, setting: str, limit: float, why: str) -> CheckLine:
    """Return that a check can't be made, which breaks nothing."""
    return CheckLine(name=name, setting=setting, limit=limit, holds=True, says=why)


def round_up(value: float) -> float:
    """Return the next hundredth: a limit that allows the value."""
    return math.ceil(value * 100) / 100


def _classes(index: Index) -> set[str]:
    return {name for name in index.images["class"] if name is not None}


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(printable_name(name) for name in names[:MAX_NAMES])
    return f"{shown} and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else shown
