"""Contents of a manifest about a run: which work it is made of, what each stage took, what each recipe came to."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from pydantic import JsonValue

from aepipe.evaluation.catalogue import metrics_at
from aepipe.gate.rules import is_sound
from aepipe.gate.verdicts import Verdict
from aepipe.io.hashing import canonical_json
from aepipe.releases.facts import RecipeSummary
from aepipe.releases.manifest import StageCost
from aepipe.stages.outcome import Done, Failed, Outcome


def lineage(outcome: Outcome) -> dict[str, str]:
    """Return the fingerprint of each stage that a recipe came to, by the stage's name."""
    return {stage: result.fingerprint for stage, result in outcome.results.items()}


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
        for stage, result in outcome.results.items()
    }


def content_digest(outcomes: Sequence[Outcome], parameters: Mapping[str, JsonValue]) -> str:
    """Return what is equal for two runs exactly where they came to the same by the same parameters."""
    content = {
        # Who took the data as they are changes nothing about what came of them.
        "parameters": {name: value for name, value in parameters.items() if name != "accept_data"},
        "lineage": {outcome.model: lineage(outcome) for outcome in outcomes},
        "errors": {outcome.model: outcome.error if isinstance(outcome, Failed) else None for outcome in outcomes},
    }
    return hashlib.sha256(canonical_json(content)).hexdigest()


# What a manifest says about a training, as its stage measured it.
OF_TRAINING = (
    *("precision", "training_seconds", "ended_by", "batch_parts", "images_a_second", "compile_seconds"),
    *("peak_memory_mb", "gpu_peak_memory_mb", "gpu_utilisation"),
)


def summarise(release: str, outcome: Outcome, verdict: Verdict, index: str | None = None) -> RecipeSummary:
    """Return what a manifest says about one model; its index is a path in the release."""
    names = (*RecipeSummary.model_fields, *(metric.name for metric in metrics_at("manifest")))
    came_to = _describe(outcome, release) if isinstance(outcome, Done) else dict.fromkeys(names)
    asked = {"recipe": outcome.recipe, "setting": outcome.setting, "index": index}
    behind = None if verdict.comparison is None else verdict.comparison.behind_best
    return RecipeSummary.model_validate({**came_to, **asked, "verdict": verdict.verdict, "behind_best": behind})


def _describe(done: Done, release: str) -> dict[str, JsonValue]:
    facts, account = done.measured, done.data.facts.account
    names = [metric.name for metric in metrics_at("manifest")]
    return {
        "origin": release if is_sound(done) else None,
        "seed": done.plan.training.seed,
        "deterministic": done.plan.training.deterministic,
        "data_set": done.data.facts.name,
        "data": done.split.facts.name,
        "input": None if account is None else account.model_dump(mode="json"),
        "images_sha256": done.data.facts.images_sha256,
        "test_rows_sha256": done.split.facts.test_sha256,
        "started_from": None if done.parent is None else list(done.parent.line),
        **{name: getattr(done.trained.facts, name) for name in OF_TRAINING},
        "code_size": facts.code_size,
        "compression_ratio": facts.compression_ratio,
        **{name: facts.metrics.get(name) for name in names},
        "intervals": {name: facts.intervals[name].model_dump() for name in names if name in facts.intervals},
        "exports": None if done.exported is None else done.exported.facts.as_stored()["formats"],
    }


def _rows(outcome: Outcome) -> dict[str, int | None]:
    """Return how many images each stage worked on."""
    if isinstance(outcome, Failed):
        return {}
    parts = outcome.split.facts
    return {
        "data": outcome.data.facts.num_images,
        "split": parts.num_train + parts.num_validation + parts.num_test,
        "noisy": None if outcome.noisy is None else outcome.noisy.facts.num_images,
        "trained": parts.num_train,
        "evaluated": None if outcome.evaluated is None else outcome.evaluated.facts.num_test_images,
        "calibrated": None if outcome.calibrated is None else outcome.calibrated.facts.num_calibration,
        "generated": None if outcome.generated is None else outcome.generated.facts.num_test_images,
        "exported": None if outcome.exported is None else outcome.exported.facts.num_test_images,
    }
