"""Task of the stage `evaluate`."""

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages import evaluate
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.stages import stage_task


@stage_task(evaluate.evaluate_fingerprint, name="evaluate")
def evaluate_recipe(
    store_url: str,
    plan: TrainingPlan,
    data: StageResult,
    split: StageResult,
    noisy: StageResult,
    trained: StageResult,
    refresh: bool = False,
) -> StageResult:
    """Measure a trained recipe on held-out data, after loading it from the store."""
    return evaluate.evaluate_recipe(open_store(store_url), plan, data, split, noisy, trained, refresh)
