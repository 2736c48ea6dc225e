"""Every architecture takes pixels in [0, 1] and gives them back through a code of the chosen size."""

import random

import keras
import numpy as np
import pytest

from aepipe.errors import ParameterError
from aepipe.linear import PrincipalComponents
from aepipe.models import build, dense, fit_start
from aepipe.models.corruption import KINDS, Corruption
from aepipe.models.layers import Augmentation, CodePenalty, CodeThreshold, NormalSampling
from aepipe.models.options import OWN_OPTIONS, ResidualOptions, StridedOptions, count_parameters
from aepipe.noise import NoiseSpec, corrupt
from aepipe.recipes import RECIPES, get_recipe
from aepipe.recipes.plan import Overrides, plan_training


@pytest.mark.parametrize(("name", "setting"), [(name, s) for name, recipe in RECIPES.items() for s in recipe.variants])
def test_a_recipe_builds_for_its_own_images(name, setting):
    recipe = get_recipe(name)
    options = recipe.variant(setting).model
    autoencoder = build(options, recipe.native_shape)
    images = np.zeros((2, *recipe.native_shape), np.float32)
    assert count_parameters(options, recipe.native_shape) == autoencoder.model.count_params()
    assert autoencoder.encoder(images).shape == (2, options.code_size)
    assert autoencoder.model(images).shape == images.shape


@pytest.mark.parametrize("shape", [(8, 8, 1), (9, 7, 1), (12, 12, 3)])
@pytest.mark.parametrize("name", ["mnist-dense", "mnist-subclassed", "mnist-variational", "faces-sparse"])
def test_a_recipe_builds_for_other_images(name, shape):
    plan = plan_training(name, "tuned", "full", Overrides(), shape)
    autoencoder = build(plan.model, shape)
    assert count_parameters(plan.model, shape) == autoencoder.model.count_params()
    assert autoencoder.decoder(autoencoder.encoder(np.zeros((2, *shape), np.float32))).shape == (2, *shape)


@pytest.mark.parametrize("name", ["mnist-dense", "mnist-subclassed", "mnist-variational", "faces-conv"])
def test_a_models_seed_decides_its_weights_whatever_else_draws_random_numbers(name):
    options, weights = get_recipe(name).tuned.model, []
    for elsewhere, seed in ((1, 0), (2, 0), (2, 1)):
        random.seed(elsewhere)
        # With the state of a variational model's generator.
        weights.append([variable.numpy() for variable in build(options, (8, 8, 1), seed).model.variables])
    assert all(np.array_equal(first, second) for first, second in zip(*weights[:2], strict=True))
    assert not any(np.array_equal(*pair) for pair in zip(*weights[1:], strict=True) if pair[0].any())


def test_the_published_dense_network_has_the_sources_layers():
    autoencoder = build(get_recipe("mnist-dense").published.model, (28, 28, 1))
    layers = [*autoencoder.encoder.layers, *autoencoder.decoder.layers]
    assert [layer.units for layer in layers if isinstance(layer, keras.layers.Dense)] == [392, 196, 98, 196, 392, 784]
    assert autoencoder.model.count_params() == 2 * (784 * 392 + 392 * 196 + 196 * 98) + 2 * (392 + 196) + 98 + 784


def test_the_published_convolutional_decoder_starts_from_the_code_itself():
    layers = build(get_recipe("faces-conv").published.model, (32, 32, 1)).decoder.layers
    assert [type(layer).__name__ for layer in layers][:2] == ["InputLayer", "Reshape"]
    assert [layer.filters for layer in layers if isinstance(layer, keras.layers.Conv2DTranspose)] == [128, 64, 32, 1]


