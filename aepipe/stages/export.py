"""Stage `export`: a trained model in formats that run without Keras, each of its files checked on held-out images."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from aepipe.exports.formats import OF_EVERY_TRAINING, ExportFormat
from aepipe.splits import evenly_spaced
from aepipe.stages.data import load_data, load_split
from aepipe.stages.facts import ExportFacts
from aepipe.stages.fingerprint import fingerprint
from aepipe.stages.stage import DataResult, ExportResult, SplitResult, TrainedResult, find_whole_stage, produce_stage
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

MODULES = ("aepipe.stages.export", "aepipe.exports.write", "aepipe.exports.check")
LIBRARIES = ("keras", "onnx", "onnxruntime", "tensorflow", "tf2onnx")
MOST_IMAGES, NUM_CALIBRATION_IMAGES = 1000, 200


class ExportParameters(BaseModel):
    """What is exported."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    formats: tuple[ExportFormat, ...] = Field(description="Each once.")


def export_fingerprint(
    parameters: ExportParameters, data: DataResult, split: SplitResult, trained: TrainedResult
) -> str:
    """Return the name of this export."""
    inputs = {"data": data.digest, "split": split.digest, "trained": trained.fingerprint}
    return fingerprint("export", parameters, inputs, MODULES, LIBRARIES)


def find_export(
    store: Store, parameters: ExportParameters, data: DataResult, split: SplitResult, trained: TrainedResult
) -> ExportResult | None:
    """Return this export's result if it has been done."""
    return find_whole_stage(store, "export", export_fingerprint(parameters, data, split, trained), ExportResult)


def export_recipe(
    store: Store,
    parameters: ExportParameters,
    data: DataResult,
    split: SplitResult,
    trained: TrainedResult,
    refresh: bool = False,
) -> ExportResult:
    """Put a trained model in other formats into the store, unless that has been done.

    Its facts have, for each format, the training's own among them, the largest difference to the Keras model on up to
    1,000 held-out images.

    Raises:
        TrainingError: a format can't be run; nothing is kept.
    """

    def work(folder: Path) -> ExportFacts:
        # Here, because it imports TensorFlow.
        from aepipe.exports.write import compare_exports, export_model
        from aepipe.training.saving import load_model

        images, rows = load_data(store, data), load_split(store, split)
        test, train = (
            images.scaled(part[evenly_spaced(len(part), most)])
            for part, most in ((rows.test, MOST_IMAGES), (rows.train, NUM_CALIBRATION_IMAGES))
        )
        paths = {name: local_file(store, trained.files[form.file]) for name, form in OF_EVERY_TRAINING.items()}
        model = load_model(paths["keras"])
        paths |= export_model(model, parameters.formats, folder, train)
        expected = model.predict(test, batch_size=100, verbose=0)
        return ExportFacts.model_validate(
            {"num_test_images": len(test), "formats": compare_exports(paths, test, expected)}
        )

    name = export_fingerprint(parameters, data, split, trained)
    return produce_stage(store, "export", name, ExportResult, work, refresh)
