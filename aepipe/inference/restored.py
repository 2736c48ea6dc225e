"""Files of restored pictures: of the size, channels and bits of the pictures, as far as a file can have them."""

import re
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from aepipe.inference.pictures import Picture

if TYPE_CHECKING:
    from PIL import Image

# The folder of the files.
PICTURES = "pictures"
LOSSLESS = (".png", ".tif", ".tiff")
PAGE = re.compile(r"#\d+$")
# Those whose channels may be equal are written as they were kept, in colour.
COLOUR_MODES = ("RGB", "RGBA", "RGBX", "YCbCr", "CMYK", "LAB", "HSV")
ALPHA_MODES = ("LA", "La", "PA", "RGBA", "RGBa")


def file_of(path: str) -> str:
    """Return the name of the file for a picture: its own where that kind loses nothing, else with .png at its end.

    Each page of a stack gets a file of its own.
    """
    whole = PAGE.sub("", path)
    ending = PurePosixPath(whole).suffix
    if ending.lower() not in LOSSLESS:
        return f"{PICTURES}/{path}.png"
    return f"{PICTURES}/{path if path == whole else path + ending}"


def write_restored(path: Path, pixels: np.ndarray, picture: Picture) -> None:
    """Write a picture, (height, width, channels) with its own values, as `restored_image` has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    restored_image(pixels, picture).save(path, "PNG" if path.suffix.lower() == ".png" else "TIFF")


def restored_image(pixels: np.ndarray, picture: Picture) -> "Image.Image":
    """Return a picture, (height, width, channels) with its own values: grey with 8 or 16 bits, colour with 8.

    Grey floats become 16 bits; a file of three equal channels has them again.
    """
    from PIL import Image

    is_grey = pixels.shape[-1] == 1
    if pixels.dtype.kind == "f" or (not is_grey and pixels.dtype != np.uint8):
        dtype = np.uint16 if is_grey else np.uint8
        pixels = np.rint(pixels * (np.iinfo(dtype).max / picture.white)).astype(dtype)
    image = Image.fromarray(pixels[..., 0] if is_grey else pixels)
    return image.convert("RGB") if is_grey and picture.mode in COLOUR_MODES else image


def loses_bits(pixels: np.ndarray) -> bool:
    """Tell whether the file of a picture has fewer bits than the picture: Pillow writes colour of 8 bits alone."""
    return pixels.dtype != np.uint8 and pixels.shape[-1] != 1


def had_alpha(picture: Picture) -> bool:
    """Tell whether a picture's file has a channel of transparency, which is not restored."""
    return picture.mode in ALPHA_MODES
