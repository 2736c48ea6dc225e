"""Bytes of picture files, of kinds that Pillow writes and of some that it does not."""

import io
import struct
import zlib

import numpy as np
from PIL import Image

from aepipe.datasets.formats.signatures import PNG_SIGNATURE

GENERATOR = np.random.default_rng(0)


def pixels(height, width, *channels):
    return GENERATOR.integers(0, 256, (height, width, *channels), np.uint8)


def encoded(picture, kind="PNG", **options):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture)
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def save_plain(path, value, size=(8, 8)):
    """Write a grey picture of one value, and its folder where there is none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full(size, value, np.uint8)).save(path)


def stacked(kind, *values, **options):
    """Frames of 8 x 8 pixels, each of one value."""
    first, *others = (Image.fromarray(np.full((8, 8), value, np.uint8)) for value in values)
    return encoded(first, kind, save_all=True, append_images=others, **options)


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


def png_of_16_bits_a_channel(*color):
    """A PNG of 8 x 8 pixels of one color: a value for all channels, or one for each."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + np.tile(np.array(color, ">u2"), 24)[:24].tobytes() for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
