"""Tasks of the stages `data` and `split`."""

from prefect import get_run_logger

from aepipe.splits import SplitSettings, say_parts
from aepipe.stages import data as data_stage
from aepipe.store import open_store
from aepipe.store.stages import StageResult
from tasks.stages import stage_task


@stage_task(data_stage.data_fingerprint, name="data")
def prepare_data(store_url: str, parameters: data_stage.DataParameters, refresh: bool = False) -> StageResult:
    """Fetch, decode and preprocess a data set."""
    return data_stage.prepare_data(open_store(store_url), parameters, refresh)


@stage_task(data_stage.split_fingerprint, name="split")
def split_data(store_url: str, data: StageResult, settings: SplitSettings, refresh: bool = False) -> StageResult:
    """Divide it into training, validation and test part, and say how many images and classes each has."""
    result = data_stage.split_data(open_store(store_url), data, settings, refresh)
    get_run_logger().info("Split %s: %s", result.facts["name"], say_parts(result.facts))
    return result
