"""The whole job: every requested recipe trained, evaluated and published as one release.

aepipe run --preset quick --data-set digits
prefect deployment run pipeline/on-demand --param preset=quick
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.noise import NoiseParameters
from aepipe.publishing.release import Published, Run
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.outcome import Outcome, summarise_failures
from aepipe.stages.request import TrainingRequest, plan_requests
from flows.train import train
from tasks.failures import failure_of
from tasks.find import find_results
from tasks.publish import publish


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
    outcomes = [find_results(store, request, refresh) or train_child(store, request, refresh) for request in requests]
    run = Run(flow_run=str(flow_run.id), started=flow_run.scheduled_start_time, parameters=flow_run.parameters)
    published = publish(store, outcomes, run)
    failures = summarise_failures(outcomes)
    if failures:
        return Failed(message=f"{failures} {published.summary}", data=published)
    num_cached = sum(outcome.was_cached for outcome in outcomes)
    message = f"{num_cached} of {len(outcomes)} recipes were in the store. {published.summary}"
    return Completed(message=message, data=published)


def train_child(store: str, request: TrainingRequest, refresh: bool) -> Outcome:
    """Run the train flow for one recipe; its failure is an outcome, so that the others go on."""
    state = train(**dict(request), store=store, refresh=refresh, return_state=True)
    if state.is_completed():
        return state.result()
    return Outcome(recipe=request.recipe, setting=request.setting, error=failure_of(state))
