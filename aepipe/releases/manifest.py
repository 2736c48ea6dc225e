"""Manifests: what a release says about itself, written last."""

import hashlib
import json
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError, StoreError
from aepipe.io.hashing import canonical_json
from aepipe.packages import installed_version
from aepipe.releases.absent import require_store
from aepipe.releases.channels import require_channel
from aepipe.releases.facts import DataSummary, ReleaseSummary
from aepipe.releases.survey import release_ids, survey, warn_of_unreadable
from aepipe.store.interface import Store
from aepipe.store.names import Name, RelativePath, Sha256, Size, is_release_id
from aepipe.store.parsing import parse_stored

PACKAGES = ("keras", "numpy", "prefect", "scikit-learn", "scipy", "tensorflow", "aepipe")
MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
    ".md": "text/markdown",
    ".parquet": "application/vnd.apache.parquet",
    ".png": "image/png",
    ".zip": "application/zip",
}
# Who signed the manifest; like itself not among the files that it names.
SIGNATURES = "signature.json"
UNLISTED = ("manifest.json", SIGNATURES)


class ReleaseFile(BaseModel):
    """One file of a release and the bytes that it must have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: RelativePath = Field(description="Path within the release.")
    sha256: Sha256 = Field(description="Hex digest of its bytes.")
    size: Size = Field(description="Its length in bytes.")
    media_type: str = Field(description="What a browser should take it for.")


class StageCost(BaseModel):
    """What one stage of a model took, for whoever watches cost and growth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(description="How long the work took when it was done, in seconds.")
    rows: int | None = Field(description="Images that went through it.")
    bytes: int = Field(description="Size of the files that it put into the store.")
    was_cached: bool = Field(description="It was in the store before the run began.")


def _each_once(files: list[ReleaseFile]) -> list[ReleaseFile]:
    paths = [file.path for file in files]
    if not set(UNLISTED).isdisjoint(paths) or len(set(paths)) < len(paths):
        raise ValueError("every file of a release is named once, and none is its manifest or its signatures")
    return files


class Manifest(ReleaseSummary):
    """A release: what ran, on what, with which result, and every file but this one. It is written last."""

    schema_version: Literal[1] = 1
    lineage: dict[Name, dict[str, str]] = Field(description="Fingerprint of each stage of each model.")
    data_sets: dict[Name, DataSummary] = Field({}, description="What was checked of each data set of the user's own.")
    stages: dict[Name, dict[str, StageCost]] = Field({}, description="What each stage of each model took.")
    store: dict[str, JsonValue] = Field(description="What was measured about the store before anything was written.")
    files: Annotated[list[ReleaseFile], AfterValidator(_each_once)] = Field(
        description="Every file of the release but this one and its signatures."
    )


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored: equal manifests are equal bytes."""
    return canonical_json(manifest.model_dump(mode="json"))


def manifest_sha256(manifest: Manifest) -> str:
    """Return the hex digest of the manifest as it is stored."""
    return hashlib.sha256(manifest_bytes(manifest)).hexdigest()


def manifest_key(release: str) -> str:
    """Return the key under which a release's manifest lies."""
    return f"releases/{release}/manifest.json"


def get_manifest_bytes(store: Store, release: str) -> bytes:
    """Return a release's manifest as it is stored.

    Raises:
        ObjectNotFoundError: there is no such release, or it was never completed.
    """
    try:
        if is_release_id(release):
            return store.get(manifest_key(release))
    except ObjectNotFoundError:
        pass
    require_store(store)
    raise ObjectNotFoundError(
        "A release is complete once its manifest is there.",
        f"See the releases with: aepipe releases list --store {store.url}",
        release=release,
    )


def read_manifest(store: Store, release: str, sha256: str | None = None) -> Manifest:
    """Return a release's manifest.

    Args:
        store: Where the release is.
        release: Its id.
        sha256: The digest that a channel gives for it; not compared where None.

    Raises:
        ObjectNotFoundError: there is no such release, or it was never completed.
        CorruptObjectError: the manifest is not the one that the channel names, is damaged, or is another release's.
        NewerObjectError: a newer aepipe wrote it.
    """
    data = get_manifest_bytes(store, release)
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptObjectError(
            "A manifest must be the one that the channel names.",
            "Point the channel at another release: aepipe releases rollback.",
            release=release,
        )
    return parse_manifest(data, release)


