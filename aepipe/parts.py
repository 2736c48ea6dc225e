"""Parts of pictures, decided by what they show: they hold still while pictures come and go.

A place in [0, 1) is drawn for each picture from its pixels' digest and the seed. Those below the fraction are held
out, so equal pictures share a part, and no picture's part depends on another's, on its name or on their order. The
price is that the sizes of the parts are drawn, too: those of small sets differ from what was asked for.

Frames of one file are nearly equal to their neighbours, so the file has one place, that of its smallest digest: it
stays when frames are added, and copies of a file are placed alike. Files may have frames in common, as a title or a
blank page. They don't bind the files together, which one page could do to all: such a frame stays where it is held
out, and is left out elsewhere.
"""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from aepipe.arrays import Images
from aepipe.errors import DataError

TRAIN, VALIDATION, TEST, NONE = "train", "validation", "test", ""
PARTS = (TRAIN, VALIDATION, TEST)
DIGEST_BYTES = 16


def picture_digests(images: Images) -> np.ndarray:
    """Return (num_images,) of 32 hex digits each as bytes: equal where pixels, their type and the shape are."""
    kind = f"{images.dtype.str}{images.shape[1:]}".encode()
    pixels = (np.ascontiguousarray(image).data for image in images)
    digests = [hashlib.blake2b(values, key=kind, digest_size=DIGEST_BYTES) for values in pixels]
    return np.array([digest.hexdigest().encode() for digest in digests], f"S{2 * DIGEST_BYTES}")


def draw_parts(
    digests: np.ndarray,
    fractions: Mapping[str, float],
    seed: int,
    given: np.ndarray | None = None,
    files: np.ndarray | None = None,
) -> np.ndarray:
    """Return the part of each picture: train, validation, test; empty for copies of what is held out.

    A part that the source made is kept. One that it did not make is drawn from the pictures that it has to train, or
    says nothing of. Where the draw leaves a part empty, the picture nearest to the limit is moved into it: first to
    test, then to train, then to validation, as far as there are different pictures. A picture whose copies alone would
    be more than half of a part is not drawn into it: a placeholder is not what a model is judged by. Nor is a file with
    more than half of all pictures.

    Args:
        digests: (num_images,) as `picture_digests` gives them.
        fractions: The share of different pictures that is held out (test), then that of the others that validates
            (validation).
        seed: What the draw depends on.
        given: (num_images,) of train, validation, test or empty, as the source has them; None where it has no parts.
        files: (num_images,) of a number for each file, whose frames share a part; None where each has one. Frames of
            the only file are drawn one by one.

    Raises:
        DataError: all pictures are equal.
    """
    num_different = len(np.unique(digests))
    if num_different < 2:
        raise DataError(
            "The pictures of a data set must differ: all of these are equal.",
            "Look at them: a covered camera and a placeholder look like this.",
            num_images=len(digests),
            num_different=num_different,
        )
    given = np.full(len(digests), NONE) if given is None else np.asarray(given)
    parts = np.where(np.isin(given, (VALIDATION, TEST)), given, TRAIN).astype("<U10")
    keys, member = np.unique(_keys(digests, files), return_inverse=True)
    sizes, copies = np.bincount(member), _most_copies(digests, member)
    wanted = {name: fraction for name, fraction in fractions.items() if fraction and not (given == name).any()}
    for number, (name, fraction) in enumerate(wanted.items(), 1):
        free = np.flatnonzero(np.bincount(member, parts != TRAIN) == 0)
        most = max(len(free) - (1 + len(wanted) - number), min(1, len(free) - 1))
        is_rare = (copies == 1) | (copies <= fraction * len(digests) / 2)
        rare = free[(is_rare & (sizes <= len(digests) / 2))[free]]
        free = rare if len(rare) else free
        drawn = free[_below(_places(keys[free], f"{seed}/{name}"), fraction, most)]
        parts[np.isin(member, drawn)] = name
    return _without_copies(digests, parts, (given == NONE) & _are_alone(digests, files))


def _keys(digests: np.ndarray, files: np.ndarray | None) -> np.ndarray:
    """Return what each picture's place is drawn from: the smallest digest of its file."""
    if files is None:
        return digests
    order = np.lexsort((digests, files))
    _, first, member = np.unique(files[order], return_index=True, return_inverse=True)
    keys = np.empty_like(digests)
    keys[order] = digests[order][first][member]
    return keys if len(np.unique(keys)) > 1 else digests


def _most_copies(digests: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Return of each key how often the commonest of its pictures is there."""
    _, picture = np.unique(digests, return_inverse=True)
    (of, _), counts = np.unique(np.stack([member, picture]), axis=1, return_counts=True)
    most = np.zeros(member.max() + 1, np.int64)
    np.maximum.at(most, of, counts)
    return most


def _are_alone(digests: np.ndarray, files: np.ndarray | None) -> np.ndarray:
    """Return of each picture whether it is the only one of its file."""
    if files is None:
        return np.ones(len(digests), bool)
    _, member, counts = np.unique(files, return_inverse=True, return_counts=True)
    return counts[member] == 1


def _without_copies(digests: np.ndarray, parts: np.ndarray, may_join: np.ndarray) -> np.ndarray:
    """Return the parts without copies of what is held out: those that may do so join it, the others have no part."""
    parts = parts.copy()
    for name in (VALIDATION, TEST):
        is_copy = np.isin(digests, digests[parts == name]) & (parts != name)
        parts[is_copy] = np.where(may_join[is_copy], name, NONE)
    return parts


def _places(distinct: Iterable[bytes], purpose: str) -> np.ndarray:
    """Return a number in [0, 1) for each digest, the same wherever and whenever it is asked for."""
    drawn = [hashlib.sha256(f"{purpose}/".encode() + digest).digest()[:8] for digest in distinct]
    return np.array([int.from_bytes(number, "big") / 2**64 for number in drawn])


def _below(places: np.ndarray, fraction: float, most: int) -> np.ndarray:
    """Return the indices of the places below the fraction, the smallest first: at least one, and at most so many."""
    return np.argsort(places)[: min(most, max(1, np.count_nonzero(places < fraction)))]
