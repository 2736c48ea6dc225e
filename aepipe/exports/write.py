"""Models in formats that run without Keras: ONNX, and LiteRT with float or 8-bit weights.

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
from aepipe.exports.formats import EXPORTS, ExportFormat
from aepipe.io.temporary import temporary_folder
from aepipe.training.runtime import keras, tf

MAX_CHECK_SECONDS = 600


def export_model(
    model: keras.Model, formats: Sequence[ExportFormat], folder: Path, calibration: np.ndarray
) -> dict[ExportFormat, Path]:
    """Write a model in each format, and return format to file.

    Args:
        model: Images to reconstructions, (batch, height, width, channels) in [0, 1].
        formats: What to write.
        folder: Where the files go.
        calibration: Training images, float32, whose activations set the ranges of 8-bit integers.
    """
    # Keras takes a model for one without inputs until it has been called.
    model(calibration[:1])
    paths = {name: folder / EXPORTS[name].file for name in formats}
    for name, path in paths.items():
        options: dict[str, Any] = {"format": EXPORTS[name].keras_format}
        if EXPORTS[name].has_integers:
            # Inputs and outputs stay float: whoever calls it need not know the scale.
            options["optimizations"] = [tf.lite.Optimize.DEFAULT]
            options["representative_dataset"] = lambda: ([image[np.newaxis]] for image in calibration)
        with warnings.catch_warnings():
            # tf2onnx looks at np.object, a name that NumPy has other plans for.
            warnings.simplefilter("ignore", FutureWarning)
            model.export(path, verbose=False, **options)
    return paths


def compare_exports(paths: Mapping[str, Path], images: np.ndarray, expected: np.ndarray) -> dict[str, dict[str, Any]]:
    """Return for each format the largest and the mean squared difference to what the Keras model makes of images.

    Args:
        paths: Format to file.
        images: float32, (num_images, height, width, channels).
        expected: The Keras model's outputs.

    Raises:
        TrainingError: a file can't be run, or gives something of another shape.
    """
    with temporary_folder("exports") as folder:
        arrays = folder / "arrays.npz"
        np.savez(arrays, images=images, expected=expected)
        command = [sys.executable, "-m", "aepipe.exports.check", str(arrays)]
        command += [f"{name}={path}" for name, path in paths.items()]
        check = subprocess.run(command, capture_output=True, text=True, check=False, timeout=MAX_CHECK_SECONDS)
    if check.returncode:
        reason = check.stderr.strip().splitlines()[-1] if check.stderr.strip() else f"exit code {check.returncode}"
        raise TrainingError(
            f"A model's files must run in a process of their own: {reason}",
            "Leave the format out with exports.",
            formats=list(paths),
        )
    found: dict[str, dict[str, Any]] = json.loads(check.stdout.splitlines()[-1])
    return found
