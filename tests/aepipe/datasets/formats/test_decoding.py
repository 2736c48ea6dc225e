import io
import struct
import zlib
from functools import partial

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from aepipe.datasets.formats import pictures
from aepipe.datasets.formats.decoding import decode_images
from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.formats.pictures import read_frames, small_or_resized
from aepipe.datasets.formats.signatures import PNG_SIGNATURE
from aepipe.datasets.tally import Tally
from aepipe.errors import BrokenFileError, DataError

GENERATOR = np.random.default_rng(0)


def pixels(height, width, *channels):
    return GENERATOR.integers(0, 256, (height, width, *channels), np.uint8)


def encoded(picture, kind="PNG", **options):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def decode_all(*files, image_size=8, ending=".png"):
    members = tuple(Member(f"{number}{ending}", lambda data=data: data) for number, data in enumerate(files))
    return decode_images(Listing(members, Tally(), len(members)), image_size)


def decode(*files, image_size=8):
    decoded = decode_all(*files, image_size=image_size)
    return decoded.images, [name.partition(".")[0] for name in decoded.names]


def left_out(decoded):
    return {one.reason: (one.count, *one.names) for one in decoded.tally.left_out()}


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


def test_only_what_is_transparent_is_counted_as_such():
    clear, opaque = (np.full((6, 6, 4), 7, np.uint8) for _ in range(2))
    opaque[..., 3] = 255
    assert decode_all(encoded(clear), encoded(opaque)).losses["num_transparent"] == 1


def test_sixteen_bits_are_scaled():
    images, _ = decode(
        encoded(Image.fromarray(np.full((6, 6), 65535, np.uint16))), encoded(np.full((6, 6), 7, np.uint8))
    )
    assert images[:, 0, 0, 0].tolist() == [255, 7]


