"""How much smaller images are than the pictures that they were made of."""

import pytest

from aepipe.datasets.account import Account
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.stages.facts import DataFacts
from aepipe.stages.scale import scale_of


def facts(shape, **more):
    return DataFacts(name="some", num_images=1, image_shape=shape, pixel_range=(0, 255), **more)


@pytest.mark.parametrize(
    ("fit", "sizes", "scale"),
    [
        ("crop", {"256x128": 5, "64x64": 1}, 0.5),
        ("pad", {"256x128": 5}, 0.25),
        ("stretch", {"256x64": 5}, 0.5),
        ("crop", {"64x64": 5}, 1.0),
        ("crop", {"8x8": 5}, 1.0),
        ("crop", {}, None),
    ],
)
def test_of_ones_own_pictures_the_commonest_size_counts(fit, sizes, scale):
    account = Account(num_files=6, num_taken=6, num_images=6, image_shape=(64, 64, 1), sizes=sizes)
    assert scale_of(facts((64, 64, 1), account=account, pictures=PictureSettings(fit=fit))) == scale


def test_of_a_known_data_set_its_own_size_does():
    assert scale_of(facts((32, 32, 1), data_set="olivetti")) == 0.5
    assert scale_of(facts((28, 28, 1), data_set="mnist")) == 1
    assert scale_of(facts((28, 28, 1), data_set="unknown")) is None
