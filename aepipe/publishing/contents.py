"""What a manifest says about a run: which work it is made of, what each stage took, what each recipe came to."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from aepipe.evaluation.catalogue import Metrics, metrics_at
from aepipe.gate.rules import is_sound
from aepipe.gate.verdicts import Outcome, Verdict
from aepipe.io.hashing import canonical_json
from aepipe.releases.facts import RecipeSummary
from aepipe.releases.manifest import StageCost
from aepipe.stages.outcome import STAGES
from aepipe.stages.stage import StageResult


def lineage(outcome: Outcome) -> dict[str, str]:
    """Return the fingerprint of each stage that a recipe came to, by the stage's name."""
    return {stage: result.fingerprint for stage, result in _results(outcome).items()}


def costs(outcome: Outcome, started: datetime) -> dict[str, StageCost]:
    """Return what each stage took, by its name; what was made before the run had started was in the store."""
    rows = _rows(outcome)
    return {
        stage: StageCost(
            seconds=result.seconds,
            rows=rows.get(stage),
            bytes=sum(ref.size for ref in result.files.values()),
            was_cached=result.created is None or result.created < started,
        )
        for stage, result in _results(outcome).items()
    }


def content_digest(outcomes: Sequence[Outcome], parameters: Mapping[str, JsonValue]) -> str:
    """Return what is equal for two runs exactly where they came to the same by the same parameters."""
    content = {
        "parameters": parameters,
        "lineage": {outcome.recipe: lineage(outcome) for outcome in outcomes},
        "errors": {outcome.recipe: outcome.error for outcome in outcomes},
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


def summarise(release: str, outcome: Outcome, verdict: Verdict) -> RecipeSummary:
    """Return what a manifest says about one recipe."""
    facts = None if outcome.evaluated is None else outcome.evaluated.facts
    metrics: Metrics = {} if facts is None else facts.metrics
    account = None if outcome.data is None else outcome.data.facts.account
    exported = None if outcome.exported is None else outcome.exported.facts.as_stored()["formats"]
    return RecipeSummary.model_validate(
        {
            "verdict": verdict.verdict,
            "origin": release if is_sound(outcome) else None,
            "setting": outcome.setting,
            "seed": None if outcome.plan is None else outcome.plan.training.seed,
            "data": None if outcome.split is None else outcome.split.facts.name,
            "input": None if account is None else account.model_dump(mode="json"),
            "images_sha256": None if outcome.data is None else outcome.data.facts.images_sha256,
            "test_rows_sha256": None if outcome.split is None else outcome.split.facts.test_sha256,
            "training_seconds": None if outcome.trained is None else outcome.trained.facts.training_seconds,
            "code_size": None if facts is None else facts.code_size,
            "compression_ratio": None if facts is None else facts.compression_ratio,
            **{metric.name: metrics.get(metric.name) for metric in metrics_at("manifest")},
            "exports": exported,
        }
    )


def _rows(outcome: Outcome) -> dict[str, int | None]:
    """Return how many images each stage worked on."""
    data, split, noisy = outcome.data, outcome.split, outcome.noisy
    evaluated, exported = outcome.evaluated, outcome.exported
    parts = None if split is None else split.facts
    return {
        "data": None if data is None else data.facts.num_images,
        "split": None if parts is None else parts.num_train + parts.num_validation + parts.num_test,
        "noisy": None if noisy is None else noisy.facts.num_images,
        "trained": None if parts is None else parts.num_train,
        "evaluated": None if evaluated is None else evaluated.facts.num_test_images,
        "exported": None if exported is None else exported.facts.num_test_images,
    }


def _results(outcome: Outcome) -> dict[str, StageResult]:
    found = {stage: getattr(outcome, stage) for stage in STAGES}
    return {stage: result for stage, result in found.items() if result is not None}
