"""Tasks that read, divide and check users' own images, once for a run and before anything is started for it."""

from collections.abc import Sequence

from prefect import get_run_logger
from prefect.context import FlowRunContext
from prefect.runtime import flow_run
from pydantic import BaseModel, ConfigDict, Field

from aepipe import datasets
from aepipe.checks.facts import Checked, CheckResult
from aepipe.checks.reference import Reference, find_reference
from aepipe.checks.stage import CheckStage, Limits, Unusable, UnusableStage
from aepipe.errors import DataError
from aepipe.io.urls import without_secrets
from aepipe.publishing.data_checks import accept, put_page, say_all, say_broken
from aepipe.releases.channels import user_name
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.store import open_store
from aepipe.tasks.artifacts import show_check
from aepipe.tasks.stages import produce, store_task


class CheckedData(BaseModel):
    """What a run is to train on."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    requests: tuple[TrainingRequest, ...] = Field(description="The run's, for exactly the images that were checked.")
    checked: tuple[Checked, ...] = Field(description="The user's own data sets among them.")
    problem: str = Field(description="Why nothing may train; empty where everything may.")


def check_data(
    store_url: str, requests: Sequence[TrainingRequest], channel: str, accept_data: str | None, refresh: bool
) -> CheckedData:
    """Read users' own images into the store, once for all requests, and check them against a channel's release.

    Images whose state a request names were checked by the run that it comes from.

    Args:
        store_url: The store.
        requests: What is going to be trained.
        channel: Whose release is compared with.
        accept_data: Why images are taken that break a check; None where they are not.
        refresh: Do it anew even if the store has it.

    Raises:
        ParameterError: the reason is empty.
    """
    accepted = accept(accept_data, _who())
    checked, problems = dict[DataParameters, Checked](), list[str]()
    for request in filter(_is_unchecked, requests):
        parameters = request.data_parameters()
        if parameters in checked:
            continue
        models = [other.model for other in requests if other.data_parameters() == parameters]
        result = _check(store_url, request, channel, models, refresh)
        checked[parameters] = Checked(result=result, accepted=None if result.facts.holds else accepted)
        if not result.facts.holds:
            problems += _tell(store_url, checked[parameters])
    ready = tuple(_for_checked(request, checked.get(request.data_parameters())) for request in requests)
    return CheckedData(requests=ready, checked=tuple(checked.values()), problem=say_all(problems))


@store_task(name="find-reference", task_run_name="find-reference/{channel}")
def find_compared(store_url: str, channel: str, data_set: str, models: Sequence[str]) -> Reference | None:
    """Return what the channel's release says of the data set; None where it says nothing."""
    return find_reference(open_store(store_url), channel, data_set, models)


def _check(store_url: str, request: TrainingRequest, channel: str, models: Sequence[str], refresh: bool) -> CheckResult:
    parameters, data = request.data_parameters(), None
    try:
        data = produce(store_url, DataStage(parameters.without_limit()), refresh)
        split = produce(store_url, SplitStage(data, request.split_settings(data)), refresh)
    except DataError as error:
        name = parameters.name if data is None else data.facts.name
        found = Unusable(name=name, data_set=without_secrets(parameters.data_set), error=str(error))
        return produce(store_url, UnusableStage(found, data, find_compared(store_url, channel, name, models)))
    limits = Limits(most_left_out=parameters.settings.most_left_out, checks=parameters.settings.checks)
    reference = find_compared(store_url, channel, data.facts.name, models)
    return produce(store_url, CheckStage(data, split, limits, reference), refresh)


def _tell(store_url: str, checked: Checked) -> list[str]:
    """Write the page of a data set that breaks a check; return why nothing may train on it, if that is so."""
    facts, accepted = checked.facts, checked.accepted
    page = put_page(open_store(store_url), checked)
    show_check(facts, page)
    if accepted is None or facts.error is not None:
        return [say_broken(facts, page)]
    get_run_logger().warning("%s is trained on all the same: %s. What changed: %s", facts.name, accepted.why, page)
    return []


def _for_checked(request: TrainingRequest, checked: Checked | None) -> TrainingRequest:
    """Return the request for the images that were checked; accepted ones have no limit that would refuse them."""
    if checked is None:
        return request
    request = request.with_identity(checked.facts.identity)
    return request if checked.accepted is None else request.without_limit()


def _is_unchecked(request: TrainingRequest) -> bool:
    parameters = request.data_parameters()
    return datasets.is_own(parameters.data_set) and parameters.settings.identity is None


def _who() -> str:
    """Return who started this run, as far as anybody knows, and which it is."""
    context = FlowRunContext.get()
    created_by = context.flow_run.created_by if context is not None and context.flow_run is not None else None
    name = getattr(created_by, "display_value", None) or user_name()
    return f"{name}, flow run {flow_run.id}"
