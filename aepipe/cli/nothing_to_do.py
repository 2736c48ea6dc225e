"""A run with nothing to do, found without a Prefect server, which takes longer to start than such a run takes."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from aepipe import datasets
from aepipe.errors import TransientStoreError
from aepipe.flows.parameters.run import RunParameters
from aepipe.publishing.published import Published, Run
from aepipe.publishing.unchanged import find_unchanged
from aepipe.stages.parent import NOTHING
from aepipe.stages.request import TrainingRequest
from aepipe.store import open_store


def find_without_a_run(chosen: Mapping[str, Any], requests: Sequence[TrainingRequest]) -> Published | None:
    """Return the release that a run would come to once more; None where there may be something to do.

    None, too, where the store does not answer: a run waits minutes for it, this does not.

    Args:
        chosen: What the flow `pipeline` would be called with.
        requests: What it would train.

    Raises:
        StoreError: the store answers, and refuses.
    """
    parameters = RunParameters.model_validate(chosen)
    if parameters.refresh or any(map(_has_to_look, requests)):
        return None
    run = Run(flow_run="", started=datetime.now(UTC), parameters=dict(parameters))
    try:
        return find_unchanged(open_store(parameters.store), requests, run, parameters.publishing)
    except TransientStoreError:
        return None


def _has_to_look(request: TrainingRequest) -> bool:
    """Whether only a run finds out what a request means: what lies in a folder, which model a channel names."""
    return request.start_from != NOTHING or datasets.is_own(request.data_parameters().data_set)
