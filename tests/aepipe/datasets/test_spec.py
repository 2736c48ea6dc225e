import numpy as np
import pytest

from aepipe.datasets.spec import ExpectedArray, check_arrays
from aepipe.errors import DataError
from aepipe.io.hashing import array_sha256

VALUES = np.arange(6, dtype=np.uint8).reshape(2, 3)
RULE = {"values": ExpectedArray((2, 3), array_sha256(VALUES), 6)}


def test_known_array_in_any_memory_layout():
    check_arrays({"values": VALUES}, RULE)
    check_arrays({"values": np.asfortranarray(VALUES)}, RULE)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (VALUES.T, "uint8 of shape"),
        (VALUES.astype(np.int64), "uint8 of shape"),
        (VALUES + np.uint8(1), "from 0 to 5"),
        (VALUES[::-1], "must have sha256"),
    ],
)
def test_any_other_array(values, reason):
    with pytest.raises(DataError, match=reason):
        check_arrays({"values": values}, RULE)


def test_identity_follows_every_digest(tiny_spec, idx_arrays):
    first = tiny_spec().identity()
    assert tiny_spec().identity() == first
    idx_arrays["test_labels"][0] ^= 1
    assert tiny_spec().identity() != first
