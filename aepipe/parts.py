"""Parts of pictures, decided by what they show: they hold still while pictures come and go.

A place in [0, 1) is drawn for each picture from its pixels' digest, or its group's, and the seed. Those below the
fraction are held out, so no picture's part depends on another's, on its name or on their order. The price is that the
sizes of the parts are drawn, too: those of small sets differ from what was asked for.

A few rules look at the whole set: no part may be empty, and a placeholder is not what a model is judged by. So that
these move nothing either, what is remembered of the pictures' parts goes first. A picture that would have to be in two
parts, as that of two groups which were there before it, stays where it was and is left out elsewhere.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from aepipe.arrays import Images
from aepipe.bonds import NONE, PARTS, TEST, TRAIN, VALIDATION, Bonds, Pictures, are_alone, find_bonds
from aepipe.errors import DataError

DIGEST_BYTES = 16
# Several parts at once are a sum of these.
BITS = {NONE: 0, TRAIN: 1, VALIDATION: 2, TEST: 4}
NO_PARTS: Mapping[bytes, str] = {}


def picture_digests(images: Images) -> np.ndarray:
    """Return (num_images,) of 32 hex digits each as bytes: equal where pixels, their type and the shape are."""
    kind = f"{np.dtype(images.dtype).str}{tuple(images.shape[1:])}".encode()
    pixels = (np.ascontiguousarray(images[row]).data for row in range(len(images)))
    digests = [hashlib.blake2b(values, key=kind, digest_size=DIGEST_BYTES) for values in pixels]
    return np.array([digest.hexdigest().encode() for digest in digests], f"S{2 * DIGEST_BYTES}")


def remember(pictures: Pictures, parts: np.ndarray) -> Mapping[bytes, str]:
    """Return the part of each picture, of each group and of each file with frames that is in one part."""
    found: dict[bytes, int] = {}
    bits = _bits(parts).tolist()
    for names in (pictures.digests, pictures.names):
        for name, bit in zip(names.tolist(), bits, strict=True):
            found[name] = found.get(name, 0) | bit
    of_bits = {bit: part for part, bit in BITS.items() if part}
    return {name: of_bits[bit] for name, bit in found.items() if bit in of_bits}


def draw_parts(
    pictures: Pictures, fractions: Mapping[str, float], seed: int, before: Mapping[bytes, str] = NO_PARTS
) -> np.ndarray:
    """Return (num_images,) the part of each picture: train, validation, test; empty for what belongs to none.

    A part that the source made is kept. One that it did not make is drawn from the pictures that it has to train, or
    says nothing of. What is not normal is held out, with its group. Where the draw leaves a part empty, the picture
    nearest to the limit is moved into it: first to test, then to train, then to validation, as far as there are
    different pictures. A picture whose copies alone would be more than half of a part is not drawn into it, nor is a
    group or a file with more than half of all images.

    Args:
        pictures: What is known of each.
        fractions: The share of different pictures that is held out (test), then that of the others that validates
            (validation).
        seed: What the draw depends on.
        before: The parts that `remember` gave of the last state of the data, divided in the same way. They are kept;
            only where nothing would be left to train or to hold out, a picture moves.

    Raises:
        DataError: all pictures are equal, or all are of one group.
    """
    given = set(pictures.given[~pictures.is_anomalous].tolist())
    wanted = {name: share for name, share in fractions.items() if share and name not in given}
    pictures = _without_torn_files(pictures, before)
    bonds = find_bonds(pictures)
    _check_different(pictures, bonds)
    fixed = np.where(np.isin(pictures.given, (VALIDATION, TEST)), pictures.given, NONE).astype("<U10")
    fixed[pictures.is_anomalous] = TEST
    known, of_name = _known(pictures, wanted, before)
    settled = _settled(bonds, fixed, known, of_name)
    in_bond = _either(bonds.bond, _bits(settled), len(bonds.keys))
    is_torn = ((in_bond & (in_bond - 1)) > 0)[bonds.bond[bonds.unit]]

    def parts_of_rows(of_unit: np.ndarray) -> np.ndarray:
        parts = of_unit[bonds.unit]
        # As a page that a file which is gone had as well: its own file is elsewhere, and was.
        parts[(of_name == parts) & (known != NONE) & (known != parts)] = NONE
        parts = _of_rows(pictures, parts, fixed, wanted)
        return _without_copies(bonds.picture, parts, fixed, known, is_torn)

    # What is not normal alone makes no part.
    there = set(parts_of_rows(settled)[~pictures.is_anomalous].tolist())
    return parts_of_rows(_drawn(bonds, settled, there, fixed, wanted, seed))


def _check_different(pictures: Pictures, bonds: Bonds) -> None:
    num_different = int(bonds.picture.max()) + 1 if len(bonds.picture) else 0
    if num_different < 2:
        raise DataError(
            "The pictures of a data set must differ: all of these are equal.",
            "Look at them: a covered camera and a placeholder look like this.",
            num_images=len(pictures.digests),
            num_different=num_different,
        )
    if len(bonds.keys) < 2 and not (pictures.given == TEST).any():
        raise DataError(
            "Some groups train and others are held out: all of these images belong together.",
            "Name more groups, or none.",
            num_images=len(pictures.digests),
            groups=sorted(set(pictures.groups.tolist()))[:3],
        )


def _without_torn_files(pictures: Pictures, before: Mapping[bytes, str]) -> Pictures:
    """Return the pictures, frames of a file that was once the only one each for itself: they are in several parts."""
    if not before or not (pictures.files != NONE).any():
        return pictures
    _, picture = np.unique(pictures.digests, return_inverse=True)
    _, file = np.unique(pictures.files, return_inverse=True)
    known = np.where(are_alone(file, picture), _bits(_remembered(before, pictures.digests)), 0)
    parts = _either(file, known, file.max() + 1)
    is_torn = ((parts & (parts - 1)) > 0)[file] & (_remembered(before, pictures.names) == NONE)
    return replace(pictures, files=np.where(is_torn, NONE, pictures.files))


def _known(
    pictures: Pictures, wanted: Mapping[str, float], before: Mapping[bytes, str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the part that is remembered of each picture, where the source does not say another, and of its company."""
    known = _remembered(before, pictures.digests)
    known[(pictures.given == TRAIN) & ~np.isin(known, [TRAIN, *wanted])] = NONE
    return known, np.where(pictures.has_company, _remembered(before, pictures.names), known)


