"""Publishing: what a run came to, as one release that readers can trust.

Files go first, the manifest last, the channel after it: a reader who goes from channel to manifest to files never meets
half a release, whenever the publisher is killed.
"""

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator
from pydantic_core import to_jsonable_python

from aepipe.errors import ObjectNotFoundError
from aepipe.publishing.gate import judge
from aepipe.publishing.manifest import (
    Manifest,
    as_json,
    git_commit,
    package_versions,
    point_channel,
    read_channel,
    read_manifest,
    release_file,
)
from aepipe.publishing.outcome import Outcome, Verdict
from aepipe.store.fingerprint import canonical_json
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file
from aepipe.store.stages import file_sha256

CANDIDATE = "candidate"
STAGES = ("data", "split", "noisy", "trained", "evaluated")


class Run(BaseModel):
    """The run that is published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flow_run: str = Field(description="Id of the flow run; publishing it again gives the same release.")
    started: datetime = Field(description="When it started.")
    parameters: dict[str, JsonValue] = Field(description="Its parameters, without where its results go.")

    @field_validator("parameters", mode="before")
    @classmethod
    def _as_json(cls, parameters: dict[str, Any]) -> dict[str, JsonValue]:
        # The same work is the same release, in whatever store and whether it was done anew or not.
        return {name: to_jsonable_python(v) for name, v in parameters.items() if name not in ("store", "refresh")}


class Published(BaseModel):
    """A release, where it lies, and what was decided."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    release: str = Field(description="The release's id.")
    uri: str = Field(description="Where it lies.")
    report_uri: str = Field(description="Where its report lies.")
    verdicts: tuple[Verdict, ...] = Field(description="The decision about each recipe.")
    was_published_before: bool = Field(description="An equal release was there already; nothing was written.")

    @property
    def summary(self) -> str:
        """One line: the release, and which recipes it holds back."""
        held = [verdict.recipe for verdict in self.verdicts if verdict.verdict == "held"]
        return f"Release {self.release}: {self.uri}" + (f" Held: {', '.join(held)}." if held else "")


def publish_release(store: Store, outcomes: Sequence[Outcome], run: Run) -> Published:
    """Publish a run and let the channel `candidate` name it, unless it came to exactly what the channel names.

    Args:
        store: Where the release goes, and where the stages' files are.
        outcomes: Every recipe of the run, the failed ones too.
        run: What ran.
    """
    verdicts = tuple(judge(outcome) for outcome in outcomes)
    content = _content_digest(outcomes, verdicts, run)
    candidate = read_channel(store, CANDIDATE)
    if candidate is not None and _has_content(store, candidate.release, content):
        return _published(store, candidate.release, verdicts, before=True)
    release = _release_id(run)
    if store.exists(f"releases/{release}/manifest.json"):
        # A retried run, killed between manifest and channel.
        point_channel(store, CANDIDATE, release)
        return _published(store, release, verdicts, before=True)
    with tempfile.TemporaryDirectory(prefix="aepipe-release-") as folder:
        manifest = _write_release(store, Path(folder), release, content, outcomes, verdicts, run)
    store.create(f"releases/{release}/manifest.json", canonical_json(manifest.model_dump(mode="json")))
    point_channel(store, CANDIDATE, release)
    return _published(store, release, verdicts, before=False)


def _has_content(store: Store, release: str, content: str) -> bool:
    try:
        return read_manifest(store, release).content == content
    except ObjectNotFoundError:
        return False


def _published(store: Store, release: str, verdicts: tuple[Verdict, ...], before: bool) -> Published:
    uri = f"{store.url}/releases/{release}"
    return Published(
        release=release, uri=uri, report_uri=f"{uri}/report.html", verdicts=verdicts, was_published_before=before
    )


def _release_id(run: Run) -> str:
    short = hashlib.sha256(run.flow_run.encode()).hexdigest()[:6]
    return f"{run.started.astimezone(UTC):%Y%m%dT%H%M%SZ}-{short}"


def _lineage(outcome: Outcome) -> dict[str, str]:
    results = ((stage, getattr(outcome, stage)) for stage in STAGES)
    return {stage: result.fingerprint for stage, result in results if result is not None}


def _content_digest(outcomes: Sequence[Outcome], verdicts: Sequence[Verdict], run: Run) -> str:
    content = {
        "parameters": run.parameters,
        "lineage": {outcome.recipe: _lineage(outcome) for outcome in outcomes},
        "verdicts": [verdict.model_dump(mode="json") for verdict in verdicts],
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def _write_release(
    store: Store,
    folder: Path,
    release: str,
    content: str,
    outcomes: Sequence[Outcome],
    verdicts: Sequence[Verdict],
    run: Run,
) -> Manifest:
    """Put every file of the release into the store, and return the manifest that completes it."""
    # Jinja2 and pandas are not needed to find out that there is nothing to write.
    from aepipe.publishing.pages import RunFacts, write_pages

    files = dict(_stage_files(store, outcomes, verdicts))
    seconds = (datetime.now(UTC) - run.started).total_seconds()
    facts = RunFacts(
        release=release,
        created=run.started.astimezone(UTC).isoformat(timespec="seconds"),
        git_commit=git_commit(),
        packages=package_versions(),
        hardware=sorted({str(o.trained.facts["hardware"]) for o in outcomes if o.trained is not None}),
        seconds=round(seconds, 1),
    )
    write_pages(folder, files, outcomes, verdicts, run.parameters, facts)
    (folder / "decision.json").write_bytes(as_json([verdict.model_dump(mode="json") for verdict in verdicts]))
    files.update({path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()})
    store.put_files({f"releases/{release}/{path}": source for path, source in files.items()})
    return Manifest(
        content=content,
        flow_run=run.flow_run,
        parameters=run.parameters,
        recipes={v.recipe: _summary(o, v) for o, v in zip(outcomes, verdicts, strict=True)},
        lineage={outcome.recipe: _lineage(outcome) for outcome in outcomes},
        files=[release_file(path, source, file_sha256(source)) for path, source in sorted(files.items())],
        **asdict(facts),
    )


def _summary(outcome: Outcome, verdict: Verdict) -> dict[str, JsonValue]:
    evaluated = {} if outcome.evaluated is None else outcome.evaluated.facts
    return {
        "verdict": verdict.verdict,
        "setting": outcome.setting,
        "data": None if outcome.split is None else outcome.split.facts["name"],
        "code_size": evaluated.get("code_size"),
        "mse_per_pixel": evaluated.get("mse_per_pixel"),
        "pca_mse_per_pixel": evaluated.get("pca_mse_per_pixel"),
    }


def _stage_files(store: Store, outcomes: Sequence[Outcome], verdicts: Sequence[Verdict]) -> Iterator[tuple[str, Path]]:
    """Yield path in the release and local file of what the stages made: models only where they were promoted."""
    for outcome, verdict in zip(outcomes, verdicts, strict=True):
        if outcome.noisy is not None:
            for path, ref in outcome.noisy.files.items():
                yield f"noisy-test-sets/{path}", local_file(store, ref)
        if outcome.trained is None or outcome.evaluated is None:
            continue
        files: Mapping = {**outcome.trained.files, **outcome.evaluated.files}
        for path, ref in files.items():
            if ref.kind != "model" or verdict.verdict == "promoted":
                yield f"models/{outcome.recipe}/{path}", local_file(store, ref)
