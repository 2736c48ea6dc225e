"""What a training's curves are called: by its loss, what the model adds to it, and what its images went through."""

import pytest

from aepipe.evaluation.curves import curve_names
from aepipe.evaluation.figures import CurveNames
from aepipe.models.options import DenseOptions, ResidualOptions, VariationalOptions
from aepipe.training.settings import AugmentationSettings, TrainingSettings

DENSE = DenseOptions(hidden_widths=(8,), code_size=4)
AUGMENTED = {"augmentation": AugmentationSettings(flip=True), "keep": "best-or-start"}


def test_a_loss_says_its_unit_and_what_white_is():
    training = TrainingSettings(loss="half-sum-of-squares", loss_unit=255)
    names = curve_names(training, DENSE, has_validation=True)
    assert names == CurveNames("loss: half the sum of squares of an image, white = 255", penalty="L1 of the code")


@pytest.mark.parametrize(("beta", "penalty"), [(1.0, "KL divergence"), (0.5, "0.5 x KL divergence")])
def test_a_variational_model_adds_the_divergence(beta, penalty):
    options = VariationalOptions(hidden_widths=(8,), code_size=4, beta=beta)
    names = curve_names(TrainingSettings(loss="bernoulli-cross-entropy"), options, has_validation=True)
    assert (names.unit, names.penalty) == ("loss: nats an image", penalty)


def test_augmented_images_are_told_from_images_as_they_are():
    options = ResidualOptions(code_size=4)
    assert curve_names(TrainingSettings(**AUGMENTED), options, has_validation=True).changed == "augmented"
    # With nothing held out every value is of the images as they are.
    assert curve_names(TrainingSettings(**AUGMENTED), options, has_validation=False).changed == ""
    assert curve_names(TrainingSettings(), options, has_validation=True).changed == ""
