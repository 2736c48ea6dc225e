"""The baselines mean something where images are few, and nothing about them is decided by held-out images."""

import numpy as np
import pytest
from scipy.fft import dctn, idctn
from smooth_images import smooth_images

from aepipe.datasets.images import ImageData
from aepipe.evaluation.codecs import LowPass, PatchComponents, possible_grids
from aepipe.evaluation.opponents import KINDS, Opponents, measure_opponents
from aepipe.evaluation.strongest import find_baselines, find_strongest
from aepipe.splits import Split


def textures(count: int, channels: int = 1) -> np.ndarray:
    """Different smooth images at every place, as photographs are: a few do not tell what others look like."""
    generator = np.random.default_rng(0)
    frequency = np.add.outer(np.arange(16), np.arange(16))[..., None]
    images = idctn(generator.standard_normal((count, 16, 16, channels)) / (1 + frequency), axes=(1, 2), norm="ortho")
    low, high = images.min(), images.max()
    return ((images - low) / (high - low)).astype(np.float32)


@pytest.fixture(params=[1, 3])
def few(request) -> tuple[ImageData, Split]:
    images = textures(60, request.param)
    return ImageData("set", images, (0, 1)), Split(np.arange(20), np.arange(20, 25), np.arange(25, 60))


def test_with_few_images_the_low_pass_and_patches_are_stronger_than_pca(few):
    found = measure_opponents(*few, code_size=32)
    errors = {name: of_each.mean() for name, of_each in found.errors.items()}
    assert max(errors["dct"], errors["patch_pca"]) < 0.7 * errors["pca"]
    assert {name: len(of_each) for name, of_each in found.errors.items()} == dict.fromkeys(errors, 35)
    assert set(found.chosen) == {"dct", "patch_pca"}


def test_held_out_images_decide_nothing(few):
    data, split = few
    before = measure_opponents(data, split, 32)
    changed = data.images.copy()
    changed[split.test[1:]] = np.random.default_rng(1).random(changed[split.test[1:]].shape)
    after = measure_opponents(ImageData("set", changed, (0, 1)), split, 32)
    assert _names(after) == _names(before)
    assert {name: errors[0] for name, errors in after.errors.items()} == {
        name: errors[0] for name, errors in before.errors.items()
    }


def test_of_pairs_they_are_given_noisy_images_and_held_against_clean_ones():
    clean, split = textures(200), Split(np.arange(150), np.arange(150, 160), np.arange(160, 200))
    # A map that a linear one undoes, and the noise of a camera.
    noisy = (0.5 * clean + np.random.default_rng(1).normal(0, 0.01, clean.shape)).astype(np.float32)
    found = measure_opponents(ImageData("set", noisy, (0, 1), clean=clean), split, 32)
    errors = {name: of_each.mean() for name, of_each in found.errors.items()}
    assert set(errors) == {"pca", "patch_pca", "dct", "mean_image", "noisy", "linear"}
    assert errors["noisy"] == pytest.approx(np.mean(np.square(noisy - clean)[160:]), rel=1e-5)
    assert errors["linear"] < 0.1 * errors["noisy"]
    assert errors["mean_image"] == pytest.approx(np.mean(np.square(clean[160:] - clean[:160].mean(axis=0))), rel=1e-4)
    # Fitted on clean images, which all of these are half of.
    np.testing.assert_allclose(found.components.mean.reshape(clean.shape[1:]), clean[:160].mean(axis=0), atol=1e-5)
    assert errors["pca"] > 0.5 * errors["noisy"]


def _names(found: Opponents) -> dict[str, str]:
    return {name: codec.name for name, codec in found.chosen.items()}


def test_an_opponents_codec_has_the_errors_that_are_said_of_it_also_after_it_was_kept(few):
    data, split = few
    found, originals = measure_opponents(data, split, 32), data.scaled(split.test)
    kept = {name: KINDS[name].from_arrays(codec.name, codec.arrays) for name, codec in found.chosen.items()}
    again = Opponents(found.components, found.errors, kept)
    for name in ("pca", "patch_pca", "dct"):
        errors = np.square(again.codec(name).reconstruct(originals) - originals).mean(axis=(1, 2, 3))
        np.testing.assert_allclose(errors, found.errors[name], rtol=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fit", [LowPass.by_zig_zag, LowPass.by_variance])
def test_a_low_pass_keeps_as_many_numbers_as_the_code(fit, channels):
    images = textures(20, channels)
    codec = fit(images, 40)
    assert codec.kept.sum() == 40
    # Whatever is kept is a fixed point.
    once = codec.reconstruct(images)
    np.testing.assert_allclose(codec.reconstruct(once), once, atol=0.02)


def test_the_zig_zag_is_jpegs_order_and_learns_nothing():
    first, second = (LowPass.by_zig_zag(textures(count), 3) for count in (5, 9))
    assert np.argwhere(first.kept).tolist() == [[0, 0, 0], [0, 1, 0], [1, 0, 0]]
    assert (first.kept == second.kept).all()
    image = textures(1)
    kept = dctn(image[0, ..., 0], norm="ortho")[first.kept[..., 0]]
    np.testing.assert_allclose(
        dctn(first.reconstruct(image)[0, ..., 0], norm="ortho")[first.kept[..., 0]], kept, atol=1e-5
    )


@pytest.mark.parametrize(("grid", "shape"), [(2, (4, 4)), (4, (4, 4)), (2, (5, 7))])
def test_patches_with_all_components_are_the_images(grid, shape):
    images = smooth_images(200)[:, : shape[0], : shape[1]]
    code_size = grid**2 * -(-shape[0] // grid) * -(-shape[1] // grid) * images.shape[-1]
    np.testing.assert_allclose(PatchComponents.fit(images, code_size, grid).reconstruct(images), images, atol=1e-4)


@pytest.mark.parametrize(
    ("shape", "code_size", "grids"),
    [
        ((28, 28, 1), 98, [2, 4]),
        ((64, 64, 3), 512, [2, 4, 8, 16]),
        ((256, 256, 3), 2048, [8, 16, 32]),
        ((250, 330, 3), 2688, [16]),
        ((64, 64, 1), 30, [2, 4]),
        ((7, 7, 1), 8, []),
        ((8, 8, 1), 3, []),
    ],
)
def test_patches_are_about_whole_and_each_has_a_value(shape, code_size, grids):
    assert list(possible_grids(shape, code_size)) == grids


def test_without_a_validation_part_training_images_decide(few):
    data, split = few
    found = measure_opponents(data, Split(np.arange(25), split.test[:0], split.test), 32)
    assert set(found.errors) == {"pca", "mean_image", "patch_pca", "dct"}


@pytest.mark.parametrize("num_train", [1, 2, 30])
def test_equal_training_images_have_baselines_too(num_train):
    images = np.concatenate([np.zeros((num_train, 8, 8, 1)), textures(1)[:, :8, :8]]).astype(np.float32)
    split = Split(np.arange(num_train), np.arange(0), np.array([num_train]))
    found = measure_opponents(ImageData("set", images, (0, 1)), split, 8)
    assert all(np.isfinite(errors).all() for errors in found.errors.values())


def test_the_strongest_has_the_smallest_error_and_old_releases_have_pca_alone():
    facts = {"pca_mse_per_pixel": 0.005, "patch_pca_mse_per_pixel": 0.004, "dct_mse_per_pixel": 0.003}
    assert find_strongest(facts).label == "DCT low-pass"
    assert [baseline.label for baseline in find_baselines({"pca_mse_per_pixel": 0.005})] == ["PCA"]
    assert find_strongest({"dct_mse_per_pixel": None}) is None
