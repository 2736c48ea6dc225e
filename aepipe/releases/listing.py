"""The listing: what lists and tables say about each release, in one object, so that a thousand cost few requests.

It is a cache of manifests, which never change. Which releases there are the store itself says each time; of one that
the listing lacks, or that was signed or removed lately, the manifest is read. What verifies, loads, judges or removes a
release reads its manifest in any case. Reading writes nothing: the listing is written with the page over all releases.
"""

import gzip
import hashlib
import io
import logging
import zlib
from collections.abc import Mapping
from functools import partial
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import (
    AccessDeniedError,
    ConflictError,
    CorruptObjectError,
    NewerObjectError,
    ObjectNotFoundError,
    StoreError,
)
from aepipe.io.hashing import canonical_json
from aepipe.releases.changed import list_notes, settle
from aepipe.releases.facts import ReleaseSummary
from aepipe.releases.manifest import Manifest, manifest_key, parse_manifest, with_models
from aepipe.releases.signatures import Signature, Signer, read_signatures, whose
from aepipe.releases.survey import release_ids, survey, warn_of_unreadable
from aepipe.store.interface import Store
from aepipe.store.names import Name, ReleaseId, Sha256, Size
from aepipe.store.parsing import parse_stored

KEY = "listing/releases.json.gz"
MAX_BYTES = 2**30
ATTEMPTS = 5
logger = logging.getLogger(__name__)


class ListedRelease(ReleaseSummary):
    """What lists and tables say about a release."""

    manifest_sha256: Sha256 = Field(description="Digest of the manifest that this was taken from.")
    models: tuple[Name, ...] = Field(description="What it calls the models that it has.")
    size: Size = Field(description="Bytes of its files in all.")
    signatures: tuple[Signature, ...] | None = Field(description="Its signatures; None where they can't be read.")

    @property
    def signers(self) -> tuple[Signer, ...]:
        """Whose signatures of it hold."""
        return whose(self.signatures or (), self.release, self.manifest_sha256)


# A listing of another version, which knew less or more about a release, is written anew.
FIELDS = tuple(sorted(ListedRelease.model_fields))


class Listing(BaseModel):
    """Every release that can be read, by its id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    fields: tuple[str, ...] = Field(FIELDS, description="What is said about each release.")
    releases: dict[ReleaseId, ListedRelease] = Field({}, description="The releases by their ids.")


def listed_releases(store: Store) -> list[ListedRelease]:
    """Return all complete releases, the latest first; one that can't be read is named in a warning."""
    releases, unreadable = survey_listing(store)
    warn_of_unreadable(unreadable)
    return releases


def survey_listing(store: Store, anew: bool = False) -> tuple[list[ListedRelease], dict[str, StoreError]]:
    """Return all complete releases, the latest first, and why others can't be read, by their ids.

    Args:
        store: Where they are.
        anew: Read every manifest, and believe nothing that the listing says.
    """
    if anew:
        return _survey(store, {}, {})
    try:
        # Before the listing: who writes that removes notes when it has what came of them.
        notes, found = list_notes(store), store.get_versioned(KEY)
    except AccessDeniedError as error:
        # Who may read releases alone is told what they say.
        logger.warning("%s can't be read, so every manifest is: %s", KEY, error)
        return _survey(store, {}, {})
    return _survey(store, {} if found is None else _listed(found.data), notes)


def refresh_listing(store: Store, anew: bool = False) -> tuple[list[ListedRelease], dict[str, StoreError]]:
    """Write the listing as the releases are now, and return what `survey_listing` does.

    A store that can't be written to, or that others keep writing to, is no reason to fail: the next one writes it.
    """
    for _ in range(ATTEMPTS):
        notes, found = list_notes(store), store.get_versioned(KEY)
        releases, unreadable = _survey(store, {} if anew or found is None else _listed(found.data), notes)
        data = _as_bytes({one.release: one for one in releases if one.signatures is not None})
        try:
            if found is None or found.data != data:
                store.swap(KEY, data, None if found is None else found.version)
            settle(store, notes)
            return releases, unreadable
        except ConflictError:
            # Another writer knows of releases that this one does not, and the other way round.
            continue
        except StoreError as error:
            logger.warning("%s was not written: %s", KEY, error)
            return releases, unreadable
    logger.warning("%s was not written: others kept writing it.", KEY)
    return releases, unreadable


def _survey(
    store: Store, listed: Mapping[str, ListedRelease], notes: Mapping[str, object]
) -> tuple[list[ListedRelease], dict[str, StoreError]]:
    ids = release_ids(store)
    known = [listed[release] for release in ids if release in listed and release not in notes]
    there = {one.release for one in known}
    read, unreadable = survey([release for release in ids if release not in there], partial(_read, store))
    return sorted([*known, *read], key=lambda one: one.release, reverse=True), unreadable


def _read(store: Store, release: str) -> ListedRelease | StoreError | None:
    try:
        data = store.get(manifest_key(release))
        manifest = parse_manifest(data, release)
    except ObjectNotFoundError:
        # It was never completed, or pruned meanwhile.
        return None
    except (CorruptObjectError, NewerObjectError) as error:
        return error
    return _row(manifest, hashlib.sha256(data).hexdigest(), _signatures(store, release))


def _row(manifest: Manifest, sha256: str, signatures: tuple[Signature, ...] | None) -> ListedRelease:
    return ListedRelease.model_construct(
        **{name: getattr(manifest, name) for name in ReleaseSummary.model_fields},
        manifest_sha256=sha256,
        models=tuple(with_models(manifest)),
        size=sum(file.size for file in manifest.files),
        signatures=signatures,
    )


def _signatures(store: Store, release: str) -> tuple[Signature, ...] | None:
    try:
        return read_signatures(store, release)[0]
    except (CorruptObjectError, NewerObjectError):
        return None


def _listed(data: bytes) -> Mapping[str, ListedRelease]:
    """Return what the listing says, or nothing, with a warning, where it can't be read or is another version's."""
    try:
        with gzip.open(io.BytesIO(data)) as file:
            text = file.read(MAX_BYTES)
        listing = parse_stored(text, Listing, KEY)
    except (OSError, EOFError, zlib.error, StoreError) as error:
        logger.warning("%s can't be read, so every manifest is: %s", KEY, error)
        return {}
    if listing.fields != FIELDS or any(release != one.release for release, one in listing.releases.items()):
        logger.warning("%s is of another version of aepipe, so every manifest is read.", KEY)
        return {}
    return listing.releases


def _as_bytes(releases: Mapping[str, ListedRelease]) -> bytes:
    """Return the listing as it is stored: equal ones are equal bytes."""
    content = Listing(releases=dict(releases)).model_dump(mode="json")
    return gzip.compress(canonical_json(content), mtime=0)