def test_the_inner_unit_does_not_show_outside():
    options = get_recipe("mnist-dense").published.model
    in_255 = build(options, (28, 28, 1), seed=0)
    in_1 = build(options.model_copy(update={"pixel_unit": 1.0}), (28, 28, 1), seed=0)
    images = np.random.default_rng(0).random((3, 28, 28, 1), dtype=np.float32)
    # Without biases the network is homogeneous, so the unit cancels.
    np.testing.assert_allclose(in_255.model(images), in_1.model(images), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("architecture", ["dense", "subclassed", "variational", "convolutional"])
def test_zero_centred_pixels_do_not_show_outside(architecture):
    widths = {"filters": (2,)} if architecture == "convolutional" else {"hidden_widths": (6,)}
    options = OWN_OPTIONS[architecture](code_size=4, **widths)
    plain, centred = (build(options.model_copy(update={"zero_centred": c}), (8, 8, 1), seed=0) for c in (False, True))
    images = np.random.default_rng(0).random((3, 8, 8, 1), dtype=np.float32)
    expected = (plain.decoder(plain.encoder(2 * images - 1)) + 1) / 2
    np.testing.assert_allclose(centred.decoder(centred.encoder(images)), expected, rtol=1e-4, atol=1e-6)


def test_an_architecture_whose_parts_give_something_else_is_told(monkeypatch):
    monkeypatch.setattr(dense, "dense_decoder", lambda *_: keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)]))
    with pytest.raises(ParameterError, match=r"^An encoder gives .*\(None, 3\).*Mend aepipe.models.dense\."):
        build(OWN_OPTIONS["dense"](code_size=4, hidden_widths=()), (8, 8, 1))


def test_the_code_penalty_does_not_depend_on_the_batch_size():
    layer = CodePenalty(0.5)
    codes = np.array([[1.0, -3.0]], np.float32)
    layer(codes)
    one = float(layer.losses[0])
    layer(np.repeat(codes, 10, axis=0))
    assert one == pytest.approx(0.5 * 4)
    assert float(layer.losses[0]) == pytest.approx(one)


def test_sampling_gives_the_mean_when_not_training_and_the_kl_term_always():
    layer = NormalSampling(beta=2.0, seed=0)
    mean, log_variance = np.ones((4, 3), np.float32), np.zeros((4, 3), np.float32)
    np.testing.assert_array_equal(layer([mean, log_variance], training=False), mean)
    assert float(layer.losses[0]) == pytest.approx(2.0 * 0.5 * 3)
    assert np.std(layer([mean, log_variance], training=True)) > 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_corruption_works_while_training_only_and_stays_in_range(kind):
    layer = Corruption(kind, 0.3, seed=0)
    images = np.random.default_rng(0).random((8, 16, 16, 1), dtype=np.float32)
    corrupted = np.asarray(layer(images, training=True))
    np.testing.assert_array_equal(layer(images, training=False), images)
    assert (corrupted != images).mean() > 0.2
    assert 0 <= corrupted.min() <= corrupted.max() <= 1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("level", [0.1, 0.4])
def test_what_is_trained_on_is_what_a_noisy_test_set_has(kind, level):
    grey = np.full((100, 24, 20, 1), 0.5, np.float32)
    trained = np.asarray(Corruption(kind, level, seed=0)(grey, training=True))
    tested = corrupt(grey, NoiseSpec(kind=kind, level=level), 0, np.arange(100)) / np.float32(255)
    for measure in (np.mean, np.std, lambda noisy: np.mean(np.abs(noisy - 0.5) > 0.1)):
        assert measure(trained) == pytest.approx(measure(tested), rel=0.06)


def test_each_image_may_have_a_level_and_a_kind_of_its_own():
    grey = np.full((2, 60, 12, 12, 1), 0.5, np.float32)
    layer = Corruption("gaussian", 0.05, seed=0, level_max=0.3, others=("dropout",))
    noisy = np.asarray(layer(grey, training=True)).reshape(120, -1)
    dropped = np.isin(noisy, [0, 0.5]).all(axis=1)
    assert 30 < dropped.sum() < 90
    deviations = noisy[~dropped].std(axis=1)
    assert 0.03 < deviations.min() < 0.1 < 0.2 < deviations.max() < 0.35
    again = Corruption.from_config(layer.get_config())
    np.testing.assert_array_equal(np.asarray(again(grey, training=True)).reshape(120, -1), noisy)


RESIDUAL = ResidualOptions(code_size=12, encoder_filters=(4,), decoder_filters=(4, 6))


def test_a_residual_model_starts_as_pca():
    images = np.random.default_rng(0).random((40, 6, 5, 2), dtype=np.float32)
    autoencoder = build(RESIDUAL, images.shape[1:], seed=0)
    fit_start(RESIDUAL, autoencoder, lambda most: images[:most])
    expected = PrincipalComponents.fit(images, 12).reconstruct(images)
    np.testing.assert_allclose(autoencoder.model(images), np.clip(expected, 0, 1), atol=1e-5)
    assert autoencoder.encoder(images).shape == (40, 12)


