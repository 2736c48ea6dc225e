"""One recipe on one worker: data, split, noisy test set, training, evaluation.

prefect deployment run train/gpu --param recipe=mnist-dense
"""

from functools import partial

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Failed, State

from aepipe.flows.deployable import deployable
from aepipe.flows.lifeline import ending_in_good_order
from aepipe.flows.names import named
from aepipe.flows.parameters import stores, trainings
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.graph import outcome_of
from aepipe.stages.outcome import Done
from aepipe.stages.parent import NOTHING
from aepipe.stages.request import TrainingRequest, describe_request, with_needed_noise
from aepipe.tasks.artifacts import show_training
from aepipe.tasks.data_checks import check_data
from aepipe.tasks.results import find_parents
from aepipe.tasks.stages import produce
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings


def _run_name() -> str:
    return describe_request(TrainingRequest.of(flow_run.parameters))


@flow(name="train", flow_run_name=named(_run_name))
@deployable
def train(
    recipe: trainings.Recipe = None,
    recipe_file: trainings.RecipeFile = None,
    setting: trainings.Setting = "tuned",
    preset: trainings.Preset = "full",
    data_set: trainings.DataSet = None,
    overrides: trainings.Overrides = Overrides(),  # noqa: B008 - frozen
    data: trainings.Data = DataSettings(),  # noqa: B008
    split: trainings.Split = SplitOverrides(),  # noqa: B008
    noise: trainings.Noise = NoiseParameters(),  # noqa: B008
    name: trainings.Name = None,
    start_from: trainings.StartFrom = NOTHING,
    parent: trainings.Parent = None,
    store: stores.Store = "./store",
    evaluate: trainings.Evaluate = True,
    exports: trainings.Exports = None,
    checkpoints: trainings.Checkpoints = CheckpointSettings(),  # noqa: B008
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
    accept_data: trainings.AcceptData = None,
    refresh: trainings.Refresh = False,
) -> Done | State[Done]:
    """Train and evaluate one recipe; what the store already has is not done again."""
    request = TrainingRequest(
        recipe=recipe,
        recipe_file=recipe_file,
        setting=setting,
        preset=preset,
        data_set=data_set,
        overrides=overrides,
        data=data,
        split=split,
        noise=noise,
        name=name,
        start_from=start_from,
        parent=parent,
        evaluate=evaluate,
        exports=exports,
    )
    with ending_in_good_order():
        channel = PublishSettings().channel_for(preset)
        data_sets = check_data(store, with_needed_noise([request]), channel, accept_data, refresh)
        if data_sets.problem:
            return Failed(message=data_sets.problem)
        (request,) = find_parents(store, data_sets.requests)
        done = outcome_of(request, partial(produce, store, refresh=refresh), checkpoints)
        if done.evaluated is not None:
            show_training(store, done)
    return done
