"""Models, and their halves, in formats that run without Keras: ONNX, and LiteRT with float or 8-bit weights.

Each, and the files that every training leaves, is read back in a process of its own, by the runtime that others would
use, and held against the Keras model.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from aepipe.errors import TrainingError
from aepipe.exports.formats import EXPORTS, ExportFormat, Format, Part
from aepipe.io.temporary import temporary_folder
from aepipe.models.autoencoder import Autoencoder
from aepipe.training.runtime import keras, tf

MAX_CHECK_SECONDS = 600
BATCH_SIZE = 100


def export_autoencoder(
    autoencoder: Autoencoder, formats: Sequence[ExportFormat], folder: Path, calibration: np.ndarray
) -> dict[str, Path]:
    """Write an autoencoder in each format, with its halves where the format has them; return the files by name.

    Args:
        autoencoder: The model and its halves.
        formats: What to write.
        folder: Where the files go.
        calibration: Training images, float32, whose activations set the ranges of 8-bit integers.
    """
    # Keras takes a model for one without inputs until it has been called.
    autoencoder.decoder(autoencoder.encoder(calibration[:1]))
    autoencoder.model(calibration[:1])
    files = [(EXPORTS[name], part, folder / file) for name in formats for part, file in EXPORTS[name].files.items()]
    for form, part, path in files:
        _export(getattr(autoencoder, part), form, path, calibration)
    return {path.name: path for _, _, path in files}


def _export(model: keras.Model, form: Format, path: Path, calibration: np.ndarray) -> None:
    options: dict[str, Any] = {"format": form.keras_format}
    if form.has_integers:
        # Inputs and outputs stay float: whoever calls it need not know the scale.
        options["optimizations"] = [tf.lite.Optimize.DEFAULT]
        options["representative_dataset"] = lambda: ([image[np.newaxis]] for image in calibration)
    with warnings.catch_warnings():
        # tf2onnx looks at np.object, a name that NumPy has other plans for.
        warnings.simplefilter("ignore", FutureWarning)
        model.export(path, verbose=False, **options)


def compute_parts(autoencoder: Autoencoder, images: np.ndarray) -> dict[Part, np.ndarray]:
    """Return what the model and its halves give: reconstructions and codes of images, images of these codes."""
    codes = autoencoder.encoder.predict(images, batch_size=BATCH_SIZE, verbose=0)
    return {
        "model": autoencoder.model.predict(images, batch_size=BATCH_SIZE, verbose=0),
        "encoder": codes,
        "decoder": autoencoder.decoder.predict(codes, batch_size=BATCH_SIZE, verbose=0),
    }


def compare_exports(
    paths: Mapping[str, Path], images: np.ndarray, targets: np.ndarray, expected: Mapping[Part, np.ndarray]
) -> dict[str, dict[str, Any]]:
    """Return for each file how far its outputs are from what Keras gives.

    Args:
        paths: Where files of `aepipe.exports.formats.FILES` are, by their names there.
        images: float32, (num_images, height, width, channels).
        targets: What a model is to make of them, mostly they themselves.
        expected: What Keras gives, of `compute_parts`.

    Returns:
        File name to what `aepipe.exports.check` found.

    Raises:
        TrainingError: a file can't be run, or gives something of another shape.
    """
    with temporary_folder("exports") as folder:
        arrays = folder / "arrays.npz"
        outputs: dict[str, Any] = {str(part): array for part, array in expected.items()}
        np.savez(arrays, images=images, targets=targets, **outputs)
        command = [
            sys.executable,
            "-m",
            "aepipe.exports.check",
            str(arrays),
            *(f"{name}={path}" for name, path in paths.items()),
        ]
        check = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MAX_CHECK_SECONDS)
    if check.returncode:
        reason = check.stderr.strip().splitlines()[-1] if check.stderr.strip() else f"exit code {check.returncode}"
        raise TrainingError(
            f"A model's files must run in a process of their own: {reason}",
            "Leave the format out with exports.",
            files=list(paths),
        )
    found: dict[str, dict[str, Any]] = json.loads(check.stdout.splitlines()[-1])
    return found
