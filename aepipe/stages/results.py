"""Results of stages: files under a fingerprint, and a manifest that is written last.

The manifest's existence means that the stage is complete. Files lie under the digest of what they are: two machines
that produce the same stage at once come to different bytes, seconds if nothing else, and neither may put its files
where somebody reads the other's. The manifest that comes last is the one that is found from then on.
"""

import hashlib
import logging
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from aepipe.errors import CorruptObjectError, NewerObjectError, ObjectNotFoundError
from aepipe.io.folders import default_cache_folder
from aepipe.io.hashing import canonical_json, file_sha256
from aepipe.io.temporary import temporary_folder
from aepipe.stages.facts import (
    BaselineFacts,
    CalibrationFacts,
    DataFacts,
    EvaluationFacts,
    ExportFacts,
    Facts,
    GenerationFacts,
    NoiseFacts,
    SearchFacts,
    SplitFacts,
    SweepFacts,
    TrainedFacts,
)
from aepipe.stages.kinds import kind_of
from aepipe.store.interface import ObjectInfo, Store
from aepipe.store.names import Name, RelativePath, Sha256, Size
from aepipe.store.parsing import SCHEMA_VERSION, corrupt_object, parse_stored
from aepipe.store.refs import Kind, Ref

logger = logging.getLogger(__name__)

# Of the day for which what is at work spares a result, so much may pass before that is said again.
USED_SECONDS = 6 * 3600
# Of each store, how far its clock is ahead of this process's own.
_AHEAD: dict[str, float] = {}

FactsT = TypeVar("FactsT", bound=Facts)


class StageFile(BaseModel):
    """One file of a stage, as its manifest has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: Sha256 = Field(description="Hex digest of its bytes.")
    size: Size = Field(description="Its length in bytes.")
    kind: Kind = Field(description="What it is good for.")


class StageManifest(BaseModel):
    """What is stored of a stage, beside its files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    stage: Name = Field(description="The stage's name.")
    fingerprint: str = Field(description="What was done, as a digest.")
    content: Name | None = Field(None, description="The folder of its files; None where they lie beside the manifest.")
    files: dict[RelativePath, StageFile] = Field(description="Path within the stage to what it must be.")
    facts: dict[str, JsonValue] = Field(description="Small results: shapes, counts, metrics.")
    seconds: float = Field(description="How long the work took, in seconds.")
    created: datetime | None = Field(None, description="When it was complete; None where an older version made it.")


class StageResult(BaseModel, Generic[FactsT]):
    """A completed stage: where its files are, and the small facts that later stages and people ask for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage: str = Field(description="The stage's name.")
    fingerprint: str = Field(description="What was done, as a digest.")
    files: dict[str, Ref] = Field(description="Path within the stage to reference.")
    facts: FactsT = Field(description="Small results: shapes, counts, metrics.")
    seconds: float = Field(description="How long the work took, in seconds.")
    created: datetime | None = Field(None, description="When it was complete; None where an older version made it.")
    was_cached: bool = Field(False, description="The result was in the store; no work was done.")
    said: tuple[str, ...] = Field((), description="What there is to say of how this run came to it.")

    @property
    def digest(self) -> str:
        """What later stages depend on: the bytes and the facts, not how they came to be."""
        content = {"files": {path: ref.sha256 for path, ref in self.files.items()}, "facts": self.facts.as_stored()}
        return hashlib.sha256(canonical_json(content)).hexdigest()


# Named here, in the module of the class: a result of one of them can be sent to another process.
DataResult = StageResult[DataFacts]
SplitResult = StageResult[SplitFacts]
NoiseResult = StageResult[NoiseFacts]
BaselineResult = StageResult[BaselineFacts]
TrainedResult = StageResult[TrainedFacts]
EvaluationResult = StageResult[EvaluationFacts]
CalibrationResult = StageResult[CalibrationFacts]
GenerationResult = StageResult[GenerationFacts]
ExportResult = StageResult[ExportFacts]
SweepResult = StageResult[SweepFacts]
SearchResult = StageResult[SearchFacts]


def stage_prefix(stage: str, fingerprint: str) -> str:
    """Return the key prefix, without a trailing slash, of everything that the stage writes."""
    return f"stages/{stage}/{fingerprint}"


def find_stage(
    store: Store, stage: str, fingerprint: str, kind: type[StageResult[FactsT]]
) -> StageResult[FactsT] | None:
    """Return the stage's result if it is complete in the store.

    Args:
        store: Where the result is.
        stage: The stage's name.
        fingerprint: What the work is, as `fingerprint` gives it.
        kind: The results of the stage, as `DataResult`.

    Raises:
        CorruptObjectError: its manifest is damaged.
        NewerObjectError: a newer aepipe wrote it.
    """
    prefix = stage_prefix(stage, fingerprint)
    key = f"{prefix}/manifest.json"
    try:
        found = parse_stored(store.get(key), StageManifest, key)
    except ObjectNotFoundError:
        return None
    folder = f"{store.url}/{prefix}/{found.content}" if found.content else f"{store.url}/{prefix}"
    files = {path: Ref(uri=f"{folder}/{path}", **entry.model_dump()) for path, entry in found.files.items()}
    content = found.model_dump(exclude={"schema_version", "content", "files"}) | {"files": files, "was_cached": True}
    try:
        # What a newer version added about the work is part of the digest, whoever reads it.
        return kind.model_validate(content, extra="allow")
    except ValidationError as error:
        raise corrupt_object(key, error) from None


def find_whole_stage(
    store: Store, stage: str, fingerprint: str, kind: type[StageResult[FactsT]]
) -> StageResult[FactsT] | None:
    """Return the stage's result if it is complete, and its files are still there in their sizes.

    A damaged one counts for none, with a warning: the work can be done again.
    """
    try:
        found = find_stage(store, stage, fingerprint, kind)
    except (CorruptObjectError, NewerObjectError) as error:
        logger.warning("A stage's result is made anew: %s", error)
        return None
    if found is None:
        return None
    infos = list(store.list(f"{stage_prefix(stage, fingerprint)}/"))
    sizes = {f"{store.url}/{info.key}": info.size for info in infos}
    missing = [path for path, ref in found.files.items() if sizes.get(ref.uri) != ref.size]
    if missing:
        logger.warning("A stage's result is made anew: %s %s lost %s", stage, fingerprint[:12], missing[0])
        return None
    _keep_young(store, f"{stage_prefix(stage, fingerprint)}/manifest.json", infos)
    return found


def _keep_young(store: Store, key: str, infos: Iterable[ObjectInfo]) -> None:
    """Write the manifest of a result again that is used: what removes old results takes it for one of today."""
    if _now(store) - max(info.modified for info in infos) > USED_SECONDS:
        store.put(key, store.get(key))


def _now(store: Store) -> float:
    """Return the time by a store's clock, which is asked once: it writes a file, or takes a request."""
    if store.url not in _AHEAD:
        _AHEAD[store.url] = store.clock() - time.monotonic()
    return _AHEAD[store.url] + time.monotonic()


