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


class ExportFormat(StrEnum):
    """Formats that are made where they are asked for."""

    ONNX = "onnx"
    LITERT = "litert"
    LITERT_INT8 = "litert-int8"


@dataclass(frozen=True)
class Format:
    """One format.

    Attributes:
        file: Its file's name within a model's folder.
        label: What the model card calls it.
        runtime: Who runs it, as others would.
        keras_format: What `keras.Model.export` calls it; None where every training leaves the file.
        has_integers: Its weights and activations are 8-bit integers; inputs and outputs stay float.
        is_in_full_runs: Runs of preset full make it unless they are told otherwise.
        tags: What model hubs find the model by.
    """

    file: str
    label: str
    runtime: Runtime
    keras_format: str | None = None
    has_integers: bool = False
    is_in_full_runs: bool = True
    tags: tuple[str, ...] = ()


FORMATS: Mapping[str, Format] = {
    "keras": Format("model.keras", "Keras", "keras"),
    "saved-model": Format("saved_model.zip", "TensorFlow SavedModel", "tensorflow"),
    ExportFormat.ONNX: Format("model.onnx", "ONNX", "onnxruntime", "onnx", tags=("onnx",)),
    ExportFormat.LITERT: Format("model.tflite", "LiteRT", "litert", "litert"),
    ExportFormat.LITERT_INT8: Format(
        "model_int8.tflite", "LiteRT, 8-bit integers inside", "litert", "litert", has_integers=True
    ),
}
EXPORTS: Mapping[ExportFormat, Format] = {name: FORMATS[name] for name in ExportFormat}
OF_EVERY_TRAINING: Mapping[str, Format] = {name: form for name, form in FORMATS.items() if form.keras_format is None}
MODEL_SUFFIXES = frozenset(PurePath(form.file).suffix for form in FORMATS.values())


def formats_of(preset: Literal["full", "quick"]) -> tuple[ExportFormat, ...]:
    """Return what a run makes where nothing else is asked for: in quick ones nothing."""
    return tuple(name for name, form in EXPORTS.items() if form.is_in_full_runs) if preset == "full" else ()
