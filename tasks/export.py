"""Task of the stage `export`."""

from aepipe.stages import export
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.stages import stage_task


@stage_task(export.export_fingerprint, name="export")
def export_recipe(
    store_url: str,
    parameters: export.ExportParameters,
    data: StageResult,
    split: StageResult,
    trained: StageResult,
    refresh: bool = False,
) -> StageResult:
    """Write a trained model in formats that run without Keras, and check each."""
    return export.export_recipe(open_store(store_url), parameters, data, split, trained, refresh)
