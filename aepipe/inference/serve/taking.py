"""Pictures that came over the network: PNG and JPEG alone, within bounds, in the form that a model takes."""

from collections.abc import Mapping

from aepipe.datasets.formats.members import Member
from aepipe.datasets.formats.pictures import size_of
from aepipe.datasets.formats.signatures import JPEG_SIGNATURE, PNG_SIGNATURE
from aepipe.errors import UnreadKindError
from aepipe.inference.decoding import Picture, Wanted, decode_first

SIGNATURES: Mapping[str, bytes] = {"image/png": PNG_SIGNATURE, "image/jpeg": JPEG_SIGNATURE}


def take(data: bytes, wanted: Wanted) -> Picture:
    """Return the picture in a body, of several frames the first.

    Args:
        data: The body.
        wanted: What is wanted of it.

    Raises:
        BrokenFileError: the bytes are no PNG or JPEG, a damaged one, or one of too many pixels.
        ParameterError: the model takes no pictures of this shape.
    """
    if not data.startswith(tuple(SIGNATURES.values())):
        raise UnreadKindError("A body is a PNG or a JPEG.", "Convert the picture first.", num_bytes=len(data))
    return decode_first(Member("the body", bytes), data, wanted)


def num_pixels(data: bytes) -> int:
    """Return how many pixels a picture says it has; 0 where the bytes are none."""
    height, width = size_of(data) or (0, 0)
    return height * width
