"""1,797 handwritten digits of 8 x 8 pixels from 0 to 16, which come with scikit-learn: nothing is downloaded."""

import numpy as np

from aepipe.datasets.images import ImageData
from aepipe.datasets.spec import Arrays, DataSetSpec, DataSetSummary, ExpectedArray, check_arrays, join_digests

DIGITS = tuple("0123456789")
EXPECTED = {
    "images": ExpectedArray((1797, 8, 8), "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3", 17),
    "labels": ExpectedArray((1797,), "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0", 10),
}


def _build(_: Arrays) -> ImageData:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    arrays = {"images": bunch.images.astype(np.uint8), "labels": bunch.target.astype(np.uint8)}
    check_arrays(arrays, EXPECTED)
    return ImageData(
        name="digits",
        images=arrays["images"][..., np.newaxis],
        pixel_range=(0, 16),
        labels=arrays["labels"].astype(np.int64),
        label_names=DIGITS,
    )


def _digest() -> str:
    return join_digests(expected.sha256 for expected in EXPECTED.values())


SUMMARY = DataSetSummary(
    name="digits",
    num_images=1797,
    image_shape=(8, 8, 1),
    num_classes=10,
    split="none",
    source="comes with scikit-learn",
    size_bytes=0,
)

SPEC = DataSetSpec(SUMMARY, _build, digest=_digest)
