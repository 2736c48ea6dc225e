"""Rules of the checks that pixels tell: how far the new images are from those of the release."""

from collections.abc import Iterator

import numpy as np

from aepipe.checks.codes import held_out_codes, new_codes, plan_of
from aepipe.checks.drift import Drift, mean_discrepancy, stability_index
from aepipe.checks.measures import Measured, measure, sample
from aepipe.checks.reference import PublishedEncoder
from aepipe.checks.rules import NO_REFERENCE, Comparison, round_up, untold, why_untold
from aepipe.checks.settings import CheckSettings
from aepipe.checks.verdict import CheckLine
from aepipe.datasets.appearance import MEASURES
from aepipe.datasets.images import ImageData
from aepipe.notation import counted, fixed
from aepipe.store.interface import Store

SETTING = "data.checks.most_drift"
CODES, CODES_SETTING = "drift of codes", "data.checks.most_code_drift"
SEED = 0


def check_drift(comparison: Comparison, images: ImageData, settings: CheckSettings) -> Iterator[CheckLine]:
    """Yield how far brightness, contrast and sharpness of the new images are from the release's."""
    reason = _why_no_measures(comparison, images, settings)
    before = None if comparison.before is None else comparison.before.measures
    if reason is not None or before is None:
        for name in MEASURES:
            yield untold(f"drift of {name}", SETTING, settings.most_drift, reason or NO_REFERENCE)
        return
    new = measure(images, sample(comparison.new_pixels))
    for name in MEASURES:
        values = before.values[name], new.values[name]
        medians = [fixed(float(np.median(column)), 2) for column in values]
        says = (
            f"population stability index of {len(new):,} new images and {len(before):,} of the release; "
            f"medians {medians[0]} then, {medians[1]} now"
        )
        yield _drift_line(f"drift of {name}", SETTING, settings.most_drift, stability_index(*values), says, settings)


def check_code_drift(
    comparison: Comparison, images: ImageData, store: Store, encoder: PublishedEncoder | None, settings: CheckSettings
) -> CheckLine:
    """Return how far the new images' codes are from those of the images that were held out for the release."""
    limit, reason = settings.most_code_drift, why_untold(comparison, len(comparison.new_pixels), settings)
    if reason is not None or encoder is None:
        return untold(CODES, CODES_SETTING, limit, reason or "the release has no model that this run trains")
    before, shape = held_out_codes(store, encoder), plan_of(store, encoder).image_shape
    reason = _why_other_shapes(shape, images.image_shape) or _why_few(len(before), settings)
    if reason is not None:
        return untold(CODES, CODES_SETTING, limit, reason)
    codes = new_codes(store, encoder, images, comparison.new_pixels)
    says = (
        f"squared maximum mean discrepancy of {len(codes):,} new codes of {encoder.model} and {len(before):,} of "
        f"held-out images, permutations of seed {SEED}"
    )
    return _drift_line(CODES, CODES_SETTING, limit, mean_discrepancy(before, codes, SEED), says, settings)


def _why_no_measures(comparison: Comparison, images: ImageData, settings: CheckSettings) -> str | None:
    reason = why_untold(comparison, len(comparison.new_pixels), settings)
    if reason is not None or comparison.before is None:
        return reason
    measures: Measured | None = comparison.before.measures
    if measures is None:
        return "the release has no measures of its images"
    return _why_other_shapes(measures.image_shape, images.image_shape) or _why_few(len(measures), settings)


def _why_other_shapes(before: tuple[int, ...], now: tuple[int, ...]) -> str | None:
    if before == now:
        return None
    shapes = [" x ".join(map(str, shape)) for shape in (before, now)]
    return f"not compared: the release's images are {shapes[0]}, these {shapes[1]}"


def _why_few(num_before: int, settings: CheckSettings) -> str | None:
    if num_before >= settings.min_new:
        return None
    return f"{counted(num_before, 'image')} of the release, too few to tell: that takes {settings.min_new}"


def _drift_line(name: str, setting: str, limit: float, drift: Drift, says: str, settings: CheckSettings) -> CheckLine:
    """Return what a drift came to; one that chance may account for breaks nothing."""
    may_be_chance = drift.p_value > settings.false_alarms
    holds = drift.size <= limit or may_be_chance
    chance = f"p = {fixed(drift.p_value, 2)}" if drift.p_value >= 1e-4 else "p under 0.0001"
    if drift.size > limit and may_be_chance:
        chance = f"{chance}, so that it may be chance"
    return CheckLine(
        name=name,
        setting=setting,
        limit=limit,
        found=drift.size,
        allows=None if holds else round_up(drift.size),
        holds=holds,
        says=f"{says}; {chance}",
    )