@pytest.mark.parametrize("kind", ["JPEG", "GIF", "BMP", "TIFF", "WEBP", "PPM"])
def test_formats(kind):
    images, _ = decode(encoded(np.full((8, 8, 3), 90, np.uint8), kind))
    assert np.all(np.abs(images.astype(int) - 90) <= 2)


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
        decode_images(Listing(members, Tally(), 2), 8)


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


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG"])
def test_each_frame_is_a_picture(kind, monkeypatch):
    frames = [Image.fromarray(np.full((8, 8), value, np.uint8)) for value in (10, 20, 30)]
    stream = io.BytesIO()
    frames[0].save(stream, kind, save_all=True, append_images=frames[1:])
    decoded = decode_all(stream.getvalue(), encoded(pixels(8, 8)))
    assert decoded.names == ["0.png#0", "0.png#1", "0.png#2", "1.png"]
    assert decoded.images[:3, 0, 0, 0].tolist() == [10, 20, 30]
    assert decoded.num_with_frames == 1
    monkeypatch.setattr(pictures, "MAX_FRAMES", 2)
    decoded = decode_all(stream.getvalue(), encoded(pixels(8, 8)))
    assert decoded.names == ["0.png#0", "0.png#1", "1.png"]
    assert left_out(decoded) == {"further frame": (1, "0.png")}


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "JPEG2000"])
@pytest.mark.parametrize(("largest", "bits"), [(255, 8), (1023, 10), (4095, 12), (16383, 14)])
def test_sixteen_bits_are_scaled_by_what_the_set_uses(kind, largest, bits):
    values = np.linspace(0, largest, 64).reshape(8, 8).astype(np.uint16)
    deep = [encoded(Image.fromarray(values), kind), encoded(Image.fromarray(values // 4), kind)]
    decoded = decode_all(*deep, encoded(np.full((8, 8), 7, np.uint8)))
    assert np.array_equal(decoded.images[0, ..., 0], np.round(values * (255 / largest)).astype(np.uint8))
    # The darker one stays darker: it is the set that has a range, not the picture.
    assert decoded.images[1].max() == round(largest // 4 * 255 / largest)
    assert np.all(decoded.images[2] == 7)
    assert (decoded.losses["num_deep"], decoded.losses["deep_bits"]) == (2, bits)


def test_a_hot_pixel_that_makes_all_others_dark_is_noticed():
    values = np.full((40, 40), 3000, np.uint16)
    values[0, 0] = 65535
    losses = decode_all(encoded(Image.fromarray(values)), encoded(Image.fromarray(values))).losses
    assert (losses["deep_bits"], losses["bulk_bits"]) == (16, 12)


def test_white_as_zero_in_16_bits_is_turned():
    values = np.linspace(0, 65535, 64).reshape(8, 8).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(65535 - values).save(stream, "TIFF")
    negative = with_tag(stream.getvalue(), 262, 0)
    decoded = decode_all(negative, encoded(Image.fromarray(values)))
    assert np.array_equal(decoded.images[0], decoded.images[1])
    assert decoded.losses["num_negative"] == 1


@pytest.mark.parametrize("white", [4095, 65535])
@pytest.mark.parametrize("side", [8, 40])
def test_white_as_zero_in_12_bits_is_not_dark(white, side):
    values = np.linspace(0, 4095, side * side).reshape(side, side).astype(np.uint16)
    negatives = [with_tag(encoded(Image.fromarray(white - shown), "TIFF"), 262, 0) for shown in (values, values // 2)]
    positives = [encoded(Image.fromarray(shown), "TIFF") for shown in (values, values // 2)]
    turned, wanted = decode_all(*negatives), decode_all(*positives)
    assert np.abs(turned.images.astype(int) - wanted.images).max() <= 1
    assert turned.losses["deep_bits"] == 12
    (alone,) = read_frames(Member("x", bytes), negatives[1], partial(small_or_resized, 8)).pictures
    assert np.array_equal(pictures.to_8_bits(alone, 12), turned.images[1, ..., 0])


def with_tag(tiff, tag, value):
    """A TIFF file with another value of a tag that it has."""
    (place,) = struct.unpack_from("<I", tiff, 4)
    (count,) = struct.unpack_from("<H", tiff, place)
    changed = bytearray(tiff)
    for entry in range(place + 2, place + 2 + 12 * count, 12):
        if struct.unpack_from("<H", tiff, entry)[0] == tag:
            struct.pack_into("<H", changed, entry + 8, value)
    assert changed != tiff
    return bytes(changed)


def png_of_16_bits_a_channel(value):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + np.full((8, 3), value, ">u2").tobytes() for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_color_of_12_bits_is_not_black():
    decoded = decode_all(png_of_16_bits_a_channel(4095), png_of_16_bits_a_channel(2047))
    assert decoded.images[:, 0, 0, 0].tolist() == [255, 119]
    assert (decoded.losses["num_deep_color"], decoded.losses["deep_color_bits"]) == (2, 12)


def test_floats_are_left_out_as_a_kind_that_is_not_read():
    decoded = decode_all(encoded(Image.fromarray(np.zeros((8, 8), np.float32)), "TIFF"), encoded(pixels(8, 8)))
    (line,) = (one.line for one in decoded.tally.left_out())
    assert line.startswith(
        "1 left out, picture with pixels of a kind that is not read: 0.png: A picture must have 8 or 16"
    )


def test_texts_and_profiles_of_a_png_decide_nothing():
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "x" * (3 << 20), zip=True)
    original = pixels(8, 8)
    stream = io.BytesIO()
    Image.fromarray(original).save(stream, "PNG", pnginfo=info, icc_profile=bytes(3 << 20))
    data = stream.getvalue()
    odd = data.replace(b"ICC Profile\0\0", b"ICC Profile\0\7")
    assert odd != data
    images, names = decode(data, odd)
    assert names == ["0", "1"]
    assert np.array_equal(images[1, ..., 0], original)


def test_what_is_cut_and_resized_is_counted():
    decoded = decode_all(encoded(pixels(20, 40)), encoded(pixels(10, 10)), encoded(pixels(4, 4)), encoded(pixels(8, 8)))
    counted = {name: decoded.losses[name] for name in ("num_cropped", "share_cropped", "num_reduced", "num_enlarged")}
    assert counted == {"num_cropped": 1, "share_cropped": 0.5, "num_reduced": 2, "num_enlarged": 1}
    assert decoded.sizes == {"40x20": 1, "10x10": 1, "4x4": 1, "8x8": 1}


def test_the_form_may_change_with_every_picture():
    """Grey squares, then color, then 16 bits, then another size: as if all had been known before."""
    deep = np.full((6, 6), 65535, np.uint16)
    files = [encoded(pixels(6, 6)), encoded(pixels(6, 6, 3)), encoded(Image.fromarray(deep))]
    last = encoded(pixels(20, 10))
    images, _ = decode(*files, last)
    other, _ = decode(*files[::-1], last)
    assert np.array_equal(images[:3], other[2::-1])
    assert images.shape == (4, 8, 8, 3)


def test_the_images_must_fit_into_half_of_the_memory(monkeypatch):
    monkeypatch.setattr("aepipe.datasets.formats.assembling.memory_bytes", lambda: 2 * 3 * 64)
    assert len(decode(*[encoded(pixels(8, 8))] * 3)[0]) == 3
    with pytest.raises(DataError, match=r"at most 192 bytes here, half of the memory.*num_images=4"):
        decode(*[encoded(pixels(8, 8))] * 4)


def alone(data):
    (picture,) = read_frames(Member("x", bytes), data, partial(small_or_resized, 8)).pictures
    return picture


@pytest.mark.parametrize("shape", [(20, 40), (129, 129, 3)])
def test_a_picture_alone_is_read_as_one_among_pictures_of_mixed_sizes(shape):
    data = encoded(pixels(*shape))
    among, _ = decode(data, encoded(pixels(3, 5, *shape[2:])))
    assert np.array_equal(np.atleast_3d(alone(data).pixels), among[0])
    assert alone(data).file_size == shape[:2]


def test_no_picture_alone():
    with pytest.raises(BrokenFileError, match="of no format that is read"):
        alone(b"no picture")