def parse_manifest(data: bytes, release: str) -> Manifest:
    """Return a release's manifest from what is stored of it.

    Raises:
        CorruptObjectError: it is damaged, or another release's.
        NewerObjectError: a newer aepipe wrote it.
    """
    manifest = parse_stored(
        data, Manifest, manifest_key(release), "Restore it from a backup; prune removes it in time."
    )
    if manifest.release != release:
        raise CorruptObjectError(
            "A manifest must lie under the id of its release.",
            "Restore it from a backup; prune removes it in time.",
            key=manifest_key(release),
            release=manifest.release,
        )
    return manifest


def stored_sha256(store: Store, manifest: Manifest) -> str:
    """Return the hex digest of a release's manifest as it is stored: an older version may have written fewer fields.

    Raises:
        ObjectNotFoundError: it is gone.
        CorruptObjectError: it is another one than this.
    """
    data = get_manifest_bytes(store, manifest.release)
    if parse_stored(data, Manifest, manifest_key(manifest.release)) != manifest:
        raise CorruptObjectError("A manifest never changes.", "Run again.", release=manifest.release)
    return hashlib.sha256(data).hexdigest()


def resolve_release(store: Store, name: str) -> Manifest:
    """Return the manifest of a release, or of the one that a channel of this name points at.

    Raises:
        ObjectNotFoundError: there is no such release or channel, or no store at all.
        CorruptObjectError: the manifest is not the one that the channel names.
    """
    # No channel's name has the capital letters of a release's.
    if name != name.lower():
        return read_manifest(store, name)
    channel = require_channel(store, name)
    return read_manifest(store, channel.release, channel.current.manifest_sha256)


def list_releases(store: Store) -> list[Manifest]:
    """Return the manifests of all complete releases, the latest first; one that can't be read is named in a warning.

    Each is read. What a list or a table says about them is in the listing: `listing.listed_releases`.
    """
    manifests, unreadable = survey_releases(store)
    warn_of_unreadable(unreadable)
    return manifests


def survey_releases(store: Store) -> tuple[list[Manifest], dict[str, StoreError]]:
    """Return the manifests of all complete releases, the latest first, and why others can't be read, by their ids.

    What has no release's id is somebody else's, and passed over.
    """
    return survey(release_ids(store), partial(_read_listed, store))


def _read_listed(store: Store, release: str) -> Manifest | StoreError | None:
    try:
        return parse_manifest(store.get(manifest_key(release)), release)
    except ObjectNotFoundError:
        # It was never completed, or pruned meanwhile.
        return None
    except (CorruptObjectError, NewerObjectError) as error:
        return error


def is_complete(store: Store, release: str) -> bool:
    """Tell whether there is a release of this id: its manifest."""
    return is_release_id(release) and store.exists(manifest_key(release))


def latest_release(store: Store) -> str | None:
    """Return the id of the latest release that is complete; None where there is none."""
    return next((release for release in release_ids(store) if is_complete(store, release)), None)


def with_models(manifest: Manifest) -> list[str]:
    """Return what a release calls the models that it has: those that failed or are unsound are not in it."""
    paths = {file.path for file in manifest.files}
    return [model for model in manifest.recipes if f"models/{model}/model.keras" in paths]


def release_file(path: str, source: Path, sha256: str) -> ReleaseFile:
    """Return the manifest's line about a file."""
    media_type = MEDIA_TYPES.get(source.suffix, MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream"))
    return ReleaseFile(path=path, sha256=sha256, size=source.stat().st_size, media_type=media_type)


def package_versions() -> dict[str, str]:
    """Return the installed versions of what a result depends on."""
    return {name: installed_version(name) for name in PACKAGES}


def as_json(value: Any) -> bytes:
    """Return JSON for people to read: indented, in the given order."""
    return json.dumps(value, indent=2, allow_nan=False).encode()
