"""Tiles: pictures of any size through a model of one size, in overlapping windows that are put together smoothly."""

import math
from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from aepipe.arrays import Real
from aepipe.datasets.formats.fitting import Size

# Of tiles, (num_tiles, height, width, channels) in the pictures' own values, to tiles of the same shape.
Compute = Callable[[np.ndarray], np.ndarray]


def through_tiles(
    pictures: Real[np.ndarray, "num_pictures height width channels"], size: Size, compute: Compute, at_once: int
) -> Real[np.ndarray, "num_pictures height width channels"]:
    """Return what becomes of pictures whose every tile is computed by itself, of the same shape and type.

    Tiles overlap by at least half. Each pixel is the mean of what its tiles came to, weighted by a window that falls
    to nearly nothing at a tile's edges, so that none of them shows. Sides shorter than a tile's are continued by
    reflection, and cut again. Beside the pictures, rows of tiles are in memory one at a time.

    Args:
        pictures: The pictures.
        size: The (height, width) of a tile.
        compute: What is done to tiles.
        at_once: How many tiles it is given at most.
    """
    margins = [max(0, side - length) for side, length in zip(size, pictures.shape[1:3], strict=True)]
    around = [(0, 0), *((margin // 2, margin - margin // 2) for margin in margins), (0, 0)]
    padded = np.pad(pictures, around, mode="reflect") if any(margins) else pictures
    found = _put_together(padded, size, compute, at_once)
    (top, _), (left, _) = around[1:3]
    return found[:, top : top + pictures.shape[1], left : left + pictures.shape[2]]


def _put_together(pictures: np.ndarray, size: Size, compute: Compute, at_once: int) -> np.ndarray:
    """Return the same of pictures that are at least as large as a tile, a row of tiles after the other."""
    num_pictures, height, width, channels = pictures.shape
    tops, lefts = starts(height, size[0]), starts(width, size[1])
    weights = _total_weight(tops, size[0])[:, np.newaxis, np.newaxis] * _total_weight(lefts, size[1])[:, np.newaxis]
    found = np.empty_like(pictures)
    sums = np.zeros((num_pictures, size[0], width, channels), np.float32)
    for top, following in zip(tops, [*tops[1:], height], strict=True):
        _add_row(sums, pictures[:, top : top + size[0]], lefts, compute, at_once)
        # No further tile reaches these.
        num_done = following - top
        found[:, top:following] = _as_type(sums[:, :num_done] / weights[top:following], pictures.dtype)
        sums = np.concatenate([sums[:, num_done:], np.zeros_like(sums[:, :num_done])], axis=1)
    return found


def _add_row(sums: np.ndarray, rows: np.ndarray, lefts: Sequence[int], compute: Compute, at_once: int) -> None:
    """Add what a row of tiles came to, times its window."""
    side = rows.shape[1]
    places = list(product(range(len(rows)), lefts))
    width = rows.shape[2] - lefts[-1]
    window = (_window(side)[:, np.newaxis] * _window(width))[..., np.newaxis]
    for first in range(0, len(places), at_once):
        some = places[first : first + at_once]
        tiles = compute(np.stack([rows[number, :, left : left + width] for number, left in some]))
        for (number, left), tile in zip(some, tiles, strict=True):
            sums[number, :, left : left + width] += window * tile


def starts(length: int, side: int) -> list[int]:
    """Return where tiles of a side begin along a length: evenly, from end to end, over half of a tile at most."""
    num_steps = math.ceil((length - side) / max(1, side // 2))
    return [round(number * (length - side) / max(1, num_steps)) for number in range(num_steps + 1)]


def _window(side: int) -> np.ndarray:
    """Return the weights along a tile, (side,): a raised cosine, nowhere zero."""
    weights: np.ndarray = np.sin(np.pi * (np.arange(side) + 0.5) / side) ** 2
    return weights.astype(np.float32)


def _total_weight(begins: Sequence[int], side: int) -> np.ndarray:
    total = np.zeros(begins[-1] + side, np.float32)
    for begin in begins:
        total[begin : begin + side] += _window(side)
    return total


def _as_type(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    return values.astype(dtype) if dtype.kind == "f" else np.rint(values).astype(dtype)
