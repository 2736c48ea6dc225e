"""Manifests of results: what was used on what, and every file that came of it. They are written last."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from aepipe.io.hashing import canonical_json
from aepipe.releases.manifest import ReleaseFile
from aepipe.store.interface import Store
from aepipe.store.names import Name, ReleaseId, Sha256, Time

Kind = Literal["score", "encode", "restore", "generate", "map"]

RESULTS, MANIFEST, LATEST, KNOWN, FILES = "results", "manifest.json", "latest", "known", "files"
# The table of each kind: a row for each picture, with its digest.
TABLES: dict[Kind, str] = {
    "score": "scores.parquet",
    "encode": "codes.parquet",
    "restore": "pictures.parquet",
    "generate": "pictures.parquet",
    "map": "pictures.parquet",
}


class Use(BaseModel):
    """One use of a model: which, on what, and what it came to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind = Field(description="What was done.")
    model: Name = Field(description="The model's name.")
    recipe: Name = Field(description="Its recipe.")
    release: ReleaseId = Field(description="The release that it is from.")
    model_sha256: Sha256 = Field(description="Hex digest of the model's file.")
    settings: dict[str, JsonValue] = Field(description="What was chosen.")
    source: str | None = Field(description="Where the pictures lay, as it was given, without secrets; None of none.")
    inputs_sha256: Sha256 | None = Field(description="Digest of their paths and digests; None where there were none.")
    num_pictures: int = Field(ge=0, description="Pictures that there is a result of.")
    num_unreadable: int = Field(0, ge=0, description="Files that no picture could be read from.")
    num_skipped: int = Field(0, ge=0, description="Files that earlier results have.")
    started: Time = Field(description="When it began, ISO 8601 in UTC.")
    flow_run: str | None = Field(None, description="Id of the flow run; None where a command or a program did it.")
    hardware: str = Field(description="What it was computed on.")
    summary: dict[str, JsonValue] = Field({}, description="A few figures for pages and alarms.")


def _side_by_side(files: list[ReleaseFile]) -> list[ReleaseFile]:
    paths = {file.path for file in files}
    parents = {path[:end] for path in paths for end, character in enumerate(path) if character == "/"}
    if MANIFEST in paths or len(paths) < len(files) or paths & parents:
        raise ValueError("every file is named once, none is the manifest, and none is the folder of another")
    return files


class ResultsManifest(Use):
    """Results: a use of a model, and its files. They never change."""

    schema_version: Literal[1] = 1
    run: ReleaseId = Field(description="Id of the results: when they were begun, and something of their own.")
    finished: Time = Field(description="When they were complete, ISO 8601 in UTC.")
    files: Annotated[list[ReleaseFile], AfterValidator(_side_by_side)] = Field(
        description="Every file of the results but this one."
    )


def manifest_bytes(manifest: ResultsManifest) -> bytes:
    """Return a manifest as it is stored."""
    return canonical_json(manifest.model_dump(mode="json"))


def run_prefix(model: str, run: str) -> str:
    """Return what the keys of one run's results begin with."""
    return f"{RESULTS}/{model}/{run}/"


def place_of(destination: "Store | Path", manifest: "ResultsManifest") -> str:
    """Return where results are: a folder, or an address in the store."""
    if isinstance(destination, Path):
        return str(destination)
    return f"{destination.url}/{run_prefix(manifest.model, manifest.run)}"


def manifest_key(model: str, run: str) -> str:
    """Return the key of a run's manifest."""
    return f"{run_prefix(model, run)}{MANIFEST}"


def latest_key(model: str, kind: Kind) -> str:
    """Return the key of the object that says which results of a kind came last."""
    return f"{RESULTS}/{model}/{LATEST}/{kind}.json"


def known_key(model: str, kind: Kind, release: str) -> str:
    """Return the key of the table of digests that results had which are gone."""
    return f"{RESULTS}/{model}/{KNOWN}/{kind}/{release}.parquet"


def files_key(model: str, place: str) -> str:
    """Return the key of the table of the digests that files at a place had."""
    return f"{RESULTS}/{model}/{FILES}/{place}.parquet"
