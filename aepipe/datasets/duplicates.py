"""Images whose pixels are equal."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from aepipe.io.names import printable_name

MAX_PAIRS = 3


@dataclass(frozen=True)
class Duplicates:
    """How many images equal one before them, and a few of those in words."""

    count: int
    pairs: tuple[str, ...]


def find_duplicates(images: np.ndarray, names: Sequence[str]) -> Duplicates:
    """Return which images have the pixels of another one before them.

    Args:
        images: (num_images, height, width, channels).
        names: A name for each.
    """
    first: dict[bytes, str] = {}
    count, pairs = 0, list[str]()
    for image, name in zip(images, names, strict=True):
        values = np.ascontiguousarray(image).reshape(-1).view(np.uint8)
        other = first.setdefault(hashlib.blake2b(values.data, digest_size=16).digest(), name)
        if other is name:
            continue
        count += 1
        if len(pairs) < MAX_PAIRS:
            pairs.append(f"{printable_name(name)} equals {printable_name(other)}")
    return Duplicates(count, tuple(pairs))
