"""What a manifest says about a run: which work it is made of, what each stage took, what each recipe came to."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from aepipe.gate.rules import is_sound
from aepipe.gate.verdicts import Outcome, Verdict
from aepipe.io.hashing import canonical_json
from aepipe.releases.manifest import RESULT_FIGURES, StageCost
from aepipe.stages.outcome import STAGES
from aepipe.stages.stage import StageResult


def lineage(outcome: Outcome) -> dict[str, str]:
    """Return the fingerprint of each stage that a recipe came to, by the stage's name."""
    return {stage: result.fingerprint for stage, result in _results(outcome).items()}


def costs(outcome: Outcome, started: datetime) -> dict[str, StageCost]:
    """Return what each stage took, by its name; what was made before the run had started was in the store."""
    split = {} if outcome.split is None else outcome.split.facts
    num_split = sum(split.get(name, 0) for name in ("num_train", "num_validation", "num_test"))
    rows = {"split": num_split, "trained": split.get("num_train")}
    return {
        stage: StageCost(
            seconds=result.seconds,
            rows=rows.get(stage, result.facts.get("num_images", result.facts.get("num_test_images"))),
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


def summarise(release: str, outcome: Outcome, verdict: Verdict) -> dict[str, JsonValue]:
    """Return what a manifest says about one recipe."""
    facts = {} if outcome.evaluated is None else outcome.evaluated.facts
    trained = {} if outcome.trained is None else outcome.trained.facts
    return {
        "verdict": verdict.verdict,
        "origin": release if is_sound(outcome) else None,
        "setting": outcome.setting,
        "seed": None if outcome.plan is None else outcome.plan.training.seed,
        "data": None if outcome.split is None else outcome.split.facts["name"],
        "input": None if outcome.data is None else outcome.data.facts.get("account"),
        "images_sha256": None if outcome.data is None else outcome.data.facts["images_sha256"],
        "test_rows_sha256": None if outcome.split is None else outcome.split.facts["test_sha256"],
        "training_seconds": trained.get("training_seconds"),
        **{name: facts.get(name) for name in ("code_size", "compression_ratio", *RESULT_FIGURES)},
        "exports": None if outcome.exported is None else outcome.exported.facts["formats"],
    }


def _results(outcome: Outcome) -> dict[str, StageResult]:
    found = {stage: getattr(outcome, stage) for stage in STAGES}
    return {stage: result for stage, result in found.items() if result is not None}
