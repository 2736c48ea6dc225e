"""One recipe on one worker: data, split, noisy test set, training, evaluation.

prefect deployment run train/gpu --param recipe=mnist-dense
"""

from prefect import flow
from prefect.runtime import flow_run

from aepipe.flows import parameters
from aepipe.flows.deployable import deployable
from aepipe.flows.lifeline import ending_in_good_order
from aepipe.flows.names import named
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, with_needed_noise
from aepipe.tasks.artifacts import show_training
from aepipe.tasks.data import prepare_data, split_data
from aepipe.tasks.evaluate import evaluate_recipe
from aepipe.tasks.export import export_recipe
from aepipe.tasks.noise import make_noisy_test_set
from aepipe.tasks.train import train_recipe
from aepipe.training.settings import CheckpointSettings


def _run_name() -> str:
    return describe_request(TrainingRequest.of(flow_run.parameters))


@flow(name="train", flow_run_name=named(_run_name))
@deployable
def train(
    recipe: parameters.Recipe,
    setting: parameters.Setting = "tuned",
    preset: parameters.Preset = "full",
    data_set: parameters.DataSet = None,
    overrides: parameters.Overrides = Overrides(),  # noqa: B008 - frozen
    data: parameters.Data = DataSettings(),  # noqa: B008
    split: parameters.Split = SplitOverrides(),  # noqa: B008
    noise: parameters.Noise = NoiseParameters(),  # noqa: B008
    store: parameters.Store = "./store",
    evaluate: parameters.Evaluate = True,
    exports: parameters.Exports = None,
    checkpoints: parameters.Checkpoints = CheckpointSettings(),  # noqa: B008
    refresh: parameters.Refresh = False,
) -> Outcome:
    """Train and evaluate one recipe; what the store already has is not done again."""
    request = TrainingRequest(
        recipe=recipe,
        setting=setting,
        preset=preset,
        data_set=data_set,
        overrides=overrides,
        data=data,
        split=split,
        noise=noise,
        evaluate=evaluate,
        exports=exports,
    )
    (request,) = with_needed_noise([request])
    with ending_in_good_order():
        images = prepare_data(store, request.data_parameters(), refresh)
        parts = split_data(store, images, request.split_settings(images), refresh)
        noisy = make_noisy_test_set(store, images, parts, request.noise, refresh) if evaluate else None
        plan = request.training_plan(images)
        trained = train_recipe(store, plan, images, parts, checkpoints, refresh)
        evaluated = evaluate_recipe(store, plan, images, parts, noisy, trained, refresh) if evaluate else None
        formats = request.export_parameters()
        exported = formats and export_recipe(store, formats, images, parts, trained, refresh)
        if evaluated:
            show_training(store, plan, trained, evaluated)
    return Outcome(
        recipe=recipe,
        setting=setting,
        plan=plan,
        data=images,
        split=parts,
        noisy=noisy,
        trained=trained,
        evaluated=evaluated,
        exported=exported,
        was_cached=trained.was_cached,
    )
