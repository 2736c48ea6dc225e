"""Exported models are run by other runtimes, in another process, and give what Keras gives."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aepipe.errors import TrainingError
from aepipe.exports.formats import FORMATS, OF_EVERY_TRAINING, ExportFormat
from aepipe.exports.write import compare_exports, export_model
from aepipe.models import build
from aepipe.recipes import RECIPES
from aepipe.training.saving import save_autoencoder

IMAGES = np.random.default_rng(0).random((20, 8, 8, 1), dtype=np.float32)
# One of each architecture, with the tuned activations; other sizes are other numbers only.
MODELS = {
    "dense": RECIPES["mnist-dense"].published.model.model_copy(update={"hidden_widths": (16,), "code_size": 8}),
    "subclassed": RECIPES["mnist-subclassed"].tuned.model.model_copy(update={"hidden_widths": (16,), "code_size": 8}),
    "variational": RECIPES["mnist-variational"].tuned.model.model_copy(update={"hidden_widths": (16,), "code_size": 4}),
    "convolutional": RECIPES["faces-sparse"].published.model.model_copy(update={"filters": (4, 8), "code_size": 16}),
    "residual": RECIPES["faces-sparse"].tuned.model.model_copy(
        update={"encoder_filters": (4,), "decoder_filters": (4,), "code_size": 8}
    ),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, tuple[dict[str, Path], np.ndarray]]:
    """The files of each architecture, and what Keras gives."""
    made = {}
    for name, options in MODELS.items():
        folder = tmp_path_factory.mktemp(name)
        autoencoder = build(options, IMAGES.shape[1:], seed=0)
        save_autoencoder(autoencoder, folder)
        paths = {name: folder / form.file for name, form in OF_EVERY_TRAINING.items()}
        paths |= export_model(autoencoder.model, list(ExportFormat), folder, IMAGES)
        made[name] = paths, autoencoder.model.predict(IMAGES, verbose=0)
    return made


@pytest.fixture(scope="module")
def differences(written, tmp_path_factory) -> dict[str, dict]:
    """What one process says of all of them: to import TensorFlow for each takes longer than all else."""
    commands = []
    for name, (paths, expected) in written.items():
        arrays = tmp_path_factory.mktemp("arrays") / f"{name}.npz"
        np.savez(arrays, images=IMAGES, expected=expected)
        commands.append([str(arrays), *(f"{name}={path}" for name, path in paths.items())])
    code = "import json, sys; from aepipe.exports.check import main; [main(*one) for one in json.loads(sys.argv[1])]"
    command = [sys.executable, "-c", code, json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(written, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_runs_elsewhere_and_gives_the_same(name, written, differences):
    paths, expected = written[name]
    found = differences[name]
    assert found.keys() == paths.keys() == FORMATS.keys()
    for exact in ("keras", "saved-model", "onnx", "litert"):
        assert found[exact]["max_abs_difference"] < 1e-5
    assert 1e-5 < found["litert-int8"]["max_abs_difference"] < 0.2
    assert found["onnx"]["mse_per_pixel"] == pytest.approx(np.mean((expected - IMAGES) ** 2), rel=1e-4)
    assert paths["litert-int8"].stat().st_size < paths["litert"].stat().st_size


def test_files_are_held_against_what_keras_gives(written, differences):
    paths, expected = written["residual"]
    found = compare_exports({"onnx": paths["onnx"]}, IMAGES, expected)
    assert found == {"onnx": pytest.approx(differences["residual"]["onnx"])}
    with pytest.raises(TrainingError, match=r"onnx gives \(20, 8, 8, 1\), Keras \(20, 64\)"):
        compare_exports({"onnx": paths["onnx"]}, IMAGES, expected.reshape(20, 64))


def test_a_file_that_does_not_run_is_said_in_one_line(tmp_path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"must run in a process of their own: .*Leave the format out") as caught:
        compare_exports({"onnx": broken}, IMAGES, IMAGES)
    assert "\n" not in str(caught.value)
