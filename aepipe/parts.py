"""Which part a picture belongs to, decided by what it shows: parts hold still while pictures come and go.

A place in [0, 1) is drawn for each picture from its pixels' digest and the seed. Those below the fraction are held
out, so equal pictures share a part, and no picture's part depends on another's, on its name or on their order.
"""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from aepipe.errors import DataError

TRAIN, VALIDATION, TEST, NONE = "train", "validation", "test", ""
PARTS = (TRAIN, VALIDATION, TEST)
DIGEST_BYTES = 16


def picture_digests(images: np.ndarray) -> np.ndarray:
    """Return (num_images,) of 32 hex digits each as bytes: equal where pixels, their type and the shape are."""
    kind = f"{images.dtype.str}{images.shape[1:]}".encode()
    pixels = (np.ascontiguousarray(image).data for image in images)
    digests = [hashlib.blake2b(values, key=kind, digest_size=DIGEST_BYTES) for values in pixels]
    return np.array([digest.hexdigest().encode() for digest in digests], f"S{2 * DIGEST_BYTES}")


def draw_parts(
    digests: np.ndarray, fractions: Mapping[str, float], seed: int, given: np.ndarray | None = None
) -> np.ndarray:
    """Return the part of each picture: train, validation, test; empty for copies of what is held out.

    A part that the source made is kept. One that it did not make is drawn from the pictures that it has to train, or
    says nothing of. Where the draw leaves a part empty, the picture nearest to the limit is moved into it: first to
    test, then to train, then to validation, as far as there are different pictures. A picture whose copies alone would
    be more than half of a part is not drawn into it: a placeholder is not what a model is judged by.

    Args:
        digests: (num_images,) as `picture_digests` gives them.
        fractions: The share of different pictures that is held out (test), then that of the others that validates
            (validation).
        seed: What the draw depends on.
        given: (num_images,) of train, validation, test or empty, as the source has them; None where it has no parts.

    Raises:
        DataError: all pictures are equal.
    """
    distinct, picture, counts = np.unique(digests, return_inverse=True, return_counts=True)
    if len(distinct) < 2:
        raise DataError(
            "The pictures of a data set must differ: all of these are equal.",
            "Look at them: a covered camera and a placeholder look like this.",
            num_images=len(digests),
            num_different=len(distinct),
        )
    given = np.full(len(digests), NONE) if given is None else np.asarray(given)
    parts = np.full(len(distinct), TRAIN, dtype="<U10")
    # In this order: a copy of a held-out picture is held out, whatever else the source calls it.
    for name in (VALIDATION, TEST):
        parts[picture[given == name]] = name
    wanted = {name: fraction for name, fraction in fractions.items() if fraction and not (given == name).any()}
    for number, (name, fraction) in enumerate(wanted.items(), 1):
        free = np.flatnonzero(parts == TRAIN)
        most = max(len(free) - (1 + len(wanted) - number), min(1, len(free) - 1))
        rare = free[(counts[free] == 1) | (counts[free] <= fraction * len(digests) / 2)]
        free = rare if len(rare) else free
        parts[free[_below(_places(distinct[free], f"{seed}/{name}"), fraction, most)]] = name
    drawn = parts[picture]
    is_copy = (given != NONE) & (given != drawn) & np.isin(drawn, given)
    return np.where(is_copy, NONE, drawn)


def _places(distinct: Iterable[bytes], purpose: str) -> np.ndarray:
    """Return a number in [0, 1) for each digest, the same wherever and whenever it is asked for."""
    drawn = [hashlib.sha256(f"{purpose}/".encode() + digest).digest()[:8] for digest in distinct]
    return np.array([int.from_bytes(number, "big") / 2**64 for number in drawn])


def _below(places: np.ndarray, fraction: float, most: int) -> np.ndarray:
    """Return the indices of the places below the fraction, the smallest first: at least one, and at most so many."""
    return np.argsort(places)[: min(most, max(1, np.count_nonzero(places < fraction)))]
