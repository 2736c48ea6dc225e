"""The whole job: every requested recipe trained, evaluated and published as one release.

aepipe run --preset quick --data-set digits
prefect deployment run pipeline/on-demand --param preset=quick
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.checks.news import describe_news
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.train_all import train_all
from aepipe.flows.names import name_of_pipeline, named, rename_run
from aepipe.flows.parameters import stores, trainings
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.publishing.published import Published
from aepipe.recipes import OWN_RECIPES
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import count_cached, summarise_failures
from aepipe.stages.parent import NOTHING
from aepipe.stages.request import plan_requests
from aepipe.tasks.data_checks import check_data
from aepipe.tasks.publish import check_store, publish, this_run
from aepipe.tasks.results import find_parents, leave_as_trained
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


def _run_name() -> str:
    return name_of_pipeline(flow_run.parameters)


@flow(name="pipeline", flow_run_name=named(_run_name))
@deployable
def pipeline(
    recipes: trainings.Recipes = OWN_RECIPES,
    recipe_file: trainings.RecipeFile = None,
    setting: trainings.Setting = "tuned",
    preset: trainings.Preset = "full",
    data_set: trainings.DataSet = None,
    overrides: trainings.Overrides = Overrides(),  # noqa: B008
    recipe_overrides: trainings.RecipeOverrides = {},  # noqa: B006 - never changed
    data: trainings.Data = DataSettings(),  # noqa: B008
    split: trainings.Split = SplitOverrides(),  # noqa: B008
    noise: trainings.Noise = NoiseParameters(),  # noqa: B008
    exports: trainings.Exports = None,
    name: trainings.Name = None,
    start_from: trainings.StartFrom = NOTHING,
    store: stores.Store = "./store",
    execution: trainings.Execution = "local",
    at_once: trainings.AtOnce = None,
    checkpoints: trainings.Checkpoints = CheckpointSettings(),  # noqa: B008
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
    publishing: trainings.Publishing = PublishSettings(),  # noqa: B008
    accept_data: trainings.AcceptData = None,
    refresh: trainings.Refresh = False,
) -> State[Published]:
    """Train, evaluate and publish recipes; what the store already has is not done again."""
    requests = plan_requests(
        recipes,
        overrides,
        recipe_overrides,
        name,
        recipe_file,
        setting=setting,
        preset=preset,
        data_set=data_set,
        data=data,
        split=split,
        noise=noise,
        exports=exports,
        start_from=start_from,
    )
    store_facts = check_store(store, publishing, preset)
    requests = find_parents(store, requests)
    data_sets = check_data(store, requests, publishing.channel_for(preset), accept_data, refresh)
    news = describe_news(checked.facts for checked in data_sets.checked)
    rename_run(_run_name(), news)
    if data_sets.problem:
        return Failed(message=data_sets.problem)
    shared = Shared(store=store, checkpoints=checkpoints, timeouts=timeouts, refresh=refresh)
    requests = leave_as_trained(store, data_sets.requests, refresh)
    outcomes = train_all(requests, execution, at_once, shared)
    published = publish(store, outcomes, this_run(), publishing, store_facts, data_sets.checked)
    failures = summarise_failures(outcomes)
    if failures:
        return Failed(message=f"{failures} {published.summary}", data=published)
    if published.is_unchanged:
        return Completed(message=published.summary, data=published)
    came = f"{news}. " if news else ""
    message = f"{came}{count_cached(outcomes)} of {len(outcomes)} recipes were in the store. {published.summary}"
    return Completed(message=message, data=published)
