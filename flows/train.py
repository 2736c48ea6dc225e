"""One recipe on one worker: data, split, noisy test set, training, evaluation.

prefect deployment run train/gpu --param recipe=mnist-dense
"""

from prefect import flow
from prefect.runtime import flow_run

from aepipe.datasets import DataSetName
from aepipe.flows.deployable import deployable
from aepipe.flows.lifeline import ending_in_good_order
from aepipe.flows.names import named
from aepipe.noise import NoiseParameters
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.stages.outcome import Outcome
from aepipe.stages.request import TrainingRequest, describe_request, with_needed_noise
from aepipe.tasks.artifacts import show_training
from aepipe.tasks.data import prepare_data, split_data
from aepipe.tasks.evaluate import evaluate_recipe
from aepipe.tasks.export import export_recipe
from aepipe.tasks.noise import make_noisy_test_set
from aepipe.tasks.train import train_recipe
from aepipe.training.settings import CheckpointSettings, ExportFormat


def _run_name() -> str:
    return describe_request(TrainingRequest.of(flow_run.parameters))


@flow(name="train", flow_run_name=named(_run_name))
@deployable
def train(
    recipe: RecipeName,
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data_set: DataSetName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008 - frozen
    data: DataSettings = DataSettings(),  # noqa: B008
    split: SplitOverrides = SplitOverrides(),  # noqa: B008
    noise: NoiseParameters = NoiseParameters(),  # noqa: B008
    store: str = "./store",
    evaluate: bool = True,
    exports: list[ExportFormat] | None = None,
    checkpoints: CheckpointSettings = CheckpointSettings(),  # noqa: B008
    refresh: bool = False,
) -> Outcome:
    """Train and evaluate one recipe; what the store already has is not done again.

    Args:
        recipe: What to train.
        setting: tuned is the best that is known; published is what the source does.
        preset: quick trains a few steps only, for demonstrations.
        data_set: Instead of its own: mnist, mnist-csv, fashion-mnist, cifar10, olivetti, digits or images:PATH.
        overrides: What to change about the setting; None leaves it as the setting has it.
        data: How much of one's own images may be left out; more is an error.
        split: What to change about the split.
        noise: The noisy-input test set.
        store: Where results go: a folder, file:///path or s3://bucket/prefix.
        evaluate: Measure the model on held-out images; a search, which they must not decide, leaves them alone.
        exports: Formats beside Keras': onnx, litert, litert-int8; by default all in preset full, none in quick.
        checkpoints: How often the training's state is saved.
        refresh: Train and evaluate even if that has been done.
    """
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
