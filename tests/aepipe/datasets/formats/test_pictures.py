"""One picture file, whatever its kind: its pixels are right, upright, and as deep as the file."""

import numpy as np
import pytest
from picture_files import encoded, pixels, png_of_16_bits_a_channel, stacked, with_tag
from PIL import Image, PngImagePlugin

from aepipe.datasets.formats import pictures
from aepipe.datasets.formats.fitting import Form
from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import digest_of, read_frames, size_of
from aepipe.errors import BrokenFileError

PHOTOMETRIC, MAX_SAMPLE_VALUE = 262, 281


def read(data, **options):
    (picture,) = read_frames(Member("x", bytes), data, **options).pictures
    return picture


def ramp(largest):
    return np.linspace(0, largest, 64).reshape(8, 8).astype(np.uint16)


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM", "AVIF", "JPEG2000"])
def test_formats(kind):
    picture = read(encoded(np.full((8, 12, 3), (90, 60, 30), np.uint8), kind))
    assert picture.pixels.shape == (8, 12, 3)
    assert np.all(np.abs(picture.pixels.astype(int) - (90, 60, 30)) <= 6)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_upright(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    original = pixels(6, 9)
    data = encoded(original, exif=exif)
    picture = read(data)
    turns = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    mirrored = original[:, ::-1] if orientation in (2, 4, 5, 7) else original
    wanted = np.rot90(mirrored, turns)
    assert np.array_equal(picture.pixels, wanted)
    assert size_of(data) == picture.file_size == wanted.shape


@pytest.mark.parametrize("mode", ["LA", "RGBA", "P"])
def test_what_is_transparent_becomes_white(mode):
    picture = np.full((6, 6, 4), 40, np.uint8)
    picture[..., 3] = np.where(np.arange(6)[:, np.newaxis] < 3, 255, 0)
    found = read(encoded(Image.fromarray(picture).convert(mode)))
    assert found.pixels.tolist() == [[40] * 6] * 3 + [[255] * 6] * 3
    assert (found.mode, found.was_transparent) == (mode, True)


@pytest.mark.parametrize(("mode", "kind"), [("1", "PNG"), ("L", "PNG"), ("RGB", "PNG"), ("CMYK", "TIFF")])
def test_other_modes_are_grey_or_rgb(mode, kind):
    original = np.where(pixels(6, 6) < 128, 0, 255).astype(np.uint8)
    found = read(encoded(Image.fromarray(original).convert("RGB" if mode == "CMYK" else "L").convert(mode), kind))
    assert np.array_equal(found.pixels, original)
    assert (found.mode, found.was_transparent) == (mode, False)


def test_a_color_picture_of_equal_channels_is_its_grey_one():
    grey = pixels(6, 6)
    one, three = read(encoded(grey)), read(encoded(np.repeat(grey[..., np.newaxis], 3, axis=-1)))
    assert np.array_equal(one.pixels, three.pixels)
    assert one.pixels_sha256 == three.pixels_sha256


def test_the_digest_is_of_the_pixels_as_the_file_has_them():
    picture = pixels(20, 30, 3)
    small = read(encoded(picture), fit=Form((8, 8)).apply)
    assert small.pixels.shape == (8, 8, 3)
    assert small.pixels_sha256 == read(encoded(picture, "BMP")).pixels_sha256 == digest_of(picture)
    assert small.file_size == (20, 30)
    grey = picture[..., 0]
    assert len({digest_of(one) for one in (grey, grey.reshape(30, 20), grey.astype(np.uint16), grey[::-1])}) == 4


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG2000"])
@pytest.mark.parametrize(("largest", "bits"), [(255, 8), (1023, 10), (4095, 12), (16383, 14), (65535, 16)])
def test_16_bits_are_kept(kind, largest, bits):
    found = read(encoded(Image.fromarray(ramp(largest)), kind))
    assert found.pixels.dtype == np.uint16
    assert np.array_equal(found.pixels, ramp(largest))
    assert (found.bits, found.bulk_bits) == (bits, bits)


def test_a_hot_pixel_stands_out():
    values = np.full((40, 40), 3000, np.uint16)
    values[0, 0] = 65535
    found = read(encoded(Image.fromarray(values)))
    assert (found.bits, found.bulk_bits) == (16, 12)


@pytest.mark.parametrize("white", [4095, 65535])
def test_white_as_zero_is_turned(white):
    found = read(with_tag(encoded(Image.fromarray(white - ramp(4095)), "TIFF"), PHOTOMETRIC, 0))
    assert np.array_equal(found.pixels, ramp(4095))
    assert (found.bits, found.was_negative) == (12, True)


def test_a_file_that_names_its_bits_is_believed():
    tags = {MAX_SAMPLE_VALUE: 4095}
    found = read(encoded(Image.fromarray(ramp(900)), "TIFF", tiffinfo=tags))
    assert found.bits == 12
    white = with_tag(encoded(Image.fromarray(4095 - ramp(900)), "TIFF", tiffinfo=tags), PHOTOMETRIC, 0)
    assert np.array_equal(read(white).pixels, ramp(900))


def test_of_16_bits_a_channel_the_upper_8_are_read():
    full, dark = read(png_of_16_bits_a_channel(65535, 0, 256)), read(png_of_16_bits_a_channel(4095, 0, 0))
    assert (full.pixels.dtype, full.pixels[0, 0].tolist(), full.bits) == (np.uint8, [255, 0, 1], 16)
    assert (dark.pixels.dtype, dark.pixels[0, 0].tolist(), dark.bits) == (np.uint16, [15 * 257, 0, 0], 12)
    assert full.is_deep_color
    assert dark.is_deep_color


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_each_frame_is_a_picture_or_the_first_alone(kind, monkeypatch):
    options = {"lossless": True} if kind == "WEBP" else {}
    data = stacked(kind, 10, 20, 30, **options)
    frames = read_frames(Member("x", bytes), data)
    assert [(one.name, int(one.pixels[0, 0])) for one in frames.pictures] == [("x#0", 10), ("x#1", 20), ("x#2", 30)]
    first = read_frames(Member("x", bytes), data, first_only=True)
    assert [(one.name, int(one.pixels[0, 0])) for one in first.pictures] == [("x", 10)]
    assert first.num_left == 2
    monkeypatch.setattr(pictures, "MAX_FRAMES", 2)
    assert read_frames(Member("x", bytes), data).num_left == 1


def test_texts_and_profiles_of_a_png_decide_nothing():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * (3 << 20), zip=True)
    original = pixels(8, 8)
    data = encoded(original, pnginfo=info, icc_profile=bytes(3 << 20))
    odd = data.replace(b"ICC Profile\0\0", b"ICC Profile\0\7")
    assert odd != data
    assert np.array_equal(read(odd).pixels, original)


def test_no_picture():
    with pytest.raises(BrokenFileError, match="of no format that is read"):
        read(b"no picture")
    assert size_of(b"no picture") is None
