"""What a release says about itself: its manifest, and the channels that point at releases."""

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aepipe.errors import ConflictError, ObjectNotFoundError, UnknownOutcomeError
from aepipe.store.fingerprint import canonical_json
from aepipe.store.interface import Store

PACKAGES = ("keras", "numpy", "prefect", "scikit-learn", "scipy", "tensorflow", "aepipe")
MEDIA_TYPES = {
    ".json": "application/json",
    ".csv": "text/csv",
    ".html": "text/html",
    ".md": "text/markdown",
    ".png": "image/png",
    ".zip": "application/zip",
}


class ReleaseFile(BaseModel):
    """One file of a release and the bytes that it must have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Path within the release.")
    sha256: str = Field(description="Hex digest of its bytes.")
    size: int = Field(description="Its length in bytes.")
    media_type: str = Field(description="What a browser should take it for.")


class Manifest(BaseModel):
    """A release: what ran, on what, with which result, and every file but this one. It is written last."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    release: str = Field(description="The release's id.")
    created: str = Field(description="When the run started, ISO 8601 in UTC.")
    content: str = Field(description="Digest of what the release holds; equal for runs that came to the same.")
    flow_run: str = Field(description="Id of the flow run.")
    parameters: dict[str, JsonValue] = Field(description="The run's parameters.")
    git_commit: str | None = Field(description="Commit of the code, with -dirty where it was changed since.")
    packages: dict[str, str] = Field(description="Versions that the result depends on.")
    hardware: list[str] = Field(description="What the recipes were trained on.")
    seconds: float = Field(description="How long the run took, in seconds.")
    recipes: dict[str, dict[str, JsonValue]] = Field(description="Verdict, setting and held-out MSE of each recipe.")
    lineage: dict[str, dict[str, str]] = Field(description="Fingerprint of each stage of each recipe.")
    files: list[ReleaseFile] = Field(description="Every file of the release but this one.")


class Channel(BaseModel):
    """Which release a name stands for, and which ones it stood for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str = Field(description="The release that the channel names.")
    generation: int = Field(description="How often the channel was set.")
    history: list[str] = Field(description="The releases that it named before, the latest first.")


def read_manifest(store: Store, release: str) -> Manifest:
    """Return a release's manifest.

    Raises:
        ObjectNotFoundError: there is no such release, or it was never completed.
    """
    try:
        return Manifest.model_validate_json(store.get(f"releases/{release}/manifest.json"))
    except ObjectNotFoundError:
        raise ObjectNotFoundError(
            "A release is complete once its manifest is there.",
            f"See the releases with: aepipe releases list --store {store.url}",
            release=release,
        ) from None


def resolve_release(store: Store, name: str) -> Manifest:
    """Return the manifest of a release, or of the one that a channel of this name points at."""
    channel = read_channel(store, name)
    return read_manifest(store, name if channel is None else channel.release)


def list_releases(store: Store) -> list[Manifest]:
    """Return the manifests of all complete releases, the latest first."""
    keys = [info.key for info in store.list("releases/") if info.key.count("/") == 2]
    return [read_manifest(store, key.split("/")[1]) for key in sorted(keys, reverse=True) if _is_manifest(key)]


def _is_manifest(key: str) -> bool:
    return key.endswith("/manifest.json")


def read_channel(store: Store, channel: str) -> Channel | None:
    """Return what a channel points at, or None before it was first set."""
    found = store.get_versioned(f"channels/{channel}.json")
    return None if found is None else Channel.model_validate_json(found.data)


def point_channel(store: Store, channel: str, release: str) -> Channel:
    """Let a channel name a release, by compare-and-swap; concurrent runs all end in its history.

    Raises:
        ConflictError: others kept moving the channel; nothing was lost, the release stands.
    """
    key = f"channels/{channel}.json"
    for attempt in range(20):
        found = store.get_versioned(key)
        old = None if found is None else Channel.model_validate_json(found.data)
        # Set by this run: before it was retried, or by a write whose answer was lost.
        if old is not None and (old.release == release or (attempt and release in old.history)):
            return old
        history = [] if old is None else [old.release, *old.history]
        new = Channel(release=release, generation=1 if old is None else old.generation + 1, history=history)
        try:
            store.swap(key, canonical_json(new.model_dump(mode="json")), None if found is None else found.version)
        except (ConflictError, UnknownOutcomeError):
            continue
        return new
    raise ConflictError("A channel must stand still for a moment to be set.", "Run again.", channel=channel)


def release_file(path: str, source: Path, sha256: str) -> ReleaseFile:
    """Return the manifest's line about a file."""
    media_type = MEDIA_TYPES.get(source.suffix, MEDIA_TYPES.get(Path(path).suffix, "application/octet-stream"))
    return ReleaseFile(path=path, sha256=sha256, size=source.stat().st_size, media_type=media_type)


def package_versions() -> dict[str, str]:
    """Return the installed versions of what a result depends on."""
    return {name: metadata.version(name) for name in PACKAGES}


def git_commit() -> str | None:
    """Return the commit of the code that runs, or None outside a checkout; $AEPIPE_GIT_COMMIT goes first."""
    if os.environ.get("AEPIPE_GIT_COMMIT"):
        return os.environ["AEPIPE_GIT_COMMIT"]
    folder = Path(__file__).parent
    command = ["git", "-C", str(folder), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None


def as_json(value: Any) -> bytes:
    """Return JSON for people to read: indented, in the given order."""
    return json.dumps(value, indent=2, allow_nan=False).encode()
