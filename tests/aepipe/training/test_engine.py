"""The trainer on 8x8 images: it learns, repeats itself bit for bit, keeps the best, and says what went wrong."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from aepipe.errors import TrainingError
from aepipe.models import build
from aepipe.models.options import ConvolutionalOptions, DenseOptions, ResidualOptions, VariationalOptions
from aepipe.models.posterior import posterior
from aepipe.training import trainer
from aepipe.training.batches import Pixels
from aepipe.training.chunk import MIN_STEPS, steps_in_a_group
from aepipe.training.collapse import is_collapsed
from aepipe.training.runtime import use_precision
from aepipe.training.settings import AugmentationSettings, CorruptionSettings, TrainingSettings
from aepipe.training.state import Losses
from aepipe.training.trainer import Trainer

DENSE = DenseOptions(hidden_widths=(24,), code_size=8)
VARIATIONAL = VariationalOptions(hidden_widths=(24,), code_size=4, output_activation="sigmoid", beta=0.5)


@pytest.fixture(scope="module")
def blobs() -> np.ndarray:
    """uint8 images of one bright spot each, (200, 8, 8, 1): easy to code by two numbers."""
    y, x = np.mgrid[:8, :8]
    centres = np.random.default_rng(0).uniform(1, 7, (200, 2))
    spots = np.exp(-((y - centres[:, :1, None]) ** 2 + (x - centres[:, 1:, None]) ** 2) / 3)
    return (255 * spots[..., None]).astype(np.uint8)


def train(images, options=DENSE, callbacks=(), num_validation=40, **settings):
    chosen = TrainingSettings(**{"batch_size": 20, "epochs": 5, **settings})
    autoencoder = build(options, images.shape[1:], chosen.seed)
    parts = [Pixels(part, (0, 255)) for part in (images[num_validation:], images[:num_validation])]
    return autoencoder, Trainer(autoencoder, *parts, chosen, callbacks).run()


def digest(autoencoder) -> str:
    return hashlib.sha256(b"".join(weights.tobytes() for weights in autoencoder.model.get_weights())).hexdigest()


def test_the_error_falls(blobs):
    history = train(blobs, epochs=15)[1].history
    assert history[-1].validation_mse < 0.5 * history[0].validation_mse
    assert [epoch.epoch for epoch in history] == list(range(1, 16))


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_bfloat16_comes_to_about_the_same_error_with_weights_of_float32(blobs, optimizer):
    errors = {}
    for precision in ("float32", "bfloat16"):
        with use_precision(precision):
            autoencoder, trained = train(
                blobs, epochs=15, learning_rate=0.01, precision=precision, optimizer={"name": optimizer}
            )
        errors[precision] = trained.history[-1].validation_mse
        assert {weights.dtype.name for weights in autoencoder.model.get_weights()} == {"float32"}
    assert errors["bfloat16"] == pytest.approx(errors["float32"], rel=0.2)
    assert errors["bfloat16"] != errors["float32"]


@pytest.mark.parametrize(
    ("precision", "options", "gains"),
    [
        ("float32", DENSE, True),
        ("bfloat16", DENSE, False),
        ("float32", ConvolutionalOptions(filters=(4,), code_size=4), False),
    ],
)
def test_xla_compiles_what_is_faster_by_it(precision, options, gains):
    settings = TrainingSettings(precision=precision)
    assert (steps_in_a_group(build(options, (8, 8, 1)), settings, MIN_STEPS) > 1) == gains


def test_the_reported_error_is_the_models(blobs):
    autoencoder, trained = train(blobs, keep="last")
    history = trained.history
    pixels = blobs[:40].astype(np.float32) / 255
    mse = np.mean((autoencoder.model.predict(pixels, verbose=0) - pixels) ** 2)
    assert history[-1].validation_mse == pytest.approx(mse, rel=1e-5)
    assert history[-1].validation_loss == pytest.approx(mse, rel=1e-5)
    codes = autoencoder.encoder.predict(pixels, verbose=0)
    assert history[-1].code_mean == pytest.approx(codes.mean(), rel=1e-4)


def test_what_a_training_takes_of_the_machine_is_told(blobs):
    trained = train(blobs, epochs=3)[1]
    assert trained.compile_seconds > trained.history[-1].seconds
    assert all(epoch.images_a_second > 0 for epoch in trained.history)
    memory = [epoch.peak_memory_mb for epoch in trained.history]
    assert 100 < memory[0] <= memory[-1]


def test_a_variational_models_validation_is_its_bound_with_drawn_codes_and_the_error_of_their_means(blobs):
    autoencoder, trained = train(blobs, VARIATIONAL, loss="half-sum-of-squares", epochs=2, keep="last")
    last, pixels = trained.history[-1], blobs[:40].astype(np.float32) / 255
    mean, log_variance = (np.asarray(part, np.float64) for part in posterior(autoencoder.encoder)(pixels))
    divergence = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(axis=1).mean()
    noise = np.random.default_rng(0).normal(size=(200, *mean.shape))

    def half_sum(codes) -> float:
        return float(0.5 * ((np.asarray(autoencoder.decoder(codes)) - pixels) ** 2).sum(axis=(1, 2, 3)).mean())

    drawn = [half_sum(mean + np.exp(0.5 * log_variance) * one) for one in noise]
    reconstruction = last.validation_loss - last.validation_penalty
    assert last.validation_penalty == pytest.approx(0.5 * divergence, rel=1e-4)
    assert reconstruction == pytest.approx(np.mean(drawn), abs=4 * float(np.std(drawn)))
    assert last.validation_mse == pytest.approx(half_sum(mean) * 2 / 64, rel=1e-4) != pytest.approx(reconstruction / 32)
    assert 0 < last.penalty < last.loss


def test_epochs_are_compared_on_the_same_drawn_codes(blobs):
    _, trained = train(blobs, VARIATIONAL, loss="half-sum-of-squares", epochs=2, learning_rate=1e-9)
    first, second = trained.history
    assert first.validation_loss == pytest.approx(second.validation_loss, rel=1e-5)
    assert first.loss != pytest.approx(second.loss, rel=1e-5)


def test_pixels_of_all_types_train_alike(blobs):
    settings = {"augmentation": AugmentationSettings(flip=True, shift=0.5)}
    losses = [train(blobs.astype(dtype), **settings)[1].kept.loss for dtype in (np.uint8, np.float32, np.uint16)]
    assert losses == pytest.approx(3 * [losses[0]], rel=1e-6)


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (DENSE, {}),
        (DENSE, {"corruption": CorruptionSettings(kind="heteroscedastic", level=0.2)}),
        (VARIATIONAL, {"loss": "bernoulli-cross-entropy"}),
        (
            ConvolutionalOptions(filters=(4, 8), code_size=16, code_l1=0.01),
            {"loss": "half-sum-of-squares", "epochs": 2},
        ),
        (
            ResidualOptions(decoder_filters=(4,), code_size=8),
            {"augmentation": AugmentationSettings(flip=True, shift=0.5), "keep": "best-or-start"},
        ),
    ],
)
def test_the_same_seed_gives_the_same_weights(blobs, options, settings):
    first, again, other = (digest(train(blobs, options, seed=seed, **settings)[0]) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_weights_rate_is_multiplied_with_the_factor_of_its_path(blobs):
    start = build(DENSE, blobs.shape[1:], 0)
    moved = {}
    for factor in (0.0, 0.5, 1.0):
        autoencoder = replace(build(DENSE, blobs.shape[1:], 0), rate_factors={"code": factor})
        settings = TrainingSettings(batch_size=200, epochs=1)
        Trainer(autoencoder, Pixels(blobs, (0, 255)), Pixels(blobs[:0], (0, 255)), settings).run()
        pairs = zip(autoencoder.model.trainable_variables, start.model.trainable_variables, strict=True)
        moved[factor] = {one.path: float(np.abs(one.numpy() - other.numpy()).max()) for one, other in pairs}
    assert moved[0.0]["code/kernel"] == 0
    # Adam's first step is as long as the rate.
    assert moved[0.5]["code/kernel"] == pytest.approx(0.5e-3, rel=1e-2)
    assert moved[0.5]["pixels/kernel"] == pytest.approx(moved[1.0]["pixels/kernel"])


def test_a_loss_that_is_not_finite_ends_the_training(blobs):
    with pytest.raises(TrainingError, match=r"must stay finite\. Received: epoch=1, loss=.*Lower the learning rate"):
        train(blobs, learning_rate=1, loss_unit=1e25)


class Weights:
    """Remembers the first kernel after each epoch."""

    def __init__(self):
        self.after = []

    def on_train_begin(self, history):
        pass

    def on_epoch_end(self, autoencoder, epoch):
        self.after.append(autoencoder.model.get_weights()[0])

    def on_train_end(self, autoencoder):
        pass


@pytest.fixture
def validation_losses(monkeypatch):
    """Lets a test say what the validation comes to in each epoch."""

    def pretend(*losses: float) -> None:
        remaining = iter(losses)
        monkeypatch.setattr(trainer, "compile_validation", lambda *_: lambda: Losses(next(remaining), 0.0, 0.0))

    return pretend


def test_the_best_epochs_weights_are_kept_not_the_last(blobs, validation_losses):
    validation_losses(3, 1, 2, 4)
    weights = Weights()
    autoencoder, trained = train(blobs, callbacks=[weights], epochs=4)
    np.testing.assert_array_equal(autoencoder.model.get_weights()[0], weights.after[1])
    assert trained.kept.epoch == 2
    assert trained.ended_by == "limit"


def test_training_stops_after_so_many_epochs_without_a_better_one(blobs, validation_losses):
    validation_losses(3, 1, 2, 2, 0, 0)
    trained = train(blobs, epochs=6, patience=2)[1]
    assert len(trained.history) == 4
    assert trained.ended_by == "patience"


@pytest.mark.parametrize("keep", ["last", "best"])
def test_averages_of_the_weights_are_measured_and_kept(blobs, keep):
    settings = {"epochs": 2, "batch_size": 80, "learning_rate": 0.01, "keep": keep}
    # One step a batch of 80 of 160 images: the weights after each, which averaging doesn't change.
    after = [train(blobs, **settings, max_steps=steps)[0].model.get_weights() for steps in (1, 2, 3, 4)]
    autoencoder, trained = train(blobs, **settings, weights_average=0.15)
    expected = after[0]
    for left, weights in zip((1 / 10, 0.15, 0.15), after[1:], strict=True):
        expected = [left * average + (1 - left) * now for average, now in zip(expected, weights, strict=True)]
    for found, average in zip(autoencoder.model.get_weights(), expected, strict=True):
        np.testing.assert_allclose(found, average, rtol=1e-4, atol=1e-6)
    pixels = blobs[:40].astype(np.float32) / 255
    mse = np.mean((autoencoder.model.predict(pixels, verbose=0) - pixels) ** 2)
    assert trained.kept is trained.history[-1]
    assert trained.kept.validation_mse == pytest.approx(mse, rel=1e-4)


def test_a_target_ends_a_training_whose_weights_are_those_that_reached_it(blobs):
    autoencoder, trained = train(blobs, epochs=200, learning_rate=0.01, stop_at_mse=0.02, loss="huber")
    assert trained.ended_by == "target"
    errors = [epoch.validation_mse for epoch in trained.history]
    assert errors[-1] <= 0.02 < min(errors[:-1])
    pixels = blobs[:40].astype(np.float32) / 255
    assert np.mean((autoencoder.model.predict(pixels, verbose=0) - pixels) ** 2) == pytest.approx(errors[-1], rel=1e-4)
    assert trained.kept is trained.history[-1]


def test_where_nothing_is_held_out_the_target_is_the_training_images(blobs):
    trained = train(blobs, num_validation=0, epochs=200, learning_rate=0.01, stop_at_mse=0.02)[1]
    assert trained.ended_by == "target"
    assert trained.history[-1].mse <= 0.02


def test_a_start_that_no_epoch_betters_is_kept(blobs, validation_losses):
    # The first two are those of the start, on the training and on the validation images.
    validation_losses(0, 1, 2, 1.5, 1)
    weights = Weights()
    autoencoder, trained = train(blobs, callbacks=[weights], epochs=3, keep="best-or-start")
    assert [epoch.epoch for epoch in trained.history] == [0, 1, 2, 3]
    assert trained.kept.epoch == 0
    np.testing.assert_array_equal(autoencoder.model.get_weights()[0], weights.after[0])


def test_patience_counts_from_a_start_that_is_best(blobs, validation_losses):
    validation_losses(0, 1, 2, 2, 0)
    trained = train(blobs, epochs=6, keep="best-or-start", patience=2)[1]
    assert trained.history[-1].epoch == 2
    assert trained.ended_by == "patience"


def test_the_last_weights_are_kept_where_the_source_does_so(blobs, validation_losses):
    validation_losses(1, 2)
    weights = Weights()
    autoencoder, trained = train(blobs, callbacks=[weights], epochs=2, keep="last")
    np.testing.assert_array_equal(autoencoder.model.get_weights()[0], weights.after[1])
    assert trained.kept.epoch == 2


def test_without_validation_images_the_training_loss_decides(blobs):
    first = train(blobs, num_validation=0)[1].history[0]
    assert np.isnan(first.validation_loss)
    assert first.monitored == first.loss


def test_without_validation_images_epochs_are_held_against_the_start_on_the_same_images(blobs):
    # Shifted by a pixel now and then, the images that the steps see have another error.
    unlike = {"augmentation": AugmentationSettings(shift=0.5), "keep": "best-or-start"}
    autoencoder, trained = train(blobs, num_validation=0, epochs=1, learning_rate=1e-9, **unlike)
    pixels = blobs.astype(np.float32) / 255
    mse = np.mean((autoencoder.model.predict(pixels, verbose=0) - pixels) ** 2)
    assert [epoch.mse for epoch in trained.history] == pytest.approx([mse, mse], rel=1e-5)


def test_a_cosine_schedule_warms_up_and_ends_near_zero(blobs):
    trained = train(blobs, schedule="cosine", epochs=20, learning_rate=0.01, warm_up_share=0.05)[1]
    rates = [epoch.learning_rate for epoch in trained.history]
    assert max(rates) > 0.009
    assert rates[-1] < 0.0005


def test_a_denoisers_target_is_the_clean_image(blobs):
    corruption = CorruptionSettings(kind="dropout", level=0.5)
    noisy = train(blobs, epochs=30, corruption=corruption, learning_rate=0.01)[1].history
    assert noisy[-1].validation_mse < 0.5 * noisy[0].validation_mse


def test_collapsed_codes_are_told_from_working_ones():
    codes = np.random.default_rng(0).normal(size=(100, 8))
    assert not is_collapsed(codes)
    assert not is_collapsed(codes * 1e-4)
    assert is_collapsed(np.full((100, 8), 0.5) + 1e-6 * codes)
    assert is_collapsed(np.zeros((100, 8)))
