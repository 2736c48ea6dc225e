"""Arrays of one's own, in an npz file: each row is an image, copied into blocks some at a time."""

from pathlib import Path

import numpy as np

from aepipe.datasets.blocks import BLOCK_BYTES
from aepipe.datasets.formats.depth import used_bits
from aepipe.datasets.formats.npz import open_npz
from aepipe.datasets.formats.pictures import digest_of
from aepipe.datasets.index import OK
from aepipe.datasets.one_by_one import row_names
from aepipe.datasets.own.keeping import Blocks
from aepipe.datasets.own.mask_picture import MaskPicture
from aepipe.datasets.own.placing import Placer
from aepipe.datasets.own.reading import Kept, kept_of
from aepipe.datasets.own.rows import Row
from aepipe.datasets.picture_settings import PictureSettings


def kept_of_arrays(path: Path, settings: PictureSettings, version: str, mask: MaskPicture | None = None) -> Kept:
    """Return what is taken of each image of an npz file; they keep their size where none was chosen.

    Raises:
        DataError: the file is damaged, or holds other things than images.
    """
    with open_npz(path, BLOCK_BYTES) as stored:
        return kept_of(settings.chosen_size or stored.size, settings, version, mask)


def take_arrays(path: Path, kept: Kept, blocks: Blocks) -> list[Row]:
    """Return a row for each image of an npz file; their pixels go into blocks.

    Raises:
        DataError: the file is damaged, or holds other things than images.
    """
    with open_npz(path, BLOCK_BYTES) as stored:
        placer = Placer(kept.name, blocks.keep)
        labels = [None] * stored.num_images if stored.labels is None else [str(label) for label in stored.labels]
        images = (image for chunk in stored.chunks for image in chunk)
        rows = []
        for name, label, image in zip(row_names(stored.num_images), labels, images, strict=True):
            row = _row(name, label, image)
            placer.add([row], kept.form.apply(image[..., 0] if image.shape[-1] == 1 else image))
            rows.append(row)
        placer.finish()
    return rows


def _row(name: str, label: str | None, image: np.ndarray) -> Row:
    height, width, channels = image.shape
    depth = 8 * image.itemsize
    bits, bulk_bits = used_bits(image) if image.dtype == np.uint16 else (depth, depth)
    return {
        "path": name,
        "pixels_sha256": digest_of(image),
        "height": height,
        "width": width,
        "page": None,
        "bits": bits,
        "bulk_bits": bulk_bits,
        "treatment": None,
        "class": label,
        "state": OK,
        "reason": None,
        "channels": channels,
        "depth": depth,
    }