def _settled(bonds: Bonds, fixed: np.ndarray, known: np.ndarray, of_name: np.ndarray) -> np.ndarray:
    """Return the part of each unit that needs no draw: that of its name, of its pictures, or that the source fixes.

    Pictures that others have as well don't decide: a blank page is in many files. Where pictures of one unit are
    remembered in several parts they were grouped in another way, and their part is drawn anew.
    """
    count, is_alone = len(bonds.bond), are_alone(bonds.unit, bonds.picture)
    only_shared = np.bincount(bonds.unit, is_alone, count) == 0
    by_name = _either(bonds.unit, _bits(of_name), count)
    by_picture = _either(bonds.unit, np.where(is_alone | only_shared[bonds.unit], _bits(known), 0), count)
    by_source = _either(bonds.unit, _bits(fixed), count)
    remembered = _names(np.where(by_name > 0, by_name, by_picture))
    held_out = np.select([by_source >= BITS[TEST], by_source > 0], [TEST, VALIDATION], NONE)
    return np.where(remembered == NONE, held_out, remembered)


def _drawn(
    bonds: Bonds, settled: np.ndarray, there: set[str], fixed: np.ndarray, wanted: Mapping[str, float], seed: int
) -> np.ndarray:
    """Return the part of each unit; empty for one of which nothing is known, bound to some in several parts."""
    in_bond = _either(bonds.bond, _bits(settled), len(bonds.keys))
    parts, sizes, copies, num_images = _names(in_bond), bonds.sizes, bonds.copies, len(bonds.unit)
    to_come = [*wanted, TRAIN]
    for name, share in wanted.items():
        to_come.remove(name)
        free = np.flatnonzero((in_bond == 0) & (parts == NONE))
        at_least = min(int(name not in there), max(0, len(free) - (TRAIN not in there)))
        most = max(len(free) - len(set(to_come) - there), at_least)
        is_rare = ((copies == 1) | (copies <= share * num_images / 2)) & (sizes <= num_images / 2)
        rare = free[is_rare[free]]
        among = rare if len(rare) or not at_least else free
        drawn = among[_below(_places(bonds.keys[among], f"{seed}/{name}"), share, at_least, most)]
        parts[drawn] = name
        there |= {name} if len(drawn) else set()
    rest = (in_bond == 0) & (parts == NONE)
    parts[rest] = TRAIN
    there |= {TRAIN} if rest.any() else set()
    movable = _either(bonds.bond[bonds.unit], _bits(fixed), len(bonds.keys)) == 0
    for name in sorted({TEST, TRAIN} - there):
        _fill(parts, name, movable, _places(bonds.keys, f"{seed}/{name}"))
    return np.where((settled == NONE) | (_names(in_bond) != NONE)[bonds.bond], parts[bonds.bond], settled)


