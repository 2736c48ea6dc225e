"""Pixels: how well residual maps find the places that masks show. Counted by value, so that maps need no memory."""

import numpy as np
from scipy.ndimage import label

from aepipe.arrays import Float64

# Squared errors of pixels in [0, 1] by their logarithm: a value's class is half a percent wide.
SMALLEST, NUM_CLASSES = 1e-10, 4096
# Bergmann, Fauser, Sattlegger and Steger, "MVTec AD", 2019: overlap is judged up to this share of false pixels.
MAX_FALSE_SHARE = 0.3
EIGHT_NEIGHBOURS = np.ones((3, 3), int)


class PixelCounts:
    """Counts of the pixels of residual maps by value: those outside of masks, those inside, and each region's share."""

    def __init__(self) -> None:
        self._outside, self._inside, self._overlap = (np.zeros(NUM_CLASSES) for _ in range(3))
        self.num_masks = self.num_regions = 0

    def add(self, maps: Float64[np.ndarray, "num_images height width"], masks: np.ndarray) -> None:
        """Count the pixels of maps; the mask of a normal picture is empty."""
        classes = _classes_of(maps)
        self._outside += np.bincount(classes[~masks], minlength=NUM_CLASSES)
        self._inside += np.bincount(classes[masks], minlength=NUM_CLASSES)
        for of_pixels, mask in zip(classes, masks, strict=True):
            regions, count = label(mask, EIGHT_NEIGHBOURS)
            self.num_masks += int(count > 0)
            self.num_regions += count
            inside = regions[mask]
            # Each region counts for one, however many pixels it has.
            shares = 1 / np.bincount(inside, minlength=1)[inside]
            self._overlap += np.bincount(of_pixels[mask], shares, NUM_CLASSES)

    def auroc(self) -> float:
        """Return the share of pairs of a pixel outside and one inside of which the one inside has the larger residual.

        A pair of equal ones counts for half.
        """
        below = np.cumsum(self._outside) - self._outside
        return float(self._inside @ (below + self._outside / 2) / (self._inside.sum() * self._outside.sum()))

    def aupro(self) -> float:
        """Return the mean share of a region that is found, over all thresholds with at most 30% false pixels."""
        false, overlap = (np.concatenate([[0.0], np.cumsum(counts[::-1])]) for counts in (self._outside, self._overlap))
        false, overlap = false / false[-1], overlap / self.num_regions
        ends = np.interp(MAX_FALSE_SHARE, false, overlap)
        is_within = false < MAX_FALSE_SHARE
        false, overlap = np.append(false[is_within], MAX_FALSE_SHARE), np.append(overlap[is_within], ends)
        return float(np.trapezoid(overlap, false) / MAX_FALSE_SHARE)


def _classes_of(maps: np.ndarray) -> np.ndarray:
    places = np.log(np.maximum(maps, SMALLEST) / SMALLEST) / -np.log(SMALLEST)
    found: np.ndarray = np.minimum(places * NUM_CLASSES, NUM_CLASSES - 1).astype(np.int64)
    return found
