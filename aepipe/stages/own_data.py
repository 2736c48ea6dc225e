"""Images of one's own in the store: their blocks, the index before, and the files of the stage that took them."""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from aepipe.datasets import own_images
from aepipe.datasets.blocks import PREFIX, BlockImages
from aepipe.datasets.index import Index, write_index
from aepipe.datasets.indices import list_indices, load_index, save_index
from aepipe.datasets.own_images import LOCATION, OwnImages, clean_name, name_of
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.errors import CorruptObjectError, DataError
from aepipe.io.hashing import canonical_json, file_sha256
from aepipe.packages import installed_version
from aepipe.stages.facts import DataFacts
from aepipe.stages.fingerprint import module_path
from aepipe.stages.results import DataResult
from aepipe.store import open_store
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.refs import Ref

logger = logging.getLogger(__name__)

INDEX, BLOCKS = "index.parquet", "blocks.json"
# Name of the array of which pixels count.
COUNTING = "counting"
CHOICE_DIGITS = 8
# What decides how bytes become pixels, and no more: whenever it changes, everything is decoded once more.
DECODERS = tuple(f"aepipe.datasets.formats.{name}" for name in ("pictures", "fitting", "depth", "signatures"))
MASKING = "aepipe.datasets.pixel_mask"


@dataclass
class StoredBlocks:
    """Blocks in a store; what is asked for comes into the cache once.

    Attributes:
        store: The store.
        all_sizes: Those that are known by now, in bytes, by key.
    """

    store: Store
    all_sizes: dict[str, int] = field(default_factory=dict)

    def sizes(self, kept_name: str) -> Mapping[str, int]:
        """Return the size in bytes of each block under a name, by its key."""
        self.all_sizes |= {info.key: info.size for info in self.store.list(f"{PREFIX}/{kept_name}/")}
        return self.all_sizes

    def keep(self, key: str, data: bytes) -> None:
        """Take a block."""
        # One that is there already as well: what removes old blocks takes it for one of today.
        self.store.put(key, data)
        self.all_sizes[key] = len(data)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how another process comes to the same blocks."""
        return _stored_blocks, (self.store.url,)

    def path(self, key: str) -> Path:
        """Return a local file of a block."""
        uri, sha256 = f"{self.store.url}/{key}", Path(key).stem
        return local_file(self.store, Ref(uri=uri, sha256=sha256, size=self.all_sizes.get(key, 0), kind="data"))


@cache
def _stored_blocks(url: str) -> StoredBlocks:
    return StoredBlocks(open_store(url))


@dataclass(frozen=True)
class Taking:
    """Images of one's own that were taken into a store, and what was there before.

    Attributes:
        own: The images.
        blocks: Where their pixels are.
        before: The index before of the same choice, or None.
        clean_before: That of the clean pictures, or None.
        choice: Digest of what was chosen about pixels.
    """

    own: OwnImages
    blocks: StoredBlocks
    before: Index | None
    clean_before: Index | None
    choice: str

    def note_index(self) -> None:
        """Keep the index for the next run, where it is not the one before; and that of clean pictures.

        Raises:
            DataError: the images are others than the data set of this name has.
        """
        self._note(self.own, self.before)
        if self.own.clean is not None:
            self._note(self.own.clean, self.clean_before)

    def _note(self, own: OwnImages, before: Index | None) -> None:
        store = self.blocks.store
        others = before if before is not None else _newest(store, list_indices(store, own.name, "data"))
        if others is not None:
            _check_same_set(others, own.index, own.name)
        if before is None or before.facts != own.index.facts or not before.rows.equals(own.index.rows):
            save_index(store, own.name, "data", own.index, self.choice)


def take_own(store: Store, location: str, settings: OwnSettings, refresh: bool) -> Taking:
    """Read what a place has that the index before has not; the pixels go into the store's blocks.

    Args:
        store: Where the blocks and the index before are.
        location: The place.
        settings: What was chosen of them.
        refresh: Read everything anew.

    Raises:
        DataError: the images can't be read.
        StoreError: the store, or S3 where the images are, does not answer.
    """
    blocks, choice, name = StoredBlocks(store), _choice(settings), name_of(location, settings.name)
    before = _newest(store, list_indices(store, name, "data", choice))
    # The clean pictures' own choice is the noisy ones'.
    clean_keys = [] if settings.clean is None else list_indices(store, clean_name(name), "data", choice)
    clean_before = _newest(store, clean_keys)
    known = _known(before, refresh), _known(clean_before, refresh)
    own = own_images.take(location, settings, blocks, _decoder_version(settings.mask is not None), *known)
    return Taking(own, blocks, before, clean_before, choice)


def _known(before: Index | None, refresh: bool) -> Index | None:
    """Return what need not be read again; the size that was found stays in any case."""
    return replace(before, rows=before.rows[:0]) if before is not None and refresh else before


def _decoder_version(is_masked: bool) -> str:
    """Return a digest of what decodes pictures, and leaves pixels of them out."""
    sources = [file_sha256(module_path(name)) for name in (*DECODERS, *[MASKING] * is_masked)]
    return hashlib.sha256(canonical_json([*sources, installed_version("pillow")])).hexdigest()


def write_own(own: OwnImages, folder: Path, sizes: Mapping[str, int]) -> None:
    """Write the files of the stage: the index, and arrays for who needs the images alone.

    Args:
        own: The images.
        folder: Where the files go.
        sizes: Of each block, in bytes.
    """
    # Equal images are equal files, whenever they were written.
    write_index(own.index.with_column("version", [None] * len(own.index)), folder / INDEX)
    blocks = [[key, sizes[key]] for key in own.described.block_keys]
    (folder / BLOCKS).write_bytes(canonical_json(blocks))
    for name, array in own.described.arrays.items():
        np.save(folder / f"{name}.npy", array)
    if own.pixel_mask is not None:
        np.save(folder / f"{COUNTING}.npy", own.pixel_mask.counts)


def own_facts(own: OwnImages, settings: PictureSettings, name: str, data_set: str) -> DataFacts:
    """Return what is known of the images of a data set, or of one class of them, that have this name."""
    described = own.described
    return DataFacts(
        name=name,
        data_set=data_set,
        pictures=settings.pictures,
        num_images=described.account.num_images,
        image_shape=described.account.image_shape,
        dtype=described.values.dtype,
        pixel_range=(0, described.values.white),
        label_names=described.label_names,
        images_sha256=own.images_sha256,
        # Those of white, which clean pictures decide as well.
        sample_bits=int(described.values.white).bit_length() if described.account.losses.num_deep else None,
        account=described.account,
        identity=own.identity,
        clean=None if own.clean is None else own.clean.facts[LOCATION],
    )


def load_blocks(store: Store, result: DataResult, places: np.ndarray, whites: np.ndarray | None) -> BlockImages:
    """Return the images of a result whose pixels are in blocks; one that is asked for comes into the cache once."""
    blocks, keys, facts = StoredBlocks(store), blocks_of_result(store, result), result.facts
    white = facts.pixel_range[1]
    return BlockImages(
        lambda number: blocks.path(keys[number][0]), places, facts.image_shape, facts.dtype, whites, white
    )


def blocks_of_result(store: Store, result: DataResult) -> list[tuple[str, int]]:
    """Return key and size in bytes of each block that a result's images are in; none of known ones."""
    if BLOCKS not in result.files:
        return []
    key = result.files[BLOCKS].uri.removeprefix(f"{store.url}/")
    return [(str(block), int(size)) for block, size in json.loads(store.get(key))]


