"""Task of the stage `train`."""

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages import train
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.artifacts import TrainingProgress
from aepipe.tasks.stages import stage_task
from aepipe.training.settings import CheckpointSettings


@stage_task(train.train_fingerprint, name="train")
def train_recipe(
    store_url: str,
    plan: TrainingPlan,
    data: StageResult,
    split: StageResult,
    saving: CheckpointSettings,
    refresh: bool = False,
) -> StageResult:
    """Train one recipe."""
    progress = TrainingProgress(plan)
    result = train.train_recipe(open_store(store_url), plan, data, split, saving, refresh, progress)
    progress.end()
    return result
