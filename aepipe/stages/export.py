"""Stage `export`: a trained model in formats that run without Keras, each of its files checked on held-out images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from aepipe.exports.formats import FILES, FORMATS, OF_EVERY_TRAINING, ExportFormat
from aepipe.splits import evenly_spaced
from aepipe.stages.data import load_data
from aepipe.stages.facts import ExportFacts
from aepipe.stages.results import DataResult, ExportResult, SplitResult, TrainedResult
from aepipe.stages.split import load_split
from aepipe.stages.stage import Stage, Workplace
from aepipe.store.local_files import local_file

MAX_IMAGES, NUM_CALIBRATION_IMAGES = 1000, 200


class ExportParameters(BaseModel):
    """What is exported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: tuple[ExportFormat, ...] = Field(description="Each once.")


@dataclass(frozen=True)
class ExportStage(Stage[ExportFacts]):
    """A trained model in other formats.

    Its facts have, for each format, the training's own among them, the largest difference to the Keras model on up to
    1,000 held-out images, and so for each half that has a file of its own. A file that can't be run is a
    `TrainingError`; nothing is kept.
    """

    parameters: ExportParameters
    data: DataResult
    split: SplitResult
    trained: TrainedResult

    name = "export"
    kind = ExportResult
    libraries = ("keras", "onnx", "onnxruntime", "tensorflow", "tf2onnx")

    def _modules(self) -> Sequence[str]:
        return ("aepipe.stages.export", "aepipe.exports.write", "aepipe.exports.check")

    def _settings(self) -> ExportParameters:
        return self.parameters

    def depends_on(self) -> Mapping[str, str]:
        """Return the digests of the images and the split, and the training's fingerprint."""
        return {"data": self.data.digest, "split": self.split.digest, "trained": self.trained.fingerprint}

    def work(self, place: Workplace) -> ExportFacts:
        """Write the model in each format, and check each in a process of its own."""
        # Here, because it imports TensorFlow.
        from aepipe.exports.write import compare_exports, compute_parts, export_autoencoder
        from aepipe.training.saving import load_autoencoder

        store = place.store
        images, rows = load_data(store, self.data), load_split(store, self.split)
        test, targets = images.pairs(rows.test[evenly_spaced(len(rows.test), MAX_IMAGES)])
        train = images.scaled(rows.train[evenly_spaced(len(rows.train), NUM_CALIBRATION_IMAGES)])
        kept = {
            file: local_file(store, self.trained.files[file])
            for form in OF_EVERY_TRAINING.values()
            for file in form.files.values()
        }
        autoencoder = load_autoencoder(*(kept[file] for file in FORMATS["keras"].files.values()))
        made = export_autoencoder(autoencoder, self.parameters.formats, place.folder, train)
        found = compare_exports({**kept, **made}, test, targets, compute_parts(autoencoder, test))
        return ExportFacts.model_validate(
            {
                "num_test_images": len(test),
                "formats": {name: found[form.file] for name, form in FORMATS.items() if form.file in found},
                "halves": {file: said for file, said in found.items() if FILES[file][1] != "model"},
            }
        )
