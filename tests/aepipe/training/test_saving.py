"""Saved models load in safe mode, compute the same, and have the same bytes for the same weights."""

import zipfile

import numpy as np
import pytest

from aepipe.models import build
from aepipe.models.options import ConvolutionalOptions, DenseOptions, SubclassedOptions, VariationalOptions
from aepipe.training.runtime import keras, tf
from aepipe.training.saving import load_model, save_autoencoder

SHAPE = (8, 8, 1)
OPTIONS = {
    "dense": DenseOptions(hidden_widths=(16,), code_size=8, pixel_unit=255),
    "subclassed": SubclassedOptions(hidden_widths=(16,), code_size=8),
    "variational": VariationalOptions(hidden_widths=(16,), code_size=4),
    "convolutional": ConvolutionalOptions(filters=(4, 8), code_size=16, code_l1=0.1, normalise_code=True),
}


def built(options):
    keras.backend.clear_session()
    return build(options, SHAPE, seed=0)


@pytest.fixture(params=OPTIONS, scope="module")
def saved(request, tmp_path_factory):
    autoencoder = built(OPTIONS[request.param])
    folder = tmp_path_factory.mktemp(request.param)
    save_autoencoder(autoencoder, folder)
    return autoencoder, folder


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).random((5, *SHAPE), dtype=np.float32)


def test_a_loaded_model_computes_the_same(saved, images):
    autoencoder, folder = saved
    model, encoder, decoder = (load_model(folder / f"{name}.keras") for name in ("model", "encoder", "decoder"))
    expected = autoencoder.model(images)
    np.testing.assert_array_equal(model(images), expected)
    np.testing.assert_allclose(decoder(encoder(images)), expected, atol=1e-6)


@pytest.mark.parametrize("name", OPTIONS)
def test_the_same_weights_have_the_same_bytes(name, tmp_path):
    """Built and saved twice: a model built again has other addresses in memory."""
    kept = [built(OPTIONS[name]), built(OPTIONS[name])]
    for number, autoencoder in enumerate(kept):
        (tmp_path / str(number)).mkdir()
        save_autoencoder(autoencoder, tmp_path / str(number))
    for file in ("model.keras", "encoder.keras", "decoder.keras"):
        assert (tmp_path / "0" / file).read_bytes() == (tmp_path / "1" / file).read_bytes()


def test_the_export_has_its_end_points(saved, images, tmp_path):
    autoencoder, folder = saved
    with zipfile.ZipFile(folder / "saved_model.zip") as archive:
        archive.extractall(tmp_path)
    exported = tf.saved_model.load(tmp_path)
    np.testing.assert_allclose(exported.reconstruct(images), autoencoder.model(images), atol=1e-5)
    np.testing.assert_allclose(exported.decode(exported.encode(images)), autoencoder.model(images), atol=1e-5)
