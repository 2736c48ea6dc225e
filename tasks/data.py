"""Tasks of the stages `data` and `split`."""

from collections.abc import Sequence

from prefect import get_run_logger

from aepipe import datasets
from aepipe.splits import SplitSettings, say_parts
from aepipe.stages import data as data_stage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.stage import StageResult
from aepipe.store import open_store
from aepipe.tasks.stages import stage_task


@stage_task(data_stage.data_label, name="data")
def prepare_data(store_url: str, parameters: data_stage.DataParameters, refresh: bool = False) -> StageResult:
    """Fetch, decode and preprocess a data set, and say what of a user's own images was taken."""
    result = data_stage.prepare_data(open_store(store_url), parameters, refresh)
    for line in data_stage.account_lines(result):
        get_run_logger().info("%s: %s", result.facts.name, line)
    return result


def take_images(store_url: str, requests: Sequence[TrainingRequest], refresh: bool) -> list[TrainingRequest]:
    """Put users' own images into the store as they are now, once for all; return requests for exactly these."""
    taken: dict[data_stage.DataParameters, str] = {}
    for parameters in (request.data_parameters() for request in requests):
        is_taken = parameters in taken or parameters.settings.identity is not None
        if datasets.is_own(parameters.data_set) and not is_taken:
            taken[parameters] = prepare_data(store_url, parameters, refresh).facts.identity
    return [
        request.with_identity(taken[request.data_parameters()]) if request.data_parameters() in taken else request
        for request in requests
    ]


@stage_task(data_stage.split_fingerprint, name="split")
def split_data(store_url: str, data: StageResult, settings: SplitSettings, refresh: bool = False) -> StageResult:
    """Divide it into training, validation and test part, and say how many images and classes each has."""
    result = data_stage.split_data(open_store(store_url), data, settings, refresh)
    get_run_logger().info("Split %s: %s", result.facts.name, say_parts(result.facts))
    return result
