import numpy as np
import pytest
from picture_files import encoded, pixels, png_of_16_bits_a_channel, stacked
from PIL import Image

from aepipe.datasets.formats import pictures
from aepipe.datasets.formats.decoding import decode_images
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.picture_settings import PictureSettings
from aepipe.datasets.tally import Tally
from aepipe.errors import DataError


def decode_all(*files, ending=".png", size=8, **settings):
    members = tuple(Member(f"{number}{ending}", lambda data=data: data) for number, data in enumerate(files))
    return decode_images(Listing(members, Tally(), len(members)), PictureSettings(size=size, **settings))


def decode(*files, **settings):
    decoded = decode_all(*files, **settings)
    return decoded.images, [name.partition(".")[0] for name in decoded.names]


def left_out(decoded):
    return {one.reason: (one.count, *one.names) for one in decoded.tally.left_out()}


@pytest.mark.parametrize("shape", [(6, 6), (6, 10, 3), (128, 100)])
def test_a_common_size_stays(shape):
    originals = np.stack([pixels(*shape) for _ in range(3)])
    images, names = decode(*map(encoded, originals), size="auto")
    assert np.array_equal(images.reshape(originals.shape), originals)
    assert images.shape[-1] == (shape[2:] or (1,))[0]
    assert names == ["0", "1", "2"]


def test_one_in_color_makes_all_color():
    grey = pixels(8, 8)
    images, _ = decode(encoded(grey), encoded(pixels(8, 8, 3)))
    assert images.shape == (2, 8, 8, 3)
    assert np.array_equal(images[0], np.repeat(grey[..., np.newaxis], 3, axis=-1))


def test_colors_that_are_all_grey_are_one_channel():
    grey = pixels(8, 8)
    images, _ = decode(encoded(np.repeat(grey[..., np.newaxis], 3, axis=-1)), encoded(grey))
    assert images.shape == (2, 8, 8, 1)
    assert np.array_equal(images[0], images[1])


@pytest.mark.parametrize(("color", "channels"), [("keep", 3), ("grey", 1), ("rgb", 3)])
def test_color_is_chosen(color, channels):
    picture = pixels(8, 8, 3)
    images, _ = decode(encoded(picture), color=color)
    wanted = np.asarray(Image.fromarray(picture).convert("L"))[..., np.newaxis] if color == "grey" else picture
    assert np.array_equal(images[0], wanted)
    assert decode(encoded(pixels(8, 8)), color=color)[0].shape[3] == (3 if color == "rgb" else 1)


def test_bits_of_a_set_are_kept_and_8_are_brought_to_them():
    deep = (np.arange(64).reshape(8, 8) * 65).astype(np.uint16)
    decoded = decode_all(encoded(Image.fromarray(deep)), encoded(np.full((8, 8), 255, np.uint8)))
    assert decoded.images.dtype == np.uint16
    assert np.array_equal(decoded.images[0, ..., 0], deep)
    assert np.all(decoded.images[1] == 4095)
    assert (decoded.losses["num_deep"], decoded.losses["deep_bits"]) == (1, 12)


def test_a_hot_pixel_that_makes_all_others_dark_is_noticed():
    values = np.full((8, 200), 3000, np.uint16)
    values[0, 0] = 65535
    losses = decode_all(encoded(Image.fromarray(values)), encoded(Image.fromarray(values))).losses
    assert (losses["deep_bits"], losses["bulk_bits"]) == (16, 12)


def test_color_of_12_bits_is_not_black():
    decoded = decode_all(png_of_16_bits_a_channel(4095), png_of_16_bits_a_channel(2047))
    assert decoded.images.dtype == np.uint16
    assert (decoded.losses["num_deep_color"], decoded.losses["deep_color_bits"]) == (2, 12)


def test_broken_files_are_named_and_left_out():
    good = encoded(pixels(8, 8), "JPEG")
    decoded = decode_all(good, good[:-40], b"no picture", b"", encoded(pixels(8, 8)), encoded(pixels(9, 9))[:60])
    assert decoded.names == ["0.png", "4.png"]
    assert len(decoded.images) == decoded.num_taken == 2
    count, *names = left_out(decoded)["broken"]
    assert count == 4
    assert [name.split(":")[0] for name in names] == ["1.png", "2.png", "3.png", "5.png"]
    # An address in memory says nothing to whoever looks for the file.
    assert " object at " not in str(names)


def test_all_broken():
    images, names = decode(b"no picture")
    assert len(images) == 0
    assert names == []


def test_picture_made_to_fill_the_memory(monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 99)
    decoded = decode_all(encoded(pixels(10, 10)), encoded(pixels(9, 9)))
    assert decoded.names == ["1.png"]
    assert "at most 99 pixels" in left_out(decoded)["too large"][1]


