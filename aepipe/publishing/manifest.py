"""What a release says about itself: its manifest, written last."""

import hashlib
import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.publishing.channels import read_channel
from aepipe.store.fingerprint import canonical_json
from aepipe.store.interface import Store

PACKAGES = ("keras", "numpy", "prefect", "scikit-learn", "scipy", "tensorflow", "aepipe")
# What a manifest says of a recipe's evaluation: enough for the table of results and for the page over all releases.
RESULT_FIGURES = (
    "mse_per_pixel",
    "psnr_db",
    "ssim",
    "pca_mse_per_pixel",
    "patch_pca_mse_per_pixel",
    "dct_mse_per_pixel",
    "denoised_mse_per_pixel",
    "linear_mse_per_pixel",
    "noisy_mse_per_pixel",
)
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


class StageCost(BaseModel):
    """What one stage of a recipe took, for whoever watches cost and growth."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seconds: float = Field(description="How long the work took when it was done, in seconds.")
    rows: int | None = Field(description="Images that went through it.")
    bytes: int = Field(description="Size of the files that it put into the store.")
    was_cached: bool = Field(description="It was in the store before the run began.")


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
    recipes: dict[str, dict[str, JsonValue]] = Field(
        description="Verdict, setting, data and held-out MSE of each recipe, and the release that its models come from."
    )
    lineage: dict[str, dict[str, str]] = Field(description="Fingerprint of each stage of each recipe.")
    stages: dict[str, dict[str, StageCost]] = Field({}, description="What each stage of each recipe took.")
    candidate: str = Field(description="The run's own release; another one where production's models were kept.")
    store: dict[str, JsonValue] = Field(description="What was measured about the store before anything was written.")
    files: list[ReleaseFile] = Field(description="Every file of the release but this one.")


def manifest_bytes(manifest: Manifest) -> bytes:
    """Return the manifest as it is stored: equal manifests are equal bytes."""
    return canonical_json(manifest.model_dump(mode="json"))


def manifest_sha256(manifest: Manifest) -> str:
    """Return the hex digest of the manifest as it is stored."""
    return hashlib.sha256(manifest_bytes(manifest)).hexdigest()


def read_manifest(store: Store, release: str, sha256: str | None = None) -> Manifest:
    """Return a release's manifest.

    Args:
        store: Where the release is.
        release: Its id.
        sha256: The digest that a channel gives for it; not compared where None.

    Raises:
        ObjectNotFoundError: there is no such release, or it was never completed.
        CorruptObjectError: the manifest is not the one that the channel names.
    """
    try:
        data = store.get(f"releases/{release}/manifest.json")
    except ObjectNotFoundError:
        raise ObjectNotFoundError(
            "A release is complete once its manifest is there.",
            f"See the releases with: aepipe releases list --store {store.url}",
            release=release,
        ) from None
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise CorruptObjectError(
            "A manifest must be the one that the channel names.",
            "Point the channel at another release: aepipe releases rollback.",
            release=release,
        )
    return Manifest.model_validate_json(data)


def resolve_release(store: Store, name: str) -> Manifest:
    """Return the manifest of a release, or of the one that a channel of this name points at."""
    # No channel's name has the capital letters of a release's.
    channel = read_channel(store, name) if name == name.lower() else None
    if channel is None:
        return read_manifest(store, name)
    return read_manifest(store, channel.release, channel.current.manifest_sha256)


def list_releases(store: Store) -> list[Manifest]:
    """Return the manifests of all complete releases, the latest first."""
    keys = [info.key for info in store.list("releases/") if info.key.count("/") == 2]
    return [read_manifest(store, key.split("/")[1]) for key in sorted(keys, reverse=True) if _is_manifest(key)]


def _is_manifest(key: str) -> bool:
    return key.endswith("/manifest.json")


def has_model(manifest: Manifest, recipe: str) -> bool:
    """Tell whether a release has a model of a recipe."""
    return any(file.path == f"models/{recipe}/model.keras" for file in manifest.files)


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
