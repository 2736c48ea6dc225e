"""A sample of the pictures that a run sees: what they look like, and their codes, in bounded memory."""

from collections.abc import Mapping, Sequence

import numpy as np

from aepipe.datasets.appearance import measure_pixels

MAX_PICTURES = 2000
DIGESTS, CODES = "digests", "codes"


class Observation:
    """What is kept of the pictures that go by: of those whose digests come first, which is a sample like any other, and
    the same in whatever order and batches they come.
    """

    def __init__(self, most: int = MAX_PICTURES):
        self._most = most
        self._kept: list[Mapping[str, np.ndarray]] = []
        # The largest digest that may still be kept; None while all are.
        self._bound: str | None = None

    def add(self, digests: Sequence[str], pixels: np.ndarray, codes: np.ndarray) -> None:
        """Take in a batch.

        Args:
            digests: One of each picture.
            pixels: (num_pictures, height, width, channels) float32 in [0, 1], as the model takes them.
            codes: (num_pictures, code_size).
        """
        found = np.asarray(digests, dtype=np.str_)
        rows = np.flatnonzero(found <= self._bound) if self._bound is not None else np.arange(len(found))
        if len(rows):
            self._kept.append({DIGESTS: found[rows], CODES: codes[rows], **measure_pixels(pixels[rows])})
        if sum(len(part[DIGESTS]) for part in self._kept) > 2 * self._most:
            self._cut()

    def columns(self) -> dict[str, np.ndarray]:
        """Return the measures of the sample, by name, and its codes: the first rows of either are a sample, too."""
        if not self._kept:
            return {}
        self._cut()
        return {name: column for name, column in self._kept[0].items() if name != DIGESTS}

    def _cut(self) -> None:
        """Keep the first digests only."""
        joined = {name: np.concatenate([part[name] for part in self._kept]) for name in self._kept[0]}
        order = np.argsort(joined[DIGESTS], kind="stable")[: self._most]
        self._kept = [{name: column[order] for name, column in joined.items()}]
        if len(order) == self._most:
            self._bound = str(joined[DIGESTS][order[-1]])
