"""Stage `calibrate`: what a trained model's scores of normal pictures are, so that others can be told from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from aepipe.datasets.images import ImageData
from aepipe.notation import counted
from aepipe.splits import Split
from aepipe.stages.baselines import BaselinesStage, load_baselines
from aepipe.stages.data import load_data, load_masks
from aepipe.stages.facts import CalibrationFacts
from aepipe.stages.results import CalibrationResult, DataResult, SplitResult, StageResult, TrainedResult
from aepipe.stages.split import load_digests, load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.local_files import local_file

if TYPE_CHECKING:
    from aepipe.scoring.calibrating import Model
    from aepipe.scoring.detecting import Detected
    from aepipe.scoring.scoring import Scoring


class CalibrationParameters(BaseModel):
    """What was chosen about a calibration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, description="What the draws of made anomalies depend on.")


@dataclass(frozen=True)
class CalibrateStage(Stage[CalibrationFacts]):
    """A model's scoring: how each score is computed, which is its own, and what it is on held-out normal pictures.

    Its facts have the score that was chosen, and why; and where pictures are held out that are not normal, how well it
    tells them.
    """

    data: DataResult
    split: SplitResult
    trained: TrainedResult
    parameters: CalibrationParameters = CalibrationParameters()  # noqa: RUF009 - frozen

    name = "calibrate"
    kind = CalibrationResult
    libraries = ("keras", "numpy", "pyarrow", "scikit-learn", "scipy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        scoring = ("aepipe.scoring.calibrating", "aepipe.scoring.detecting", "aepipe.scoring.files")
        return ("aepipe.stages.calibrate", "aepipe.evaluation.figures.detection", *scoring)

    def _settings(self) -> CalibrationParameters:
        return self.parameters

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and the split, and the training's fingerprint."""
        return {"data": self.data.digest, "split": self.split.digest, "trained": self.trained.fingerprint}

    def work(self, place: Workplace) -> CalibrationFacts:
        """Score held-out normal pictures with the model, loaded from the store."""
        # Here, because they import TensorFlow and SciPy.
        from aepipe.evaluation.subject import predict
        from aepipe.scoring.calibrating import Model, calibrate
        from aepipe.scoring.files import write_scoring
        from aepipe.training.saving import load_model

        store = place.store
        encode, decode = (
            partial(predict, load_model(local_file(store, self.trained.files[f"{name}.keras"])))
            for name in ("encoder", "decoder")
        )
        images, rows = load_data(store, self.data), load_split(store, self.split)
        digests = load_digests(store, self.data, self.split)["test"]
        model = Model(encode, decode)
        scoring = calibrate(model, images, rows, digests, self.parameters.seed)
        write_scoring(scoring, place.folder)
        facts = CalibrationFacts(
            num_calibration=scoring.num_calibration, score=scoring.spec.score, why=scoring.spec.why
        )
        if not len(rows.anomalous):
            return facts
        detected = self._detect(place, model, scoring, images, rows)
        found = {"num_anomalous": len(rows.anomalous), "num_masks": detected.num_masks, "detection": detected.metrics}
        return facts.model_copy(update=found)

    def _detect(
        self, place: Workplace, model: "Model", scoring: "Scoring", images: ImageData, rows: Split
    ) -> "Detected":
        """Measure what is held out and not normal, and leave the numbers and the figure."""
        from aepipe.scoring.detecting import detect, write_detection

        store, code_size = place.store, self.trained.facts.code_size
        assert code_size is not None, "this version's trainings say it"
        baselines = load_baselines(store, BaselinesStage(self.data, self.split, code_size).produce(store))
        masks = load_masks(store, self.data)
        detected = detect(model, scoring, baselines.components, images, rows, masks)
        trained = self.trained.facts
        who = {"recipe": trained.recipe, "setting": trained.setting, "evaluation_set": self.split.facts.name}
        write_detection(detected, who, trained.title(self.data.facts.name), place.folder)
        return detected

    def lines(self, result: StageResult[CalibrationFacts]) -> Sequence[str]:
        """Return which score was chosen."""
        facts = result.facts
        said = [f"Calibrated with {facts.num_calibration:,} held-out pictures; score {facts.score}: {facts.why}"]
        if facts.detection:
            own, pca = facts.detection["auroc"], facts.detection["pca_auroc"]
            anomalous = counted(facts.num_anomalous, "anomalous picture", "anomalous pictures")
            said.append(f"AUROC against {anomalous}: {own:.3f}; of PCA's residual {pca:.3f}.")
        return said
