import pytest

from aepipe.datasets.layouts.masks import find_masks, masks_by_image


@pytest.mark.parametrize(
    ("name", "is_mask"),
    [
        ("ground_truth/scratch/1_mask.png", True),
        ("bottle/Ground Truth/1.png", True),
        ("train/masks/1.png", True),
        ("train/images/1.png", False),
        ("pairs/benign (1)_mask_1.png", True),
        ("pairs/benign (1).png", False),
        ("pairs/iron_mask.png", False),
        ("faces/mask/1.png", False),
        ("faces/no_mask/1.png", False),
    ],
)
def test_masks_are_told_from_pictures(name, is_mask):
    names = ["train/images/1.png", "pairs/benign (1).png", "faces/no_mask/1.png", "faces/mask/1.png", name]
    assert (name in find_masks(names)) == is_mask


@pytest.mark.parametrize(
    ("image", "mask"),
    [
        ("test/scratch/000.png", "ground_truth/scratch/000_mask.png"),
        ("Test/Scratch/000.PNG", "ground_truth/scratch/000.bmp"),
        ("bottle/test/scratch/000.png", "bottle/ground_truth/scratch/000_mask.png"),
        ("can/test_public/bad/000_regular.png", "can/test_public/ground_truth/bad/000_regular_mask.png"),
        ("test/logical/000.png", "ground_truth/logical/000/000.png"),
        ("candle/Data/Images/Anomaly/000.JPG", "candle/Data/Masks/Anomaly/000.png"),
        ("train/images/a/1.png", "train/masks/a/1.png"),
        ("pairs/benign (1).png", "pairs/benign (1)_mask.png"),
        (
            "test/Stra\N{LATIN SMALL LETTER SHARP S}e/u\N{COMBINING DIAERESIS}.png",
            "ground_truth/stra\N{LATIN SMALL LETTER SHARP S}e/\N{LATIN SMALL LETTER U WITH DIAERESIS}.png",
        ),
    ],
)
def test_each_image_is_told_its_mask(image, mask):
    assert masks_by_image([image, "train/good/000.png", "test/good/000.png"], [mask]) == {image: [mask]}


def test_several_masks_of_one_image():
    masks = ["pairs/a_mask.png", "pairs/a_mask_1.png"]
    assert masks_by_image(["pairs/a.png"], masks) == {"pairs/a.png": masks}
