"""One recipe with several seeds and several values of its settings, each trained and evaluated, none published.

aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.005,0.015
prefect deployment run sweep/on-demand --param recipe=mnist-dense --param seeds='[0, 1, 2]'
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.experiments.sweep import SweepValues, plan_sweep
from aepipe.flows import parameters
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.train_all import train_all
from aepipe.flows.names import name_of_recipe, named
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import summarise_failures
from aepipe.stages.results import SweepResult
from aepipe.tasks.tables import tabulate_sweep
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


def _run_name() -> str:
    return f"{flow_run.parameters['setting']} {name_of_recipe()} sweep"


@flow(name="sweep", flow_run_name=named(_run_name))
@deployable
def sweep(
    recipe: parameters.Recipe = None,
    recipe_file: parameters.RecipeFile = None,
    seeds: parameters.Seeds = [0, 1, 2],  # noqa: B006
    values: parameters.Lists = SweepValues(),  # noqa: B008 - frozen
    setting: parameters.Setting = "tuned",
    preset: parameters.Preset = "full",
    data_set: parameters.DataSet = None,
    overrides: parameters.Overrides = Overrides(),  # noqa: B008
    data: parameters.Data = DataSettings(),  # noqa: B008
    split: parameters.Split = SplitOverrides(),  # noqa: B008
    noise: parameters.Noise = NoiseParameters(),  # noqa: B008
    store: parameters.Store = "./store",
    execution: parameters.Execution = "local",
    at_once: parameters.AtOnce = None,
    checkpoints: parameters.Checkpoints = CheckpointSettings(),  # noqa: B008
    timeouts: parameters.Timeouts = TimeoutSettings(),  # noqa: B008
    refresh: parameters.Refresh = False,
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
