"""Bonds between pictures: those that must share a part, whatever else comes and goes.

Images of one group, as of one patient, share a part. So do groups that have a picture in common, up to `MAX_BOUND` of
them: in more it is a blank tile or a placeholder, and would bind everything to everything.

Frames of one file are nearly equal to their neighbours, so the file has one place, that of its smallest digest: it
stays when frames are added, and copies of a file are placed alike. Files may have frames in common, as a title or a
blank page. They don't bind the files together, which one page could do to all.
"""

import hashlib
from dataclasses import dataclass

import numpy as np

from aepipe.datasets.index import ANOMALOUS, Index

TRAIN, VALIDATION, TEST, NONE = "train", "validation", "test", ""
PARTS = (TRAIN, VALIDATION, TEST)
MAX_BOUND = 10


@dataclass(frozen=True)
class Pictures:
    """What the part of each picture is decided by; each (num_images,).

    Attributes:
        digests: Texts as bytes, equal where pictures are.
        given: train, validation, test, or empty where the source says nothing.
        groups: The group's name, or empty.
        files: The name of the file that it is a frame of, or empty where it is a file's only one.
        is_anomalous: Whether it shows what is not normal, which never trains.
    """

    digests: np.ndarray
    given: np.ndarray
    groups: np.ndarray
    files: np.ndarray
    is_anomalous: np.ndarray

    @classmethod
    def of(
        cls,
        digests: np.ndarray,
        given: np.ndarray | None = None,
        groups: np.ndarray | None = None,
        files: np.ndarray | None = None,
        is_anomalous: np.ndarray | None = None,
    ) -> "Pictures":
        """Return pictures of which nothing more is known than this."""
        nothing = np.full(len(digests), NONE)
        return cls(
            digests=np.asarray(digests),
            given=nothing if given is None else np.asarray(given),
            groups=nothing if groups is None else np.asarray(groups),
            files=nothing if files is None else np.asarray(files),
            is_anomalous=np.zeros(len(digests), bool) if is_anomalous is None else np.asarray(is_anomalous),
        )

    @classmethod
    def of_index(cls, index: Index) -> "Pictures":
        """Return what an index says of the pictures, in its order."""
        rows = index.images
        return cls(
            digests=rows["pixels_sha256"].to_numpy().astype("S64"),
            given=rows["part"].where(rows["part"].isin(PARTS), NONE).to_numpy().astype("<U10"),
            groups=rows["group"].where(rows["group"].notna(), NONE).to_numpy().astype(str),
            files=index.files[rows.index].where(rows["page"].notna(), NONE).to_numpy().astype(str),
            is_anomalous=(rows["kind"] == ANOMALOUS).to_numpy(),
        )

    @property
    def names(self) -> np.ndarray:
        """What each is remembered by as bytes: its group's digest, its file's, or its own."""
        names = np.where(self.files == NONE, self.digests, digests_of(self.files, "file"))
        return np.where(self.groups == NONE, names, digests_of(self.groups, "group"))

    @property
    def has_company(self) -> np.ndarray:
        """Whether it is one of a group, or a frame of a file."""
        return (self.groups != NONE) | (self.files != NONE)


@dataclass(frozen=True)
class Bonds:
    """Units of pictures that share a part, and bonds of units that pictures which they have in common bind.

    Attributes:
        unit: (num_images,) the number of each picture's unit.
        picture: (num_images,) a number for each different picture.
        bond: (num_units,) the number of each unit's bond.
        keys: (num_bonds,) what the place of each is drawn from, as bytes.
    """

    unit: np.ndarray
    picture: np.ndarray
    bond: np.ndarray
    keys: np.ndarray

    @property
    def sizes(self) -> np.ndarray:
        """(num_bonds,): how many images each has."""
        return np.bincount(self.bond[self.unit], minlength=len(self.keys))

    @property
    def copies(self) -> np.ndarray:
        """(num_bonds,): how often the commonest picture of each is there."""
        of, _, counts = _pairs(self.bond[self.unit], self.picture)
        most = np.zeros(len(self.keys), np.int64)
        np.maximum.at(most, of, counts)
        return most


def digests_of(names: np.ndarray, kind: str) -> np.ndarray:
    """Return a digest of each name as bytes, apart from those of names of another kind."""
    distinct, of = np.unique(names, return_inverse=True)
    return np.array([hashlib.sha256(f"{kind}/{name}".encode()).hexdigest().encode() for name in distinct])[of]


def find_bonds(pictures: Pictures) -> Bonds:
    """Return which pictures must share a part."""
    _, picture = np.unique(pictures.digests, return_inverse=True)
    in_group = pictures.groups != NONE
    own = _keys_of_files(pictures.digests, pictures.files)
    keys = np.where(in_group, digests_of(pictures.groups, "group"), own)
    keys, unit = np.unique(keys, return_inverse=True)
    if not in_group.any():
        return Bonds(unit, picture, np.arange(len(keys)), keys)
    bond = _bind(unit, picture, in_group, in_group | (pictures.files == NONE))
    # A bond is placed by a group of it: what else shows the same comes and goes.
    is_group = np.bincount(unit, in_group) > 0
    first = np.full(bond.max() + 1, 2 * len(keys))
    np.minimum.at(first, bond, np.where(is_group, 0, len(keys)) + np.arange(len(keys)))
    return Bonds(unit, picture, bond, keys[first % len(keys)])


def are_alone(of: np.ndarray, picture: np.ndarray) -> np.ndarray:
    """Return of each picture whether it is in one of the numbered sets that it is of, and in no other."""
    _, once, _ = _pairs(of, picture)
    return np.bincount(once)[picture] == 1


def _bind(unit: np.ndarray, picture: np.ndarray, in_group: np.ndarray, may_bind: np.ndarray) -> np.ndarray:
    """Return the number of each unit's bond: units are bound by the pictures that groups have, few groups each."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    num_units, num_pictures = unit.max() + 1, picture.max() + 1
    _, of_groups, _ = _pairs(unit[in_group], picture[in_group])
    num_groups = np.bincount(of_groups, minlength=num_pictures)[picture]
    binds = may_bind & (num_groups > 0) & (num_groups <= MAX_BOUND)
    edges = (np.ones(binds.sum()), (unit[binds], num_units + picture[binds]))
    _, bond = connected_components(coo_array(edges, shape=[num_units + num_pictures] * 2), directed=False)
    return np.unique(bond[:num_units], return_inverse=True)[1]


def _pairs(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the different pairs of two numbers, and how often each is there."""
    factor = int(second.max(initial=0)) + 1
    pairs, counts = np.unique(first * factor + second, return_counts=True)
    return pairs // factor, pairs % factor, counts


def _keys_of_files(digests: np.ndarray, files: np.ndarray) -> np.ndarray:
    """Return of each picture the smallest digest of its file; its own where it is no frame, or of the only file."""
    is_frame = files != NONE
    if not is_frame.any() or (is_frame.all() and len(np.unique(files)) == 1):
        return digests
    _, file = np.unique(files[is_frame], return_inverse=True)
    order = np.lexsort((digests[is_frame], file))
    _, first = np.unique(file[order], return_index=True)
    keys = digests.copy()
    keys[is_frame] = digests[is_frame][order][first][file]
    return keys
