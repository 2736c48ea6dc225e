"""What came of restoring pictures: counted while they are written, and told when they are."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from aepipe.evaluation.metrics import MIN_MSE, psnr_db
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import LocatedModel
from aepipe.inference.pictures import Picture, Pictures
from aepipe.inference.references import Nearness
from aepipe.inference.restored import had_alpha, loses_bits
from aepipe.notation import counted
from aepipe.results import Destination, ResultsManifest, place_of
from aepipe.results.manifest import TABLES

TABLE = TABLES["restore"]


@dataclass
class Tally:
    """What a person should know of restored pictures, counted while they are written.

    Attributes:
        nearness: To the clean pictures, of those that have one.
        without_clean: How many have none, by reason.
        num_tiled: Pictures that had another size than the model's.
        num_by_channel: Colour pictures whose channels were restored by themselves.
        num_made_shallow: Pictures whose file has fewer bits than they had.
        num_with_alpha: Pictures with a channel of transparency.
    """

    nearness: list[Nearness] = field(default_factory=list)
    without_clean: dict[str, int] = field(default_factory=dict)
    num_tiled: int = 0
    num_by_channel: int = 0
    num_made_shallow: int = 0
    num_with_alpha: int = 0

    def add(self, picture: Picture, original: np.ndarray, nearness: Nearness | str | None, loaded: LoadedModel) -> None:
        """Count a picture, with its own pixels and how near it came to its clean one or why that is not known."""
        self.num_tiled += original.shape[:2] != loaded.image_shape[:2]
        self.num_by_channel += original.shape[-1] > loaded.image_shape[2]
        self.num_made_shallow += loses_bits(original)
        self.num_with_alpha += had_alpha(picture)
        if isinstance(nearness, Nearness):
            self.nearness.append(nearness)
        elif nearness is not None:
            self.without_clean[nearness] = self.without_clean.get(nearness, 0) + 1


@dataclass(frozen=True)
class Restoration:
    """Restored pictures that were written.

    Attributes:
        model: The model.
        destination: The store, or the folder.
        manifest: What was written; None where there was nothing new.
        pictures: The account of the pictures.
        tally: What was done to them.
    """

    model: LocatedModel
    destination: Destination
    manifest: ResultsManifest | None
    pictures: Pictures
    tally: Tally

    def summary(self) -> dict[str, Any]:
        """Return all but the single pictures, for programs."""
        pictures, written, tally = self.pictures, self.manifest, self.tally
        return {
            "model": self.model.name,
            "recipe": self.model.recipe,
            "release": self.model.release,
            "output": None if written is None else place_of(self.destination, written),
            "run": None if written is None else written.run,
            "num_pictures": 0 if written is None else written.num_pictures,
            "num_unreadable": 0 if written is None else written.num_unreadable,
            "num_skipped": pictures.num_skipped if written is None else written.num_skipped,
            "num_tiled": tally.num_tiled,
            "num_by_channel": tally.num_by_channel,
            "num_made_shallow": tally.num_made_shallow,
            "num_with_alpha": tally.num_with_alpha,
            "passed_over": [one.model_dump(mode="json") for one in pictures.left_out],
            "without_clean": tally.without_clean,
            **means_of(tally.nearness),
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know."""
        made_by = f"{self.model.name} of release {self.model.release}"
        if self.pictures.num_skipped:
            yield f"{self.pictures.num_skipped:,} were restored before by {made_by}, and were not again."
        yield from (f"{one.line}." for one in self.pictures.left_out)
        if self.manifest is None:
            yield "Nothing is new: nothing was written."
            return
        if not self.model.trained.removes_noise:
            yield f"{self.model.name} was not trained to remove noise: what it can't reproduce is gone as well."
        yield from self._how()
        if self.manifest.num_unreadable:
            yield f"{self.manifest.num_unreadable:,} could not be read: state and reason are in {TABLE}."
        yield from nearness_lines(self.tally)
        place = place_of(self.destination, self.manifest)
        yield f"{counted(self.manifest.num_pictures, 'picture')} restored by {made_by}: {place}"

    def _how(self) -> Iterator[str]:
        tally, (height, width, _) = self.tally, self.model.trained.plan.image_shape
        mask = self.model.trained.trained_on.mask
        if mask is not None:
            yield f"By the mask of what it learned from, {mask.words}."
        if tally.num_tiled:
            scale = self.model.trained.trained_on.scale or 1
            both = f", and at {scale:.2g} of their size, which is the scale that the model learned at" * (scale < 1)
            yield f"{tally.num_tiled:,} had another size than {height} x {width}: restored in overlapping tiles{both}."
        if tally.num_by_channel:
            yield f"{tally.num_by_channel:,} in colour by a model of grey pictures: each channel by itself."
        if tally.num_made_shallow:
            yield f"{tally.num_made_shallow:,} in colour of more than 8 bits were written with 8."
        if tally.num_with_alpha:
            yield f"{tally.num_with_alpha:,} had a channel of transparency, which is not restored: they lie on white."


def means_of(nearness: Sequence[Nearness]) -> dict[str, Any]:
    """Return the mean nearness to clean pictures, before and after; the PSNR is that of the mean error."""
    if not nearness:
        return {}
    found = {name: float(np.mean([asdict(one)[name] for one in nearness])) for name in asdict(nearness[0])}
    psnr = {f"psnr_db_{when}": psnr_db(max(found[f"mse_{when}"], MIN_MSE)) for when in ("before", "after")}
    return {"num_with_clean": len(nearness), **found, **psnr}


def nearness_lines(tally: Tally) -> Iterator[str]:
    """Yield what came of a comparison with clean pictures."""
    for reason, count in tally.without_clean.items():
        yield f"{count:,} could not be compared: {reason}."
    means = means_of(tally.nearness)
    if means:
        psnr, ssim = ([means[f"{name}_{when}"] for when in ("before", "after")] for name in ("psnr_db", "ssim"))
        yield (
            f"Beside {counted(means['num_with_clean'], 'clean picture')}: PSNR {psnr[0]:.2f} dB before, {psnr[1]:.2f} "
            f"after; SSIM {ssim[0]:.3f} before, {ssim[1]:.3f} after."
        )