def has_its_blocks(store: Store, result: DataResult) -> bool:
    """Tell whether all blocks of a result are still in the store, in their sizes."""
    needed = blocks_of_result(store, result)
    prefixes = {key.rpartition("/")[0] for key, _ in needed}
    there = {info.key: info.size for prefix in prefixes for info in store.list(f"{prefix}/")}
    lost = [key for key, size in needed if there.get(key) != size]
    if lost:
        logger.warning("A stage's result is made anew: the store lost %s of its %s", lost[0], len(needed))
    return not lost


def _choice(settings: PictureSettings) -> str:
    """Return a digest of what was chosen about pixels; classes are none of it, as the others are kept, too."""
    chosen = settings.pictures.model_dump(mode="json", exclude={"class_name", "classes"})
    return hashlib.sha256(canonical_json(chosen)).hexdigest()[:CHOICE_DIGITS]


def _newest(store: Store, keys: Iterable[str]) -> Index | None:
    """Return the first index that can be read; what is damaged is passed over with a warning."""
    for key in keys:
        try:
            return load_index(store, key)
        except CorruptObjectError as error:
            logger.warning("An index is passed over, and what only it knows is read anew: %s", error)
    return None


def _check_same_set(before: Index, index: Index, name: str) -> None:
    """Check that two places of one name have something in common."""
    known = {digest for digest in before.rows["pixels_sha256"] if digest is not None}
    is_moved = before.facts.get(LOCATION) != index.facts[LOCATION]
    if is_moved and known and known.isdisjoint(index.rows["pixels_sha256"]):
        raise DataError(
            f"{name} must stay one data set: the pictures here are none of those that it had at its other place.",
            "Give this one a name of its own: --set data.name=NAME.",
            location=index.facts[LOCATION],
            other=before.facts.get(LOCATION),
        )
