"""A setting that is written for many images, on few of them."""

import pytest

from aepipe.recipes.few_images import MIN_STEPS, describe_few_images
from aepipe.recipes.overrides import Overrides
from aepipe.recipes.plan import plan_training


def training(num_images, recipe="mnist-dense", setting="tuned", preset="full", **chosen):
    return plan_training(recipe, setting, preset, Overrides(**chosen), (28, 28, 1), num_images=num_images).training


@pytest.mark.parametrize("num_images", [3, 40, 500, 5000])
def test_few_images_are_trained_on_for_as_many_steps_as_it_takes(num_images):
    settings = training(num_images)
    steps_of_epoch = max(1, int(0.7 * num_images) // settings.batch_size)
    assert MIN_STEPS <= settings.epochs * steps_of_epoch < 1.1 * MIN_STEPS + steps_of_epoch
    assert settings.learning_rate / training(70_000).learning_rate == pytest.approx((settings.batch_size / 600) ** 0.5)
    assert f"{num_images:,} images are few: batches of {settings.batch_size}" in describe_few_images(
        settings, num_images
    )


def test_enough_images_change_nothing():
    assert (
        training(70_000)
        == training(None)
        == plan_training("mnist-dense", "tuned", "full", Overrides(), (28, 28, 1)).training
    )
    assert describe_few_images(training(70_000), 70_000) is None


def test_what_was_chosen_stays():
    chosen = {"batch_size": 300, "learning_rate": 0.02, "epochs": 3}
    settings = training(500, **chosen)
    assert {name: getattr(settings, name) for name in chosen} == chosen
    assert training(500, epochs=3).epochs == 3
    assert training(500, max_steps=7).epochs == training(None).epochs
    assert training(500, batch_size=300).learning_rate == training(None).learning_rate


def test_what_a_source_does_stays():
    assert training(500, setting="published") == training(None, setting="published")
