import io

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.formats import image_files
from aepipe.datasets.formats.image_files import decode_images, decode_picture
from aepipe.datasets.formats.members import Member

GENERATOR = np.random.default_rng(0)


def pixels(height, width, *channels):
    return GENERATOR.integers(0, 256, (height, width, *channels), np.uint8)


def encoded(picture, kind="PNG", **options):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def decode(*files, image_size=8):
    return decode_images([Member(str(number), lambda data=data: data) for number, data in enumerate(files)], image_size)


@pytest.mark.parametrize("shape", [(6, 6), (6, 6, 3)])
def test_common_square_size_stays(shape):
    originals = np.stack([pixels(*shape) for _ in range(3)])
    images, names = decode(*map(encoded, originals))
    assert np.array_equal(images.reshape(originals.shape), originals)
    assert images.shape[-1] == (shape[2:] or (1,))[0]
    assert names == ["0", "1", "2"]


def test_one_in_color_makes_all_color():
    grey = pixels(6, 6)
    images, _ = decode(encoded(grey), encoded(pixels(6, 6, 3)))
    assert images.shape == (2, 6, 6, 3)
    assert np.array_equal(images[0], np.repeat(grey[..., np.newaxis], 3, axis=-1))


def test_mixed_sizes_are_cropped_to_the_centre_and_resized():
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    images, _ = decode(encoded(wide), encoded(pixels(30, 10)), encoded(pixels(8, 8)))
    assert images.shape == (3, 8, 8, 1)
    assert np.all(images[0] == 200)


@pytest.mark.parametrize("size", [(12, 10), (200, 200)])
def test_common_size_that_is_not_square_or_too_large(size):
    images, _ = decode(encoded(pixels(*size)), encoded(pixels(*size)))
    assert images.shape == (2, 8, 8, 1)


def test_exif_orientation_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = pixels(6, 6)
    images, _ = decode(encoded(picture, exif=exif))
    assert np.array_equal(images[0, ..., 0], np.rot90(picture, -1))


def test_transparent_becomes_white():
    picture = np.zeros((6, 6, 4), np.uint8)
    picture[:3, :, 3] = 255
    images, _ = decode(encoded(picture))
    assert images.shape == (1, 6, 6, 3)
    assert np.all(images[0, :3] == 0)
    assert np.all(images[0, 3:] == 255)


def test_sixteen_bits_are_scaled():
    images, _ = decode(
        encoded(Image.fromarray(np.full((6, 6), 65535, np.uint16))), encoded(np.full((6, 6), 7, np.uint8))
    )
    assert images[:, 0, 0, 0].tolist() == [255, 7]


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_formats(kind):
    images, _ = decode(encoded(np.full((8, 8, 3), 90, np.uint8), kind))
    assert np.all(np.abs(images.astype(int) - 90) <= 2)


def test_broken_files_are_named_and_left_out(caplog):
    good = encoded(pixels(8, 8), "JPEG")
    images, names = decode(good, good[:-40], b"no picture", b"", encoded(pixels(8, 8)), encoded(pixels(9, 9))[:60])
    assert names == ["0", "4"]
    assert len(images) == 2
    assert [record.message.split()[0] for record in caplog.records] == ["1", "2", "3", "5"]
    # An address in memory says nothing to whoever looks for the file.
    assert " object at " not in caplog.text


def test_all_broken():
    images, names = decode(b"no picture")
    assert len(images) == 0
    assert names == []


def test_picture_made_to_fill_the_memory(monkeypatch, caplog):
    monkeypatch.setattr(image_files, "MAXIMUM_PIXELS", 99)
    _, names = decode(encoded(pixels(10, 10)), encoded(pixels(9, 9)))
    assert names == ["1"]
    assert "at most 99 pixels" in caplog.text


def test_pillows_own_bound(monkeypatch, caplog):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    _, names = decode(encoded(pixels(8, 8)), encoded(pixels(20, 20)), encoded(pixels(7, 7)))
    assert names == ["2"]
    assert caplog.text.count("decompression bomb") == 2


def test_a_picture_by_itself_stays_where_its_size_is_wanted_or_a_small_square():
    for shape in ((6, 6), (30, 30, 3), (200, 10)):
        original = pixels(*shape)
        image, size = decode_picture(Member("x", lambda original=original: encoded(original)), 200, 10)
        assert np.array_equal(image, original.reshape(*shape[:2], -1))
        assert size == shape[:2]


@pytest.mark.parametrize("shape", [(20, 40), (129, 129, 3)])
def test_any_other_picture_is_read_as_one_among_pictures_of_mixed_sizes(shape):
    data = encoded(pixels(*shape))
    image, size = decode_picture(Member("x", lambda: data), 8, 8)
    among, _ = decode(data, encoded(pixels(3, 5, *shape[2:])))
    assert np.array_equal(image, among[0])
    assert size == shape[:2]
