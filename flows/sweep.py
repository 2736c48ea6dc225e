"""One recipe with several seeds and several values of its settings, each trained and evaluated, none published.

aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.001,0.003
prefect deployment run sweep/on-demand --param recipe=mnist-dense --param seeds='[0, 1, 2]'
"""

from typing import Annotated

from prefect import flow
from prefect.states import Completed, Failed, State
from pydantic import Field

from aepipe.datasets import DataSetName
from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.train_all import Execution, train_all
from aepipe.flows.names import named
from aepipe.noise import NoiseParameters
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import summarise_failures
from aepipe.stages.stage import SweepResult
from aepipe.tasks.sweep import tabulate
from aepipe.training.settings import CheckpointSettings


@flow(name="sweep", flow_run_name=named("{setting} {recipe} sweep"))
@deployable
def sweep(
    recipe: RecipeName,
    seeds: Annotated[list[Annotated[int, Field(ge=0, lt=2**32)]], Field(min_length=1, max_length=1000)] = [0, 1, 2],  # noqa: B006
    values: SweepValues = SweepValues(),  # noqa: B008 - frozen
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data_set: DataSetName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008
    data: DataSettings = DataSettings(),  # noqa: B008
    split: SplitOverrides = SplitOverrides(),  # noqa: B008
    noise: NoiseParameters = NoiseParameters(),  # noqa: B008
    store: str = "./store",
    execution: Execution = "local",
    at_once: Annotated[int, Field(ge=1)] | None = None,
    checkpoints: CheckpointSettings = CheckpointSettings(),  # noqa: B008
    refresh: bool = False,
) -> State[SweepResult]:
    """Train a recipe with every seed and every combination of values; the table goes to the store.

    Args:
        recipe: What to train.
        seeds: What initial weights and order depend on; each combination is trained with each.
        values: Lists of values to try; every combination of them is trained.
        setting: tuned is the best that is known; published is what the source does.
        preset: quick trains a few steps only, for demonstrations.
        data_set: Instead of its own: mnist, mnist-csv, fashion-mnist, cifar10, olivetti, digits or images:PATH.
        overrides: What to change about the setting of every training; None leaves it as the setting has it.
        data: How much of one's own images may be left out; more is an error.
        split: What to change about the split.
        noise: The noisy-input test set.
        store: Where results go: a folder, file:///path or s3://bucket/prefix.
        execution: local trains in processes of this machine; pool starts a run of train/gpu for each training.
        at_once: How many trainings at a time; by default 2 here (1 on a GPU), 50 on a pool.
        checkpoints: How often a training's state is saved.
        refresh: Train and evaluate even if that has been done.
    """
    chosen = {"setting": setting, "preset": preset, "data_set": data_set, "data": data, "split": split, "noise": noise}
    requests = plan_sweep(recipe, seeds, values, overrides, **chosen)
    outcomes = train_all(requests, execution, at_once, refresh, store=store, checkpoints=checkpoints)
    table = tabulate(store, outcomes)
    failures = summarise_failures(outcomes)
    summary = f"{len(outcomes)} trainings: {table.facts.best}"
    return Failed(message=f"{failures} {summary}") if failures else Completed(message=summary, data=table)
