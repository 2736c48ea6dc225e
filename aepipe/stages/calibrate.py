"""Stage `calibrate`: what a trained model's scores of normal pictures are, so that others can be told from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from pydantic import BaseModel, ConfigDict, Field

from aepipe.stages.data import load_data
from aepipe.stages.facts import CalibrationFacts
from aepipe.stages.results import CalibrationResult, DataResult, SplitResult, StageResult, TrainedResult
from aepipe.stages.split import load_digests, load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.local_files import local_file


class CalibrationParameters(BaseModel):
    """What was chosen about a calibration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    seed: int = Field(0, description="What the draws of made anomalies depend on.")


@dataclass(frozen=True)
class CalibrateStage(Stage[CalibrationFacts]):
    """A model's scoring: how each score is computed, which is its own, and what it is on held-out normal pictures.

    Its facts have the score that was chosen, and why.
    """

    data: DataResult
    split: SplitResult
    trained: TrainedResult
    parameters: CalibrationParameters = CalibrationParameters()  # noqa: RUF009 - frozen

    name = "calibrate"
    kind = CalibrationResult
    libraries = ("keras", "numpy", "pyarrow", "scikit-learn", "scipy", "tensorflow")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.calibrate", "aepipe.scoring.calibrating", "aepipe.scoring.files")

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
        scoring = calibrate(Model(encode, decode), images, rows, digests, self.parameters.seed)
        write_scoring(scoring, place.folder)
        return CalibrationFacts(num_calibration=scoring.num_calibration, score=scoring.spec.score, why=scoring.spec.why)

    def lines(self, result: StageResult[CalibrationFacts]) -> Sequence[str]:
        """Return which score was chosen."""
        facts = result.facts
        return [f"Calibrated with {facts.num_calibration:,} held-out pictures; score {facts.score}: {facts.why}"]
