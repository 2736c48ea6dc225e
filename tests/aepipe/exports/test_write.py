"""Exported models are run by other runtimes, in another process, and give what Keras gives."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aepipe.errors import TrainingError
from aepipe.exports.formats import FILES, OF_EVERY_TRAINING, ExportFormat
from aepipe.exports.write import compare_exports, compute_parts, export_autoencoder
from aepipe.models import build
from aepipe.models.options import StridedOptions
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
    # Patches reach beyond the images.
    "strided": StridedOptions(encoder_filters=(4,), decoder_filters=(4,), code_size=12, block=6, stride=2),
}
# LiteRT takes a second a file: it has those whose layers are not all in another one's.
ON_LITERT = ("subclassed", "variational", "convolutional", "strided")


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> dict[str, tuple[dict[str, Path], dict[str, np.ndarray]]]:
    """The files of each architecture by name, and what Keras gives."""
    made = {}
    for name, options in MODELS.items():
        folder = tmp_path_factory.mktemp(name)
        autoencoder = build(options, IMAGES.shape[1:], seed=0)
        save_autoencoder(autoencoder, folder)
        kept = {file: folder / file for form in OF_EVERY_TRAINING.values() for file in form.files.values()}
        formats = list(ExportFormat) if name in ON_LITERT else [ExportFormat.ONNX]
        paths = kept | export_autoencoder(autoencoder, formats, folder, IMAGES)
        made[name] = paths, compute_parts(autoencoder, IMAGES)
    return made


@pytest.fixture(scope="module")
def differences(written, tmp_path_factory) -> dict[str, dict]:
    """What one process says of all of them: to import TensorFlow for each takes longer than all else."""
    commands = []
    for name, (paths, expected) in written.items():
        arrays = tmp_path_factory.mktemp("arrays") / f"{name}.npz"
        np.savez(arrays, images=IMAGES, targets=IMAGES, **expected)
        commands.append([str(arrays), *(f"{file}={path}" for file, path in paths.items())])
    code = "import json, sys; from aepipe.exports.check import main; [main(*one) for one in json.loads(sys.argv[1])]"
    command = [sys.executable, "-c", code, json.dumps(commands)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return dict(zip(written, map(json.loads, done.stdout.splitlines()), strict=True))


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_runs_elsewhere_and_gives_the_same(name, written, differences):
    paths, expected = written[name]
    found = differences[name]
    assert found.keys() == paths.keys()
    for said in (said for file, said in found.items() if file != "model_int8.tflite"):
        assert said["max_abs_difference"] < 1e-5 * max(1, said.get("max_abs_value", 1))
    mse = np.mean((expected["model"] - IMAGES) ** 2)
    assert found["model.onnx"]["mse_per_pixel"] == pytest.approx(mse, rel=1e-4)


@pytest.mark.parametrize("name", ON_LITERT)
def test_integers_are_rough_and_small(name, written, differences):
    paths, _ = written[name]
    assert paths.keys() == FILES.keys()
    assert 1e-5 < differences[name]["model_int8.tflite"]["max_abs_difference"] < 0.2
    assert paths["model_int8.tflite"].stat().st_size < paths["model.tflite"].stat().st_size


@pytest.mark.parametrize("name", MODELS)
def test_halves_give_codes_and_the_images_of_codes(name, written, differences):
    paths, expected = written[name]
    halves = [("encoder.onnx", "encoder"), ("decoder.tflite" if name in ON_LITERT else "decoder.onnx", "decoder")]
    for file, part in halves:
        assert differences[name][file]["max_abs_value"] == pytest.approx(np.abs(expected[part]).max())
        assert paths[file].stat().st_size < paths[file.replace(part, "model")].stat().st_size


def test_files_are_held_against_what_keras_gives(written, differences, tmp_path):
    paths, expected = written["residual"]
    # In a cache files are called by their digests.
    cached = shutil.copy(paths["model.onnx"], tmp_path / f"{'0' * 64}.onnx")
    onnx = {"model.onnx": Path(cached)}
    found = compare_exports(onnx, IMAGES, IMAGES, expected)
    assert found == {"model.onnx": pytest.approx(differences["residual"]["model.onnx"])}
    with pytest.raises(TrainingError, match=r"model\.onnx gives \(20, 8, 8, 1\), Keras \(20, 64\)"):
        compare_exports(onnx, IMAGES, IMAGES, {"model": expected["model"].reshape(20, 64)})


def test_a_file_that_does_not_run_is_said_in_one_line(tmp_path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"must run in a process of their own: .*Leave the format out") as caught:
        compare_exports({"model.onnx": broken}, IMAGES, IMAGES, {"model": IMAGES})
    assert "\n" not in str(caught.value)
