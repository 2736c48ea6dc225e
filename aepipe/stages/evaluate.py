"""Stage `evaluate`: a trained model, loaded from the bytes in the store, on images that it never saw."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.baselines import BaselinesStage, load_baselines
from aepipe.stages.data import load_data
from aepipe.stages.facts import EvaluationFacts
from aepipe.stages.noise import load_noise
from aepipe.stages.results import DataResult, EvaluationResult, NoiseResult, SplitResult, TrainedResult
from aepipe.stages.split import load_groups, load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.local_files import local_file


@dataclass(frozen=True)
class EvaluateStage(Stage[EvaluationFacts]):
    """A trained recipe's metrics, codes and figures on held-out data.

    Its facts have the figures that the gate and the report ask for.
    """

    plan: TrainingPlan
    data: DataResult
    split: SplitResult
    noisy: NoiseResult
    trained: TrainedResult

    name = "evaluate"
    kind = EvaluationResult
    libraries = ("keras", "matplotlib", "numpy", "pandas", "scikit-learn", "scipy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.evaluate", "aepipe.evaluation.measure")

    def _settings(self) -> TrainingPlan:
        return self.plan

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of all that it reads, and the training's fingerprint."""
        inputs = {"data": self.data.digest, "split": self.split.digest, "noisy": self.noisy.digest}
        # Its files hold times of day, so the same training done again has another digest.
        return {**inputs, "trained": self.trained.fingerprint}

    def work(self, place: Workplace) -> EvaluationFacts:
        """Measure the model, loaded from the store, on held-out images."""
        # Here, because they import TensorFlow.
        import pandas as pd

        from aepipe.evaluation.curves import curve_names
        from aepipe.evaluation.measure import measure
        from aepipe.evaluation.subject import HeldOut, Subject
        from aepipe.training.saving import load_autoencoder

        store, files, corruption = place.store, self.trained.files, self.plan.training.corruption
        models = {name: local_file(store, files[f"{name}.keras"]) for name in ("model", "encoder", "decoder")}
        subject = Subject(
            title=self.trained.facts.title(self.data.facts.name),
            recipe=self.plan.recipe,
            setting=self.plan.setting,
            autoencoder=load_autoencoder(**models),
            source_unit=self.plan.source_unit,
            trained_noise_level=None if corruption is None or corruption.is_blind_spot else corruption.level,
            hidden_share=corruption.level if corruption is not None and corruption.is_blind_spot else None,
            judged_kind="gaussian" if corruption is None else corruption.judged_kind,
            is_generative=self.plan.is_generative,
            history=pd.read_csv(local_file(store, files["history.csv"])),
            kept_epoch=self.trained.facts.kept_epoch,
            curves=curve_names(self.plan.training, self.plan.model, self.trained.facts.validation_mse is not None),
        )
        held_out = HeldOut(
            name=self.split.facts.name,
            data=load_data(store, self.data),
            split=load_split(store, self.split),
            noisy=load_noise(store, self.noisy),
            noise_baselines=self.noisy.facts.baselines,
            groups=load_groups(store, self.data, self.split),
        )
        baselines = BaselinesStage(self.data, self.split, self.plan.model.code_size).produce(store)
        return EvaluationFacts.model_validate(
            measure(place.folder, subject, held_out, load_baselines(store, baselines))
        )
