import numpy as np
import pytest

from aepipe.datasets import blocks
from aepipe.datasets.blocks import BlockImages, BlockWriter

GENERATOR = np.random.default_rng(0)
GREY = [GENERATOR.integers(0, 256, (4, 6), np.uint8) for _ in range(7)]
COLOR = [GENERATOR.integers(0, 256, (4, 6, 3), np.uint8) for _ in range(3)]


def written(folder, images, block_bytes=3 * 24):
    """The blocks' paths, and the place of each image."""
    writer = BlockWriter(block_bytes)
    found = [block for image in images for block in writer.add(image)] + list(writer.finish())
    places = np.zeros((len(images), 2), np.int64)
    for block, one in enumerate(found):
        places[list(one.numbers)] = [(block, row) for row in range(len(one.numbers))]
    paths = [folder / f"{one.sha256}.npy" for one in found]
    for path, one in zip(paths, found, strict=True):
        path.write_bytes(one.data)
    return paths, places


def opened(folder, images, block_bytes=3 * 24, channels=1, dtype=np.uint8, **whites):
    paths, places = written(folder, images, block_bytes)
    return BlockImages(paths.__getitem__, places, (*images[0].shape[:2], channels), dtype, **whites)


@pytest.fixture
def grey(tmp_path):
    return opened(tmp_path, GREY)


def test_images_of_several_blocks_are_one_array(grey, tmp_path):
    assert len(list(tmp_path.glob("*.npy"))) == 3
    whole = np.stack(GREY)[..., np.newaxis]
    assert grey.shape == (7, 4, 6, 1)
    assert np.array_equal(grey, whole)
    assert np.array_equal(np.stack(list(grey)), whole)
    is_dark = whole.mean(axis=(1, 2, 3)) < 128
    for rows in (
        3,
        -1,
        slice(1, None, 2),
        np.array([6, 0, 6, 3]),
        np.array([[5, 1], [2, 4]]),
        is_dark,
        np.array([], int),
    ):
        assert np.array_equal(grey[rows], whole[rows])
        assert grey[rows].dtype == np.uint8


def test_a_row_that_is_not_there(grey):
    for rows in (7, -8, np.array([0, 7])):
        with pytest.raises(IndexError):
            grey[rows]


def test_a_place_within_images_is_no_row(grey):
    with pytest.raises(TypeError, match="by row alone"):
        grey[0, 1]


def test_equal_images_make_equal_blocks_whatever_else_was_written(tmp_path):
    (first, second) = (tmp_path / name for name in "ab")
    for folder in (first, second):
        folder.mkdir()
    paths, _ = written(first, GREY[:3])
    mixed, _ = written(second, [*GREY[:2], COLOR[0], GREY[2]])
    assert paths[0].name in {path.name for path in mixed}
    assert sorted(path.name for path in second.iterdir()) == sorted(path.name for path in mixed)


def test_grey_among_color_has_three_channels(tmp_path):
    images = opened(tmp_path, [GREY[0], COLOR[0], GREY[1], COLOR[1]], channels=3)
    assert np.array_equal(images[2], np.repeat(GREY[1][..., np.newaxis], 3, axis=-1))
    assert np.array_equal(images[[3, 0]][0], COLOR[1])


def test_white_is_white_at_every_depth(tmp_path):
    deep = np.array([[0, 4095], [2048, 7]], np.uint16)
    plain = np.array([[0, 255], [128, 1]], np.uint8)
    dark = np.array([[0, 15], [8, 1]], np.uint8)
    images = opened(tmp_path, [deep, plain, dark], dtype=np.uint16, whites=np.array([4095, 255, 15]), white=4095)
    assert np.array_equal(images[0][..., 0], deep)
    assert images[1][..., 0].tolist() == [[0, 4095], [2056, 16]]
    assert images[2][..., 0].tolist() == [[0, 4095], [2184, 273]]


def test_more_blocks_than_a_process_may_have_open(tmp_path, monkeypatch):
    monkeypatch.setattr(blocks, "MAX_OPEN", 2)
    images = opened(tmp_path, GREY, block_bytes=24)
    assert np.array_equal(images[::-1][..., 0], GREY[::-1])
