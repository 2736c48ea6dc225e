"""What becomes of picture files: each kind and each fault, through the whole way into blocks and the index."""

from types import SimpleNamespace

import numpy as np
import pytest
from picture_files import encoded, pixels, png_of_16_bits_a_channel, stacked
from PIL import Image

from aepipe.datasets import own_images
from aepipe.datasets.formats import folders, pictures
from aepipe.datasets.own import describing
from aepipe.datasets.own.keeping import LocalBlocks
from aepipe.datasets.own_images import own_data
from aepipe.datasets.own_settings import OwnSettings
from aepipe.errors import DataError


@pytest.fixture(autouse=True)
def one_is_enough(monkeypatch):
    monkeypatch.setattr(describing, "MIN_IMAGES", 1)


@pytest.fixture
def decode_all(tmp_path):
    def decode_all(*files, ending=".png", size=8, **settings):
        for path in tmp_path.glob("files/*"):
            path.unlink()
        (tmp_path / "files").mkdir(exist_ok=True)
        for number, data in enumerate(files):
            (tmp_path / "files" / f"{number}{ending}").write_bytes(data)
        blocks = LocalBlocks(tmp_path / "blocks")
        own = own_images.take(str(tmp_path / "files"), OwnSettings(size=size, **settings), blocks)
        images, account = own_data(own.name, own.described, blocks).images, own.described.account
        return SimpleNamespace(images=images[:], names=list(own.index.images["path"]), account=account)

    return decode_all


@pytest.fixture
def decode(decode_all):
    def decode(*files, **settings):
        decoded = decode_all(*files, **settings)
        return decoded.images, [name.partition(".")[0] for name in decoded.names]

    return decode


def left_out(decoded):
    return {one.reason: (one.count, *one.names) for one in decoded.account.left_out}


@pytest.mark.parametrize("shape", [(6, 6), (6, 10, 3), (128, 100)])
def test_a_common_size_stays(decode, shape):
    originals = np.stack([pixels(*shape) for _ in range(3)])
    images, names = decode(*map(encoded, originals), size="auto")
    assert np.array_equal(images.reshape(originals.shape), originals)
    assert images.shape[-1] == (shape[2:] or (1,))[0]
    assert names == ["0", "1", "2"]


def test_one_in_color_makes_all_color(decode):
    grey = pixels(8, 8)
    images, _ = decode(encoded(grey), encoded(pixels(8, 8, 3)))
    assert images.shape == (2, 8, 8, 3)
    assert np.array_equal(images[0], np.repeat(grey[..., np.newaxis], 3, axis=-1))


def test_colors_that_are_all_grey_are_one_channel(decode):
    grey = pixels(8, 8)
    images, _ = decode(encoded(np.repeat(grey[..., np.newaxis], 3, axis=-1)), encoded(grey))
    assert images.shape == (2, 8, 8, 1)
    assert np.array_equal(images[0], images[1])


@pytest.mark.parametrize(("color", "channels"), [("keep", 3), ("grey", 1), ("rgb", 3)])
def test_color_is_chosen(decode, color, channels):
    picture = pixels(8, 8, 3)
    images, _ = decode(encoded(picture), color=color)
    wanted = np.asarray(Image.fromarray(picture).convert("L"))[..., np.newaxis] if color == "grey" else picture
    assert np.array_equal(images[0], wanted)
    assert decode(encoded(pixels(8, 8)), color=color)[0].shape[3] == (3 if color == "rgb" else 1)


def test_bits_of_a_set_are_kept_and_8_are_brought_to_them(decode_all):
    deep = (np.arange(64).reshape(8, 8) * 65).astype(np.uint16)
    decoded = decode_all(encoded(Image.fromarray(deep)), encoded(np.full((8, 8), 255, np.uint8)))
    assert decoded.images.dtype == np.uint16
    assert np.array_equal(decoded.images[0, ..., 0], deep)
    assert np.all(decoded.images[1] == 4095)
    assert (decoded.account.losses.num_deep, decoded.account.losses.deep_bits) == (1, 12)


def test_a_hot_pixel_that_makes_all_others_dark_is_noticed(decode_all):
    values = np.full((8, 200), 3000, np.uint16)
    values[0, 0] = 65535
    losses = decode_all(encoded(Image.fromarray(values)), encoded(Image.fromarray(values))).account.losses
    assert (losses.deep_bits, losses.bulk_bits) == (16, 12)


def test_color_of_12_bits_is_not_black(decode_all):
    decoded = decode_all(png_of_16_bits_a_channel(4095), png_of_16_bits_a_channel(2047))
    assert decoded.images.dtype == np.uint16
    assert (decoded.account.losses.num_deep_color, decoded.account.losses.deep_color_bits) == (2, 12)


def test_broken_files_are_named_and_left_out(decode_all):
    good = encoded(pixels(8, 8), "JPEG")
    decoded = decode_all(good, good[:-40], b"no picture", b"", encoded(pixels(8, 8)), encoded(pixels(9, 9))[:60])
    assert decoded.names == ["0.png", "4.png"]
    assert len(decoded.images) == decoded.account.num_taken == 2
    count, *names = left_out(decoded)["broken"]
    assert count == 4
    assert [name.split(":")[0] for name in names] == ["1.png", "2.png", "3.png", "5.png"]
    # An address in memory says nothing to whoever looks for the file.
    assert " object at " not in str(names)


