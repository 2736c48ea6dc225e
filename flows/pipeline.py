"""The whole job: every requested recipe trained, evaluated and published as one release.

aepipe run --preset quick --data-set digits
prefect deployment run pipeline/on-demand --param preset=quick
"""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State
from pydantic import Field

from aepipe.noise import NoiseParameters
from aepipe.publishing.release import Published, Run
from aepipe.publishing.settings import PublishSettings
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.outcome import summarise_failures
from aepipe.stages.request import plan_requests
from aepipe.training.settings import CheckpointSettings
from flows.side_by_side import train_side_by_side, trainings_at_once
from tasks.find import find_results
from tasks.publish import check_store, publish


@flow(name="pipeline", flow_run_name="{preset} {setting} pipeline")
def pipeline(
    recipes: list[RecipeName] = list(RecipeName),  # noqa: B006 - never changed
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data_set: str | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008
    recipe_overrides: dict[RecipeName, Overrides] = {},  # noqa: B006 - never changed
    split: SplitOverrides = SplitOverrides(),  # noqa: B008
    noise: NoiseParameters = NoiseParameters(),  # noqa: B008
    store: str = "./store",
    at_once: Annotated[int, Field(ge=1)] | None = None,
    checkpoints: CheckpointSettings = CheckpointSettings(),  # noqa: B008
    publishing: PublishSettings = PublishSettings(),  # noqa: B008
    refresh: bool = False,
) -> State[Published]:
    """Train, evaluate and publish recipes; what the store already has is not done again.

    Args:
        recipes: What to train.
        setting: tuned is the best that is known; published is what the sources do.
        preset: quick trains a few steps only, for demonstrations.
        data_set: Run every recipe on this data set instead of its own, by name or as images:PATH.
        overrides: What to change about the setting of every recipe.
        recipe_overrides: What to change about one recipe; goes before overrides.
        split: What to change about the splits.
        noise: The noisy-input test sets.
        store: Where results go: a folder, file:///path or s3://bucket/prefix.
        at_once: How many trainings run side by side here, each with its share of the cores; by default 2, 1 on a GPU.
        checkpoints: How often a training's state is saved.
        publishing: The channel that models are promoted to, and what the gate demands of them.
        refresh: Train and evaluate even if that has been done.
    """
    requests = plan_requests(
        recipes,
        overrides,
        recipe_overrides,
        setting=setting,
        preset=preset,
        data_set=data_set,
        split=split,
        noise=noise,
    )
    store_facts = check_store(store, publishing.allow_unsafe_pointer)
    outcomes = {request.recipe: find_results(store, request, refresh) for request in requests}
    missing = [request for request in requests if outcomes[request.recipe] is None]
    num_processes = trainings_at_once(at_once, len(requests))
    trained = train_side_by_side(missing, num_processes, store=store, checkpoints=checkpoints, refresh=refresh)
    outcomes |= {outcome.recipe: outcome for outcome in trained}
    run = Run(flow_run=str(flow_run.id), started=flow_run.scheduled_start_time, parameters=flow_run.parameters)
    published = publish(store, list(outcomes.values()), run, publishing, store_facts)
    failures = summarise_failures(outcomes.values())
    if failures:
        return Failed(message=f"{failures} {published.summary}", data=published)
    num_cached = sum(outcome.was_cached for outcome in outcomes.values())
    message = f"{num_cached} of {len(outcomes)} recipes were in the store. {published.summary}"
    return Completed(message=message, data=published)
