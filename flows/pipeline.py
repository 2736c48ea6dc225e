"""The whole job: every requested recipe trained, evaluated and published as one release.

aepipe run --preset quick --data-set digits
prefect deployment run pipeline/on-demand --param preset=quick
"""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State
from pydantic import Field

from aepipe.datasets import DataSetName
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.train_all import Execution, train_all
from aepipe.flows.names import named
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.publishing.publish import Published
from aepipe.recipes import OWN_RECIPES, RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import summarise_failures
from aepipe.stages.request import plan_requests
from aepipe.tasks.publish import check_store, publish, this_run
from aepipe.training.settings import CheckpointSettings, ExportFormat


def _run_name() -> str:
    parameters = flow_run.parameters
    names = [str(name) for name in parameters["recipes"]]
    what = ", ".join(names) if len(names) <= 3 else f"{len(names)} recipes"
    return f"{parameters['setting']} {what}, {parameters['preset']}"


@flow(name="pipeline", flow_run_name=named(_run_name))
@deployable
def pipeline(
    recipes: list[RecipeName] = OWN_RECIPES,
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data_set: DataSetName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008
    recipe_overrides: dict[RecipeName, Overrides] = {},  # noqa: B006 - never changed
    data: DataSettings = DataSettings(),  # noqa: B008
    split: SplitOverrides = SplitOverrides(),  # noqa: B008
    noise: NoiseParameters = NoiseParameters(),  # noqa: B008
    exports: list[ExportFormat] | None = None,
    store: str = "./store",
    execution: Execution = "local",
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
        data_set: Instead of their own: mnist, mnist-csv, fashion-mnist, cifar10, olivetti, digits or images:PATH.
        overrides: What to change about the setting of every recipe; None leaves it as the setting has it.
        recipe_overrides: The same for one recipe, as {"faces-conv": {"epochs": 100}}; goes before overrides.
        data: How much of one's own images may be left out; more is an error.
        split: What to change about the splits.
        noise: The noisy-input test sets.
        exports: Formats beside Keras': onnx, litert, litert-int8; by default all in preset full, none in quick.
        store: Where results go: a folder, file:///path or s3://bucket/prefix.
        execution: local trains in processes of this machine; pool starts a run of train/gpu for each recipe.
        at_once: How many trainings at a time; by default 2 here, which share the cores (1 on a GPU), 50 on a pool.
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
        data=data,
        split=split,
        noise=noise,
        exports=exports,
    )
    store_facts = check_store(store, publishing, preset)
    outcomes = train_all(requests, execution, at_once, refresh, store=store, checkpoints=checkpoints)
    published = publish(store, outcomes, this_run(), publishing, store_facts)
    failures = summarise_failures(outcomes)
    if failures:
        return Failed(message=f"{failures} {published.summary}", data=published)
    num_cached = sum(outcome.was_cached for outcome in outcomes)
    message = f"{num_cached} of {len(outcomes)} recipes were in the store. {published.summary}"
    return Completed(message=message, data=published)
