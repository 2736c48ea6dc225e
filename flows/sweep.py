"""One recipe with several seeds and several values of its settings, each trained and evaluated, none published.

aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.005,0.015
prefect deployment run sweep/on-demand --param recipe=mnist-dense --param seeds='[0, 1, 2]'
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.train_all import train_all
from aepipe.flows.names import name_of_recipe, named
from aepipe.flows.parameters import stores, trainings
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import summarise_failures
from aepipe.stages.results import SweepResult
from aepipe.tasks.tables import tabulate_sweep
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


def _run_name() -> str:
    return f"{flow_run.parameters['setting']} {name_of_recipe(flow_run.parameters)} sweep"


@flow(name="sweep", flow_run_name=named(_run_name))
@deployable
def sweep(
    recipe: trainings.Recipe = None,
    recipe_file: trainings.RecipeFile = None,
    seeds: trainings.Seeds = [0, 1, 2],  # noqa: B006
    values: trainings.Lists = SweepValues(),  # noqa: B008 - frozen
    setting: trainings.Setting = "tuned",
    preset: trainings.Preset = "full",
    data_set: trainings.DataSet = None,
    overrides: trainings.Overrides = Overrides(),  # noqa: B008
    data: trainings.Data = DataSettings(),  # noqa: B008
    split: trainings.Split = SplitOverrides(),  # noqa: B008
    noise: trainings.Noise = NoiseParameters(),  # noqa: B008
    store: stores.Store = "./store",
    execution: trainings.Execution = "local",
    at_once: trainings.AtOnce = None,
    checkpoints: trainings.Checkpoints = CheckpointSettings(),  # noqa: B008
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
    refresh: trainings.Refresh = False,
) -> State[SweepResult]:
    """Train a recipe with every seed and every combination of values; the table goes to the store."""
    chosen = {"setting": setting, "preset": preset, "data_set": data_set, "data": data, "split": split, "noise": noise}
    chosen["recipe_file"] = recipe_file
    requests = plan_sweep(recipe, seeds, values, overrides, **chosen)
    shared = Shared(store=store, checkpoints=checkpoints, timeouts=timeouts, refresh=refresh)
    outcomes = train_all(requests, execution, at_once, shared)
    table = tabulate_sweep(store, outcomes)
    failures = summarise_failures(outcomes)
    summary = f"{len(outcomes)} trainings: {table.facts.best}"
    return Failed(message=f"{failures} {summary}") if failures else Completed(message=summary, data=table)