def _fill(parts: np.ndarray, name: str, movable: np.ndarray, places: np.ndarray) -> None:
    """Move into a part that pictures which went have left empty the nearest of a part that can spare one."""
    for other in (TRAIN, VALIDATION, TEST):
        free = np.flatnonzero((parts == other) & movable)
        if len(free) and (other == VALIDATION or (parts == other).sum() > 1):
            parts[free[np.argmin(places[free])]] = name
            return


def _of_rows(pictures: Pictures, parts: np.ndarray, fixed: np.ndarray, wanted: Mapping[str, float]) -> np.ndarray:
    """Return the part of each picture: its unit's, if the source has no other."""
    is_sources = (pictures.given == TRAIN) & ~np.isin(parts, [NONE, *wanted])
    parts = np.where(is_sources, TRAIN, parts)
    # A group that trains stays as it is; what is not normal about it can't be held out without it.
    is_torn = pictures.is_anomalous & pictures.has_company & (parts != TEST)
    return np.where(is_torn & (pictures.given != TEST), NONE, np.where(fixed == NONE, parts, fixed))


def _without_copies(
    picture: np.ndarray, parts: np.ndarray, fixed: np.ndarray, known: np.ndarray, is_torn: np.ndarray
) -> np.ndarray:
    """Return the parts with each picture in one: where the source holds it out, where it was, or held out.

    A new one that groups in several parts have is nowhere: it may show what one of them is known by.
    """
    count = picture.max() + 1
    there = _either(picture, _bits(parts), count)
    is_bound = np.bincount(picture, is_torn & (fixed == NONE) & (known == NONE), count) > 0
    kept = np.where(is_bound & ((there & (there - 1)) > 0), 0, there)
    for found in (_either(picture, _bits(known), count), _either(picture, _bits(fixed), count)):
        kept = np.where(found & there, found & there, kept)
    kept = np.select([kept >= BITS[part] for part in (TEST, VALIDATION, TRAIN)], [TEST, VALIDATION, TRAIN], NONE)
    return np.where(parts == kept[picture], parts, NONE)


def _remembered(before: Mapping[bytes, str], names: np.ndarray) -> np.ndarray:
    return np.array([before.get(name, NONE) for name in names.tolist()], "<U10")


def _bits(parts: np.ndarray) -> np.ndarray:
    return np.select([parts == part for part in PARTS], [BITS[part] for part in PARTS], 0)


def _names(bits: np.ndarray) -> np.ndarray:
    """Return the parts of which there is one; empty where there are none or several."""
    return np.select([bits == BITS[part] for part in PARTS], PARTS, NONE).astype("<U10")


def _either(of: np.ndarray, bits: np.ndarray, count: int) -> np.ndarray:
    """Return for each number which bits are set of what has it."""
    found = np.zeros(count, np.int64)
    np.bitwise_or.at(found, of, bits)
    return found


def _places(distinct: Iterable[bytes], purpose: str) -> np.ndarray:
    """Return a number in [0, 1) for each digest, the same wherever and whenever it is asked for."""
    drawn = [hashlib.sha256(f"{purpose}/".encode() + digest).digest()[:8] for digest in distinct]
    return np.array([int.from_bytes(number, "big") / 2**64 for number in drawn])


def _below(places: np.ndarray, fraction: float, at_least: int, most: int) -> np.ndarray:
    """Return the indices of the places below the fraction, the smallest first, of a number within these bounds."""
    return np.argsort(places)[: min(most, max(at_least, np.count_nonzero(places < fraction)))]
