import pytest
from pydantic import ValidationError

from aepipe.datasets.picture_settings import PictureSettings
from aepipe.stages.data import DataParameters, DataSettings


@pytest.mark.parametrize(
    ("written", "size"),
    [("64", (64, 64)), (64, (64, 64)), ("96x128", (96, 128)), (" 96X128 ", (96, 128)), ("auto", None)],
)
def test_a_size_is_a_number_or_height_and_width(written, size):
    assert PictureSettings(size=written).chosen_size == size
    assert PictureSettings(size=64) == PictureSettings(size="64x64")


@pytest.mark.parametrize("written", ["3", "2000", "64x", "x64", "64x64x3", "", "large", -64, 64.5, True, None])
def test_anything_else_is_refused(written):
    with pytest.raises(ValidationError):
        PictureSettings(size=written)


def test_class_is_called_so_outside():
    settings = DataSettings(**{"class": "dog"})
    assert settings.class_name == "dog"
    assert settings.model_dump()["class"] == "dog"
    assert DataSettings(**settings.model_dump()) == settings


@pytest.mark.parametrize("written", ["4,3", " 3, 4", ["4", "3", "3"], [3, 4], ("3", "4")])
def test_normal_classes_are_names_with_commas_or_a_list_in_any_order(written):
    settings = DataSettings(classes=written)
    assert settings.classes == ("3", "4")
    assert DataSettings(**settings.model_dump()) == settings


@pytest.mark.parametrize("chosen", [{"classes": []}, {"classes": "3,"}, {"classes": "3", "class": "4"}])
def test_normal_classes_are_some_and_not_beside_one_class_alone(chosen):
    with pytest.raises(ValidationError):
        DataSettings(**chosen)


@pytest.mark.parametrize(
    ("chosen", "name"),
    [
        ({"class": "T-shirt/top"}, "fashion-mnist-T-shirt-top"),
        ({"classes": "T-shirt/top"}, "fashion-mnist-normal-T-shirt-top"),
        ({"classes": "Bag,Coat"}, "fashion-mnist-normal-Bag-Coat"),
        ({"classes": "Trouser,Pullover,Dress,Coat"}, "fashion-mnist-normal-4-classes-db6a6e0a"),
    ],
)
def test_the_data_sets_name_says_which_classes(chosen, name):
    assert DataParameters(data_set="fashion-mnist", settings=DataSettings(**chosen)).name == name


def test_what_changes_pixels_is_part_of_what_the_images_depend_on():
    plain = DataParameters(data_set="digits")
    assert DataParameters(data_set="digits", settings=DataSettings(most_left_out=0.5)).content == plain
    for chosen in (
        {"size": 16},
        {"fit": "pad"},
        {"color": "rgb"},
        {"pages": "first"},
        {"class": "3"},
        {"classes": "3"},
    ):
        assert DataParameters(data_set="digits", settings=DataSettings(**chosen)).content != plain
