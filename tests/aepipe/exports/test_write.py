"""Exported models are run by other runtimes, in another process, and give what Keras gives."""

import numpy as np
import pytest

from aepipe.errors import TrainingError
from aepipe.exports.formats import OF_EVERY_TRAINING, ExportFormat
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


@pytest.mark.parametrize("name", MODELS)
def test_every_architecture_runs_elsewhere_and_gives_the_same(name, tmp_path):
    autoencoder = build(MODELS[name], IMAGES.shape[1:], seed=0)
    model = autoencoder.model
    save_autoencoder(autoencoder, tmp_path)
    paths = {name: tmp_path / form.file for name, form in OF_EVERY_TRAINING.items()}
    paths |= export_model(model, list(ExportFormat), tmp_path, IMAGES)
    expected = model.predict(IMAGES, verbose=0)
    found = compare_exports(paths, IMAGES, expected)
    for exact in ("keras", "saved-model", "onnx", "litert"):
        assert found[exact]["max_abs_difference"] < 1e-5
    assert 1e-5 < found["litert-int8"]["max_abs_difference"] < 0.2
    assert found["onnx"]["mse_per_pixel"] == pytest.approx(np.mean((expected - IMAGES) ** 2), rel=1e-4)
    assert paths["litert-int8"].stat().st_size < paths["litert"].stat().st_size


def test_a_file_that_does_not_run_is_said_in_one_line(tmp_path):
    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"no model")
    with pytest.raises(TrainingError, match=r"must run in a process of their own: .*Leave the format out") as caught:
        compare_exports({"onnx": broken}, IMAGES, IMAGES)
    assert "\n" not in str(caught.value)


def test_outputs_of_another_shape_are_no_export(tmp_path):
    model = build(MODELS["dense"], IMAGES.shape[1:], seed=0).model
    paths = export_model(model, [ExportFormat.ONNX], tmp_path, IMAGES)
    with pytest.raises(TrainingError, match=r"onnx gives \(20, 8, 8, 1\), Keras \(20, 64\)"):
        compare_exports(paths, IMAGES, IMAGES.reshape(20, 64))
