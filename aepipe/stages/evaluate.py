"""Stage `evaluate`: a trained model, loaded from the bytes in the store, on images that it never saw."""

from pathlib import Path

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.baselines import fit_baselines, load_baselines
from aepipe.stages.data import load_data, load_split
from aepipe.stages.facts import EvaluationFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.noise import load_noise
from aepipe.stages.stage import (
    DataResult,
    EvaluationResult,
    NoiseResult,
    SplitResult,
    TrainedResult,
    find_whole_stage,
    produce_stage,
)
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

MODULES = ("aepipe.stages.evaluate", "aepipe.evaluation.measure")
LIBRARIES = ("keras", "matplotlib", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")


def evaluate_fingerprint(
    plan: TrainingPlan, data: DataResult, split: SplitResult, noisy: NoiseResult, trained: TrainedResult
) -> str:
    """Return the name of this evaluation."""
    inputs = {"data": data.digest, "split": split.digest, "noisy": noisy.digest}
    # Its files hold times of day, so the same training done again has another digest.
    inputs["trained"] = trained.fingerprint
    return fingerprint("evaluate", plan, inputs, MODULES, LIBRARIES)


def find_evaluation(
    store: Store,
    plan: TrainingPlan,
    data: DataResult,
    split: SplitResult,
    noisy: NoiseResult,
    trained: TrainedResult,
) -> EvaluationResult | None:
    """Return this evaluation's result if it has been done."""
    return find_whole_stage(
        store, "evaluate", evaluate_fingerprint(plan, data, split, noisy, trained), EvaluationResult
    )


def evaluate_recipe(
    store: Store,
    plan: TrainingPlan,
    data: DataResult,
    split: SplitResult,
    noisy: NoiseResult,
    trained: TrainedResult,
    refresh: bool = False,
) -> EvaluationResult:
    """Put a trained recipe's metrics, codes and figures on held-out data into the store.

    Its facts have the figures that the gate and the report ask for.
    """

    def work(folder: Path) -> EvaluationFacts:
        # Here, because they import TensorFlow.
        import pandas as pd

        from aepipe.evaluation.measure import measure
        from aepipe.evaluation.subject import HeldOut, Subject
        from aepipe.training.saving import load_autoencoder

        files = {name: local_file(store, trained.files[f"{name}.keras"]) for name in ("model", "encoder", "decoder")}
        corruption = plan.training.corruption
        subject = Subject(
            recipe=plan.recipe,
            setting=plan.setting,
            autoencoder=load_autoencoder(**files),
            source_unit=plan.source_unit,
            trained_noise_level=None if corruption is None else corruption.level,
            is_generative=plan.model.architecture == "variational",
            history=pd.read_csv(local_file(store, trained.files["history.csv"])),
            kept_epoch=trained.facts.kept_epoch,
        )
        held_out = HeldOut(
            name=split.facts.name,
            data=load_data(store, data),
            split=load_split(store, split),
            noisy=load_noise(store, noisy),
            noise_baselines=noisy.facts.baselines,
        )
        baselines = fit_baselines(store, data, split, plan.model.code_size)
        return EvaluationFacts.model_validate(measure(folder, subject, held_out, load_baselines(store, baselines)))

    name = evaluate_fingerprint(plan, data, split, noisy, trained)
    return produce_stage(store, "evaluate", name, EvaluationResult, work, refresh)