def test_pillows_own_bound(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    decoded = decode_all(encoded(pixels(20, 20)), encoded(pixels(7, 7)))
    assert decoded.names == ["1.png"]
    assert "decompression bomb" in left_out(decoded)["too large"][1]


def test_whatever_a_decoder_raises_is_the_files_own(monkeypatch):
    def load(self):
        raise AssertionError("no such thing")

    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.load", load)
    decoded = decode_all(encoded(pixels(8, 8)), encoded(pixels(8, 8), "GIF"))
    assert decoded.names == ["0.png"]
    assert "no such thing" in left_out(decoded)["broken"][1]


def test_an_error_that_is_not_the_files_ends_it():
    def unreadable():
        raise OSError(5, "Input/output error")

    members = (Member("0.png", lambda: encoded(pixels(8, 8))), Member("1.png", unreadable))
    with pytest.raises(OSError, match="Input/output"):
        decode_images(Listing(members, Tally(), 2))


def test_content_without_an_ending_is_a_picture_or_nothing():
    decoded = decode_all(encoded(pixels(8, 8)), b"some text", ending="")
    assert decoded.names == ["0"]
    assert left_out(decoded) == {"no picture": (1, "1")}


def test_a_picture_is_told_by_its_bytes_whatever_its_name_is():
    good, damaged, heic = encoded(pixels(8, 8)), encoded(pixels(9, 9))[:60], b"\0\0\0\x18ftypheic"
    decoded = decode_all(good, damaged, heic, b"some text", b"\0\0\0\x18ftypmp42", ending=".dat")
    assert decoded.names == ["0.dat"]
    reasons = left_out(decoded)
    assert reasons.keys() == {"broken", "picture of a kind that is not read", "no picture"}
    assert reasons["broken"][1].startswith("1.dat: ")
    assert reasons["no picture"] == (2, "3.dat", "4.dat")


@pytest.mark.parametrize("begins", [b"\xff\xd8\xff", b"GIF8", b"II*\0"], ids=["JPEG", "GIF", "TIFF"])
def test_what_begins_as_a_picture_and_goes_on_as_nothing_is_a_broken_one(begins):
    decoded = decode_all(encoded(pixels(8, 8)), begins + b"nothing" * 9, ending=".dat")
    assert left_out(decoded).keys() == {"broken"}


def test_a_heic_file_is_told_as_one():
    decoded = decode_all(encoded(pixels(8, 8)), b"\0\0\0\x18ftypheic", ending=".heic")
    assert decoded.names == ["0.heic"]
    assert decoded.tally.left_out()[0].line == "1 left out, picture of a kind that is not read: 1 .heic"


def test_each_frame_is_a_picture():
    stack = stacked("TIFF", 10, 20, 30)
    decoded = decode_all(stack, encoded(pixels(8, 8)))
    assert decoded.names == ["0.png#0", "0.png#1", "0.png#2", "1.png"]
    assert decoded.images[:3, 0, 0, 0].tolist() == [10, 20, 30]
    assert decoded.num_with_frames == 1
    decoded = decode_all(stack, encoded(pixels(8, 8)), pages="first")
    assert decoded.names == ["0.png", "1.png"]
    assert left_out(decoded) == {"further frame": (2, "0.png")}


def test_floats_are_left_out_as_a_kind_that_is_not_read():
    decoded = decode_all(encoded(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"), encoded(pixels(8, 8)))
    (line,) = (one.line for one in decoded.tally.left_out())
    assert line.startswith(
        "1 left out, picture with pixels of a kind that is not read: 0.png: A picture must have 8 or 16"
    )


def test_what_is_cut_and_resized_is_counted():
    decoded = decode_all(encoded(pixels(20, 40)), encoded(pixels(10, 10)), encoded(pixels(4, 4)), encoded(pixels(8, 8)))
    counted = {name: decoded.losses[name] for name in ("num_cropped", "share_cropped", "num_reduced", "num_enlarged")}
    assert counted == {"num_cropped": 1, "share_cropped": 0.5, "num_reduced": 2, "num_enlarged": 1}
    assert decoded.sizes == {"20x40": 1, "10x10": 1, "4x4": 1, "8x8": 1}


def test_the_images_must_fit_into_half_of_the_memory(monkeypatch):
    monkeypatch.setattr("aepipe.datasets.formats.assembling.memory_bytes", lambda: 2 * 3 * 64)
    assert len(decode(*[encoded(pixels(8, 8))] * 3)[0]) == 3
    with pytest.raises(DataError, match=r"at most 192 bytes here, half of the memory.*num_images=4"):
        decode(*[encoded(pixels(8, 8))] * 4)