def test_all_broken(decode):
    with pytest.raises(DataError, match=r"num_images=0, num_files=1.*1 broken"):
        decode(b"no picture")


def test_picture_made_to_fill_the_memory(decode_all, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PIXELS", 99)
    decoded = decode_all(encoded(pixels(10, 10)), encoded(pixels(9, 9)))
    assert decoded.names == ["1.png"]
    assert "at most 99 pixels" in left_out(decoded)["too large"][1]


def test_pillows_own_bound(decode_all, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 60)
    decoded = decode_all(encoded(pixels(20, 20)), encoded(pixels(7, 7)))
    assert decoded.names == ["1.png"]
    assert "decompression bomb" in left_out(decoded)["too large"][1]


def test_whatever_a_decoder_raises_is_the_files_own(decode_all, monkeypatch):
    def load(self):
        raise AssertionError("no such thing")

    monkeypatch.setattr("PIL.GifImagePlugin.GifImageFile.load", load)
    decoded = decode_all(encoded(pixels(8, 8)), encoded(pixels(8, 8), "GIF"))
    assert decoded.names == ["0.png"]
    assert "no such thing" in left_out(decoded)["broken"][1]


def test_an_error_that_is_not_the_files_ends_it(decode, monkeypatch):
    def unreadable(path, stamp):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(folders, "_read", unreadable)
    with pytest.raises(OSError, match="Input/output"):
        decode(encoded(pixels(8, 8)))


def test_content_without_an_ending_is_a_picture_or_nothing(decode_all):
    decoded = decode_all(encoded(pixels(8, 8)), b"some text", ending="")
    assert decoded.names == ["0"]
    assert left_out(decoded) == {"no picture": (1, "1")}


def test_a_picture_is_told_by_its_bytes_whatever_its_name_is(decode_all):
    good, damaged, heic = encoded(pixels(8, 8)), encoded(pixels(9, 9))[:60], b"\0\0\0\x18ftypheic"
    decoded = decode_all(good, damaged, heic, b"some text", b"\0\0\0\x18ftypmp42", ending=".dat")
    assert decoded.names == ["0.dat"]
    reasons = left_out(decoded)
    assert reasons.keys() == {"broken", "picture of a kind that is not read", "no picture"}
    assert reasons["broken"][1].startswith("1.dat: ")
    assert reasons["no picture"] == (2, "3.dat", "4.dat")


@pytest.mark.parametrize("begins", [b"\xff\xd8\xff", b"GIF8", b"II*\0"], ids=["JPEG", "GIF", "TIFF"])
def test_what_begins_as_a_picture_and_goes_on_as_nothing_is_a_broken_one(decode_all, begins):
    decoded = decode_all(encoded(pixels(8, 8)), begins + b"nothing" * 9, ending=".dat")
    assert left_out(decoded).keys() == {"broken"}


def test_a_heic_file_is_told_as_one(decode_all):
    decoded = decode_all(encoded(pixels(8, 8)), b"\0\0\0\x18ftypheic", ending=".heic")
    assert decoded.names == ["0.heic"]
    assert decoded.account.left_out[0].line == "1 left out, picture of a kind that is not read: 1 .heic"


def test_each_frame_is_a_picture(decode_all):
    stack = stacked("TIFF", 10, 20, 30)
    decoded = decode_all(stack, encoded(pixels(8, 8)))
    assert decoded.names == ["0.png#0", "0.png#1", "0.png#2", "1.png"]
    assert decoded.images[:3, 0, 0, 0].tolist() == [10, 20, 30]
    assert decoded.account.num_with_frames == 1
    decoded = decode_all(stack, encoded(pixels(8, 8)), pages="first")
    assert decoded.names == ["0.png", "1.png"]
    assert left_out(decoded) == {"further frame": (2, "0.png")}


def test_floats_are_left_out_as_a_kind_that_is_not_read(decode_all):
    decoded = decode_all(encoded(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"), encoded(pixels(8, 8)))
    (line,) = (one.line for one in decoded.account.left_out)
    assert line.startswith(
        "1 left out, picture with pixels of a kind that is not read: 0.png: A picture must have 8 or 16"
    )


def test_what_is_cut_and_resized_is_counted(decode_all):
    decoded = decode_all(encoded(pixels(20, 40)), encoded(pixels(10, 10)), encoded(pixels(4, 4)), encoded(pixels(8, 8)))
    counted = {
        name: getattr(decoded.account.losses, name)
        for name in ("num_cropped", "share_cropped", "num_reduced", "num_enlarged")
    }
    assert counted == {"num_cropped": 1, "share_cropped": 0.5, "num_reduced": 2, "num_enlarged": 1}
    assert decoded.account.sizes == {"20x40": 1, "10x10": 1, "4x4": 1, "8x8": 1}
