"""Formats of a published model: the one table that whoever writes, checks, describes or lists a model's files reads.

A new one is a member of `ExportFormat` and a line of `FORMATS`. One that Keras does not export takes a few lines of
`aepipe.exports.write`, and one that needs another runtime a loader in `aepipe.exports.check`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePath
from typing import Literal

Runtime = Literal["keras", "tensorflow", "onnxruntime", "litert"]
# The whole, and its halves.
Part = Literal["model", "encoder", "decoder"]


class ExportFormat(StrEnum):
    """Formats that are made where they are asked for."""

    ONNX = "onnx"
    LITERT = "litert"
    LITERT_INT8 = "litert-int8"


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        file: The whole model's file's name within a model's folder.
        label: What the model card calls it.
        runtime: Who runs it, as others would.
        keras_format: What `keras.Model.export` calls it; None where every training leaves the file.
        has_integers: Its weights and activations are 8-bit integers; inputs and outputs stay float.
        has_halves: The encoder and the decoder have files of their own beside the whole model's.
        is_in_full_runs: Runs of preset full make it unless they are told otherwise.
        tags: What model hubs find the model by.
    """

    file: str
    label: str
    runtime: Runtime
    keras_format: str | None = None
    has_integers: bool = False
    has_halves: bool = False
    is_in_full_runs: bool = True
    tags: tuple[str, ...] = ()

    @property
    def files(self) -> Mapping[Part, str]:
        """The name of each part's file."""
        suffix = PurePath(self.file).suffix
        halves: Mapping[Part, str] = {"encoder": f"encoder{suffix}", "decoder": f"decoder{suffix}"}
        return {"model": self.file, **(halves if self.has_halves else {})}


FORMATS: Mapping[str, Format] = {
    "keras": Format("model.keras", "Keras", "keras", has_halves=True),
    "saved-model": Format("saved_model.zip", "TensorFlow SavedModel", "tensorflow"),
    ExportFormat.ONNX: Format("model.onnx", "ONNX", "onnxruntime", "onnx", has_halves=True, tags=("onnx",)),
    ExportFormat.LITERT: Format("model.tflite", "LiteRT", "litert", "litert", has_halves=True),
    ExportFormat.LITERT_INT8: Format(
        "model_int8.tflite", "LiteRT, 8-bit integers inside", "litert", "litert", has_integers=True
    ),
}
EXPORTS: Mapping[ExportFormat, Format] = {name: FORMATS[name] for name in ExportFormat}
OF_EVERY_TRAINING: Mapping[str, Format] = {name: form for name, form in FORMATS.items() if form.keras_format is None}
# Each file: its format, and the part that it holds.
FILES: Mapping[str, tuple[Format, Part]] = {
    file: (form, part) for form in FORMATS.values() for part, file in form.files.items()
}
MODEL_SUFFIXES = frozenset(PurePath(form.file).suffix for form in FORMATS.values())


def formats_of(preset: Literal["full", "quick"]) -> tuple[ExportFormat, ...]:
    """Return what a run makes where nothing else is asked for: in quick ones nothing."""
    return tuple(name for name, form in EXPORTS.items() if form.is_in_full_runs) if preset == "full" else ()
