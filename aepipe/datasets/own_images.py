"""A user's own images: a folder, an archive, an npz file, a table of them, or an s3:// prefix."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from aepipe.datasets.blocks import BlockImages
from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.images import OWN, ImageData
from aepipe.datasets.index import OK, Index, make_index
from aepipe.datasets.layouts import Arrangement, open_layout
from aepipe.datasets.locations import OneFile, check_location, existing, holds_arrays, open_listing
from aepipe.datasets.own.arrays import kept_of_arrays, take_arrays
from aepipe.datasets.own.describing import Described, Seen, describe, passed_over, place_images
from aepipe.datasets.own.files import KEPT, Counts
from aepipe.datasets.own.keeping import Blocks, LocalBlocks
from aepipe.datasets.own.mask_picture import MaskPicture, read_mask
from aepipe.datasets.own.reading import NETWORK_THREADS, Kept
from aepipe.datasets.own.rows import Row, file_of, path_of
from aepipe.datasets.own.taking import SIZE, Terms, take_files
from aepipe.datasets.own_settings import OwnSettings
from aepipe.datasets.picture_settings import size_text
from aepipe.datasets.pixel_mask import MaskedForm, PixelMask
from aepipe.datasets.spec import DataSetSpec, DataSetSummary, join_digests
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, DataError
from aepipe.io.temporary import temporary_folder
from aepipe.io.urls import without_secrets

MAX_NAME = 40
# Of files that are one data set each.
ENDINGS = r"\.(zip|npz|csv|tsv|parquet|tgz|tbz2?|txz|tar(\.(gz|bz2|xz))?)$"
TOO_LARGE = "too large"
# In an index's facts.
DATA_SET, LOCATION, IDENTITY, FORM = "data_set", "location", "identity", "form"
# That of the pictures alone, where clean ones or a mask are part of the identity.
ALONE = "noisy"

SUMMARY = DataSetSummary(
    name="images",
    num_images=None,
    image_shape=None,
    num_classes=None,
    split="none, or the user's own train, val and test folders",
    source="a folder, zip, tar, npz or s3:// prefix, or a table of them",
    size_bytes=None,
)


@dataclass(frozen=True)
class OwnImages:
    """What was taken of a place; it is described when somebody asks.

    Attributes:
        name: The data set's.
        facts: Of the index.
        settings: What was chosen of the images.
        kept: What is taken of each.
        see: Returns what lies there, each picture by itself.
        counts: What reading them came to.
        clean: The clean pictures that they are to become; None where they stay what they are.
        mask: Which of their pixels count; all where None.
    """

    name: str
    facts: Mapping[str, str]
    settings: OwnSettings
    kept: Kept
    see: Callable[[], Seen]
    counts: Counts
    clean: "OwnImages | None" = None
    mask: MaskPicture | None = None

    @property
    def identity(self) -> str:
        """Digest of the files."""
        return self.facts[IDENTITY]

    @cached_property
    def described(self) -> Described:
        """The images and what is known about each.

        Raises:
            DataError: there are too few of them.
        """
        seen, clean = self.see(), None
        if self.clean is not None:
            clean, where = self.clean.see(), self.clean.facts[LOCATION]
            seen = replace(seen, notes=[*seen.notes, f"pairs: each is noisy, and its clean picture lies in {where}"])
        if self.mask is not None and self.pixel_mask is not None:
            sizes = [(row["height"], row["width"]) for row in seen.rows if row["state"] == OK]
            seen = replace(seen, notes=[*seen.notes, self.mask.describe(self.pixel_mask, sizes)])
        return describe(self.facts[LOCATION], seen, self.kept.form, self.settings, clean)

    @cached_property
    def index(self) -> Index:
        """The index of all files."""
        return make_index(self.described.rows, self.facts)

    @property
    def pixel_mask(self) -> PixelMask | None:
        """The mask at the size that the pictures were brought to."""
        return self.form.mask if isinstance(self.form, MaskedForm) else None

    @property
    def form(self) -> Form:
        """What the pictures were brought to."""
        return self.kept.form

    @property
    def images_sha256(self) -> str:
        """Digest of all images in their order: what the pictures show, and the form that they were brought to."""
        values, images = self.described.values, self.index.images
        clean = [] if self.clean is None else images["clean_sha256"]
        return join_digests([self.facts[FORM], str(values.channels), values.dtype, *images["pixels_sha256"], *clean])

    def beside(self, clean: "OwnImages") -> "OwnImages":
        """Return these images as the noisy ones of pairs."""
        facts = {**self.facts, ALONE: self.identity, IDENTITY: join_digests([self.identity, clean.identity])}
        return replace(self, facts=facts, counts=self.counts + clean.counts, clean=clean)

    def under(self, mask: MaskPicture) -> "OwnImages":
        """Return these images, of which it says what counts; they were taken so."""
        identity = join_digests([self.identity, mask.sha256])
        return replace(self, facts={ALONE: self.identity, **self.facts, IDENTITY: identity}, mask=mask)


def own_images_spec(location: str, settings: OwnSettings | None = None) -> DataSetSpec:
    """Return the data set at a location; nothing is read yet.

    Args:
        location: A folder, an archive, an npz file, a table, or an s3:// prefix.
        settings: What was chosen of the images.

    Raises:
        DataError: the location holds a password.
    """
    check_location(location)
    chosen = settings or OwnSettings()
    if chosen.clean is not None:
        check_location(chosen.clean)
    return DataSetSpec(SUMMARY, lambda _: _in_memory(location, chosen), digest=lambda: find_identity(location, chosen))


def take(
    location: str,
    settings: OwnSettings,
    blocks: Blocks,
    version: str = "",
    before: Index | None = None,
    clean_before: Index | None = None,
) -> OwnImages:
    """Read what a place has that the index before has not; and so the place of their clean pictures, if there is one.

    Args:
        location: A folder, an archive, an npz file, a table, or an s3:// prefix.
        settings: What was chosen of the images.
        blocks: Where their pixels are kept.
        version: Changes when pictures are decoded otherwise.
        before: What was taken before; None reads everything.
        clean_before: What was taken before of the clean pictures.

    Raises:
        DataError: a place or a file can't be read, or it has too few images.
        ChangedDataError: files were written or removed all the time.
        StoreError: S3 does not give one's own images.
    """
    if holds_arrays(location):
        settings.check_unused(location)
    name, mask = name_of(location, settings.name), read_mask(location, settings)
    terms = Terms(settings, blocks, version, mask)
    own = _take_place(location, name, terms, before)
    if settings.clean is not None:
        of_clean = replace(terms, settings=settings.of_clean(own.facts[SIZE]))
        clean = _take_place(settings.clean, clean_name(name), of_clean, clean_before)
        if own.facts[LOCATION] == clean.facts[LOCATION]:
            raise DataError("Clean pictures lie elsewhere than noisy ones.", clean=own.facts[LOCATION])
        own = own.beside(clean)
    return own if mask is None else own.under(mask)


def _take_place(location: str, name: str, terms: Terms, before: Index | None) -> OwnImages:
    check_location(location)
    if holds_arrays(location):
        return _take_arrays(location, name, terms, before)
    taken = take_files(location, terms, before)

    def see_files() -> Seen:
        rows, listing, arrangement = [dict(row) for row in taken.rows], taken.listing, taken.arrangement
        layout = place_images([row for row in rows if row["state"] == OK], listing, arrangement)
        return Seen(rows, passed_over(listing, arrangement), listing.num_files, layout.notes)

    facts = _facts(location, name, _identity(taken.listing, taken.arrangement, taken.rows), taken.kept)
    return OwnImages(name, facts, terms.settings, taken.kept, see_files, taken.counts)


def _take_arrays(location: str, name: str, terms: Terms, before: Index | None) -> OwnImages:
    """Return the images of an npz file, which are copied when they are described: a file that is known needs it not."""
    path, file = existing(location), OneFile(location)
    identity, kept = file.sha256(), kept_of_arrays(path, terms.settings, terms.version, terms.mask)
    is_new = before is None or before.facts.get(ALONE, before.facts.get(IDENTITY)) != identity

    def see_arrays() -> Seen:
        rows = take_arrays(path, kept, terms.blocks)
        file.check_unchanged()
        return Seen(rows, Tally(), len(rows))

    counts = Counts(1, int(before is None), int(is_new and before is not None), 0, int(is_new), int(is_new))
    return OwnImages(name, _facts(location, name, identity, kept), terms.settings, kept, see_arrays, counts)


def find_identity(location: str, settings: OwnSettings) -> str:
    """Return a digest of the files that may be pictures, and of the table of them: it changes with names and bytes.

    Raises:
        DataError: the place or a file can't be read.
        StoreError: S3 does not list it.
    """
    mask = read_mask(location, settings)
    if mask is not None:
        return join_digests([find_identity(location, settings.model_copy(update={"mask": None})), mask.sha256])
    if settings.clean is not None:
        own, clean = settings.model_copy(update={"clean": None}), settings.of_clean(settings.size)
        return join_digests([find_identity(location, own), find_identity(settings.clean, clean)])
    if holds_arrays(location):
        return OneFile(location).sha256()
    with open_listing(location) as listing, ThreadPoolExecutor(NETWORK_THREADS) as pool:
        unread = [] if listing.is_remote else listing.members
        rows = (
            {"path": path_of(member.name), "bytes_sha256": digest}
            for member, digest in zip(unread, pool.map(_digest, unread), strict=True)
        )
        return _identity(listing, open_layout(listing, settings), rows)


def name_of(location: str, name: str | None = None) -> str:
    """Return what the images at a location are called: images- and the name that was chosen, or that of the place."""
    stem = re.sub(ENDINGS, "", Path(location.rstrip("/")).name) if name is None else name
    slug = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:MAX_NAME]
    return f"{OWN}-{slug}" if slug else OWN


def clean_name(name: str) -> str:
    """Return what the clean pictures of a data set of noisy ones are called."""
    return f"{name}-clean"


def own_data(name: str, described: Described, blocks: Blocks) -> ImageData:
    """Return images, from where their blocks are kept."""
    arrays, values, keys = described.arrays, described.values, described.block_keys

    def images_at(places: str, whites: str) -> BlockImages:
        shape, find = described.account.image_shape, lambda number: blocks.path(keys[number])
        return BlockImages(find, arrays[places], shape, values.dtype, arrays.get(whites), values.white)

    return ImageData(
        name=name,
        images=images_at("places", "whites"),
        pixel_range=(0, values.white),
        labels=arrays.get("labels"),
        label_names=described.label_names,
        parts=arrays.get("parts"),
        files=arrays.get("files"),
        anomalous=arrays.get("anomalous"),
        account=described.account,
        clean=images_at("clean_places", "clean_whites") if "clean_places" in arrays else None,
    )


def _facts(location: str, name: str, identity: str, kept: Kept) -> Mapping[str, str]:
    return {
        DATA_SET: name,
        LOCATION: _whole(location),
        IDENTITY: identity,
        KEPT: kept.name,
        SIZE: size_text(kept.form.size),
        FORM: kept.form.text,
    }


def _whole(location: str) -> str:
    """Return a place by its whole address."""
    return without_secrets(location.rstrip("/")) if location.startswith("s3://") else str(existing(location).resolve())


def _identity(listing: Listing, arrangement: Arrangement, rows: Iterable[Row]) -> str:
    digests = {file_of(row): row["bytes_sha256"] for row in rows}
    files = (
        f"{member.name}\0{(member.version if listing.is_remote else digests[path_of(member.name)]) or TOO_LARGE}"
        for member in listing.members
    )
    return join_digests([*files, *([arrangement.table_sha256] if arrangement.table_sha256 else [])])


def _digest(member: Member) -> str | None:
    try:
        return hashlib.sha256(member.read()).hexdigest()
    except BrokenFileError:
        # It is left out of the images too, and counted there.
        return None


def _in_memory(location: str, settings: OwnSettings) -> ImageData:
    with temporary_folder("own") as folder:
        blocks = LocalBlocks(folder)
        own = take(location, settings, blocks)
        data = own_data(own.name, own.described, blocks)
        clean = None if data.clean is None else np.asarray(data.clean)
        return replace(data, images=np.asarray(data.images), clean=clean)