# Whole patches; patches that reach beyond the images.
@pytest.mark.parametrize(("shape", "block", "code_size"), [((16, 24, 3), 8, 24), ((15, 21, 1), 6, 24)])
def test_a_strided_model_starts_as_pca_of_patches(shape, block, code_size):
    images = np.cumsum(np.random.default_rng(0).normal(0, 0.1, (40, *shape)), axis=1)
    images = np.clip(images + 0.5, 0, 1).astype(np.float32)
    options = StridedOptions(code_size=code_size, block=block, encoder_filters=(4,), decoder_filters=(4, 4), stride=2)
    autoencoder = build(options, shape, seed=0)
    assert count_parameters(options, shape) == autoencoder.model.count_params()
    fit_start(options, autoencoder, lambda most: images[:most])
    rows, columns = (-(-length // block) for length in shape[:2])
    beyond = [(0, 0), (0, rows * block - shape[0]), (0, columns * block - shape[1]), (0, 0)]
    patches = np.pad(images, beyond, mode="reflect").reshape(40, rows, block, columns, block, shape[2]).swapaxes(2, 3)
    rows_of_pixels = patches.reshape(-1, block * block * shape[2])
    components = PrincipalComponents.fit(rows_of_pixels, code_size // (rows * columns))
    expected = components.reconstruct(rows_of_pixels).reshape(patches.shape).swapaxes(2, 3)
    expected = expected.reshape(40, rows * block, columns * block, shape[2])[:, : shape[0], : shape[1]]
    mse, least = (np.mean((found - images) ** 2) for found in (autoencoder.model(images), np.clip(expected, 0, 1)))
    # The mean patch is one colour here.
    assert mse == pytest.approx(least, rel=0.03)
    codes = autoencoder.encoder(images)
    assert codes.shape == (40, code_size)
    np.testing.assert_allclose(autoencoder.decoder(codes), autoencoder.model(images), atol=1e-6)


def test_code_values_beyond_the_images_rank_can_still_be_learned():
    images = np.random.default_rng(0).random((5, 6, 5, 2), dtype=np.float32)
    autoencoder = build(RESIDUAL, images.shape[1:], seed=0)
    fit_start(RESIDUAL, autoencoder, lambda most: images[:most])
    np.testing.assert_allclose(autoencoder.model(images), images, atol=1e-5)
    # A kernel of zeros on both sides would have no gradient.
    assert np.abs(autoencoder.encoder.get_layer("code").get_weights()[0]).min(axis=0).all()


def test_augmentation_shifts_by_whole_pixels_and_repeats_the_edge():
    ramp = np.broadcast_to(np.arange(9, dtype=np.uint8)[:, None, None], (200, 9, 7, 1))
    shifted = np.asarray(Augmentation(flip=False, shift=1.0, seed=0)(ramp, training=True))
    moves = shifted[:, 4, 0, 0].astype(int) - 4
    assert shifted.dtype == np.uint8
    assert np.std(moves) == pytest.approx(np.sqrt(1 + 1 / 12), rel=0.15)
    expected = np.clip(np.arange(9) + moves[:, None], 0, 8)
    np.testing.assert_array_equal(shifted[..., 0], np.broadcast_to(expected[:, :, None], (200, 9, 7)))


def test_augmentation_mirrors_every_other_image_while_training_only():
    images = np.random.default_rng(0).random((400, 4, 6, 1), dtype=np.float32)
    layer = Augmentation(flip=True, shift=0.0, seed=0)
    np.testing.assert_array_equal(layer(images), images)
    augmented = np.asarray(layer(images, training=True))
    mirrored = (augmented == images[:, :, ::-1]).all(axis=(1, 2, 3))
    assert mirrored.mean() == pytest.approx(0.5, abs=0.08)
    np.testing.assert_array_equal(augmented[~mirrored], images[~mirrored])


def test_every_architecture_is_used_by_a_recipe():
    used = {variant.model.architecture for recipe in RECIPES.values() for variant in recipe.variants.values()}
    large = {plan_training(name, "tuned", "full", Overrides(), (64, 64, 1)).model.architecture for name in RECIPES}
    assert used | large == set(OWN_OPTIONS)


def test_a_code_threshold_makes_small_values_zero_and_leaves_the_others():
    codes = np.array([[0.04, -0.04, 0.06, -2.0]], np.float32)
    np.testing.assert_array_equal(CodeThreshold(0.05)(codes), [[0, 0, np.float32(0.06), -2]])