def produce_stage(
    store: Store,
    stage: str,
    fingerprint: str,
    kind: type[StageResult[FactsT]],
    work: Callable[[Path], FactsT],
    refresh: bool = False,
) -> StageResult[FactsT]:
    """Return the stage's result from the store, or do the work and put it there.

    Of several processes of this machine that want the same result, one does the work and the others wait for it.

    Args:
        store: Where the result is, or goes.
        stage: The stage's name.
        fingerprint: What the work is, as `fingerprint` gives it.
        kind: The results of the stage, as `DataResult`.
        work: Fills the folder it is given with files, and returns the stage's facts.
        refresh: Do the work even if it has been done.
    """
    done = None if refresh else find_whole_stage(store, stage, fingerprint, kind)
    if done is not None:
        return done
    with FileLock(_lock_path(store, stage, fingerprint)):
        done = None if refresh else find_whole_stage(store, stage, fingerprint, kind)
        return done or _work(store, stage, fingerprint, kind, work)


def _lock_path(store: Store, stage: str, fingerprint: str) -> Path:
    name = hashlib.sha256(f"{store.url}/{stage_prefix(stage, fingerprint)}".encode()).hexdigest()[:32]
    folder = default_cache_folder() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.lock"


def forget_locks(store: Store, results: Iterable[StageResult[Any]]) -> None:
    """Remove what this machine keeps of a store that is about to go."""
    for result in results:
        _lock_path(store, result.stage, result.fingerprint).unlink(missing_ok=True)


def _work(
    store: Store,
    stage: str,
    fingerprint: str,
    kind: type[StageResult[FactsT]],
    work: Callable[[Path], FactsT],
) -> StageResult[FactsT]:
    with temporary_folder(stage) as folder:
        started = time.perf_counter()
        facts = work(folder).as_stored()
        seconds = round(time.perf_counter() - started, 3)
        paths = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
        files = {path: _entry(source) for path, source in paths.items()}
        content = hashlib.sha256(canonical_json(files)).hexdigest()[:16]
        prefix = stage_prefix(stage, fingerprint)
        store.put_files({f"{prefix}/{content}/{path}": source for path, source in paths.items()})
    manifest = {
        "schema_version": SCHEMA_VERSION,
        "stage": stage,
        "fingerprint": fingerprint,
        "content": content,
        "files": files,
        "facts": facts,
        "seconds": seconds,
        "created": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    store.put(f"{prefix}/manifest.json", canonical_json(manifest))
    result = find_stage(store, stage, fingerprint, kind)
    if result is None:
        raise CorruptObjectError("A manifest must be readable once it is written.", key=f"{prefix}/manifest.json")
    return result.model_copy(update={"was_cached": False})


def _entry(path: Path) -> dict[str, Any]:
    return {"sha256": file_sha256(path), "size": path.stat().st_size, "kind": kind_of(path)}
