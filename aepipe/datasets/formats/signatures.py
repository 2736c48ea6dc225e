"""Signatures of formats: the bytes that a file begins with say what it is, whatever its name says."""

import struct

PNG_SIGNATURE, JPEG_SIGNATURE = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
# How pictures begin, and hardly anything else.
SIGNATURES = (JPEG_SIGNATURE, PNG_SIGNATURE, b"GIF8", b"II*\0", b"MM\0*", b"\0\0\0\x0cjP  ")
HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
# Text and color profiles of PNG: what they hold doesn't matter here, and Pillow refuses good pictures for it.
PNG_METADATA = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")


def begins_as_picture(data: bytes) -> bool:
    """Tell whether bytes are a picture's, maybe a damaged one's."""
    return data.startswith(SIGNATURES)


def is_heic(data: bytes) -> bool:
    """Tell whether bytes are an HEIC picture's; films begin nearly alike."""
    return data[4:8] == b"ftyp" and data[8:12] in HEIC_BRANDS


def without_metadata(data: bytes) -> bytes:
    """Return a PNG without texts and profiles; anything else, and what is damaged, as it is."""
    if not data.startswith(PNG_SIGNATURE):
        return data
    kept, place = [PNG_SIGNATURE], len(PNG_SIGNATURE)
    while place + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, place)
        if kind not in PNG_METADATA:
            kept.append(data[place : place + 12 + length])
        place += 12 + length
    return b"".join(kept) if len(kept) > 1 else data
