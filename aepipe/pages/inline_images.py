"""Figures inside a page: no file beside it, and few enough bytes that the page still travels by mail."""

import base64
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

MAX_WIDTH = 1400
# A line plot or a strip of digits stays exact; dense pictures beyond this are the ones that make a page heavy.
LOSSLESS_BYTES = 64_000
LOSSY_QUALITY = 70


@dataclass(frozen=True)
class InlineImage:
    """A picture as a data: URI, with its size in pixels."""

    uri: str
    width: int
    height: int

    @property
    def is_wide(self) -> bool:
        """Whether it needs the whole width of a page to be read, as a row of images does."""
        return self.width >= 2.6 * self.height


def inline_image(png_bytes: bytes, is_dense: bool = False) -> InlineImage:
    """Return a PNG as a much smaller WebP picture, on white, at most `MAX_WIDTH` pixels wide.

    Args:
        png_bytes: The file.
        is_dense: It shows photographs or maps. Whether exact bytes of it would be few is not tried, which takes longer
            than drawing it.
    """
    from PIL import Image

    with Image.open(io.BytesIO(png_bytes)) as source:
        picture = Image.alpha_composite(Image.new("RGBA", source.size, "white"), source.convert("RGBA")).convert("RGB")
    if picture.width > MAX_WIDTH:
        height = max(1, round(picture.height * MAX_WIDTH / picture.width))
        picture = picture.resize((MAX_WIDTH, height), Image.Resampling.LANCZOS)
    data = _encoded(picture, quality=LOSSY_QUALITY) if is_dense else _smallest(picture)
    uri = f"data:image/webp;base64,{base64.b64encode(data).decode()}"
    return InlineImage(uri, picture.width, picture.height)


def _smallest(picture: "Image.Image") -> bytes:
    data = _encoded(picture, lossless=True)
    return data if len(data) <= LOSSLESS_BYTES else min(data, _encoded(picture, quality=LOSSY_QUALITY), key=len)


def _encoded(picture, **options) -> bytes:
    target = io.BytesIO()
    picture.save(target, "WEBP", **options)
    return target.getvalue()
