"""Images that lie on the device train the same weights as those that are read while it computes."""

import hashlib

import numpy as np
import pytest

from aepipe.models import build
from aepipe.models.options import ConvolutionalOptions, DenseOptions
from aepipe.training import chunk, feed
from aepipe.training.batches import Pixels
from aepipe.training.feed import Resident, Streamed, feed_for
from aepipe.training.settings import AugmentationSettings, CorruptionSettings, TrainingSettings
from aepipe.training.trainer import Trainer

IMAGES = np.random.default_rng(0).integers(0, 256, (90, 8, 8, 1), dtype=np.uint8)
ROWS = np.random.default_rng(1).permutation(90)[:70]
DENSE = DenseOptions(hidden_widths=(24,), code_size=8)
PIXELS = Pixels(IMAGES, (0, 255), ROWS)


@pytest.mark.parametrize(
    ("options", "train", "settings"),
    [
        (DENSE, PIXELS, {}),
        (DENSE, Pixels(IMAGES, (0, 255)), {"shuffle": False, "max_steps": 7}),
        (DENSE, Pixels(IMAGES.astype(np.uint16) * 257, (0, 65535), ROWS), {"batch_size": 500}),
        (
            DENSE,
            Pixels(IMAGES, (0, 255), ROWS, 255 - IMAGES),
            {"corruption": CorruptionSettings(level=0.1), "augmentation": AugmentationSettings(flip=True, shift=1)},
        ),
        (ConvolutionalOptions(filters=(4,), code_size=8), PIXELS, {"optimizer": {"name": "muon"}}),
    ],
    ids=["rows of the data", "in order", "16 bits, one batch", "augmented pairs", "convolutions"],
)
def test_both_train_the_same_weights(options, train, settings, monkeypatch):
    monkeypatch.setattr(chunk, "MIN_STEPS", 0)
    digests = []
    for most in (feed.MAX_RESIDENT_BYTES, 0):
        monkeypatch.setattr(feed, "MAX_RESIDENT_BYTES", most)
        autoencoder = build(options, (8, 8, 1), 0)
        chosen = TrainingSettings(**{"batch_size": 10, "epochs": 3, **settings})
        Trainer(autoencoder, train, Pixels(IMAGES, (0, 255), np.arange(20)), chosen).run()
        weights = b"".join(array.tobytes() for array in autoencoder.model.get_weights())
        digests.append(hashlib.sha256(weights).hexdigest())
    assert digests[0] == digests[1]


def test_what_is_taken_at_a_position_is_the_same():
    rows = np.array([[3, 69], [0, 3]])
    found = []
    for kind in (Resident, Streamed):
        one = kind(PIXELS, 2)
        (items,) = one.chunks(rows, lambda: 5, group=1)
        assert items.shape == (2, *one.item.shape)
        found.append(np.asarray(one.images(items)))
    for images in found:
        np.testing.assert_array_equal(images, IMAGES[ROWS[rows]])


@pytest.mark.parametrize("kind", [Resident, Streamed])
@pytest.mark.parametrize(("group", "numbers"), [(1, [3, 3, 3, 1]), (2, [2, 2, 2, 2, 2]), (4, [4, 4, 2])])
def test_chunks_have_whole_groups_of_steps_but_for_the_last(kind, group, numbers):
    rows = np.arange(20).reshape(10, 2)
    assert [len(items) for items in kind(PIXELS, 2).chunks(rows, lambda: 3, group)] == numbers


def test_a_chunk_of_images_is_bounded(monkeypatch):
    monkeypatch.setattr(feed, "MAX_CHUNK_BYTES", 4 * 2 * 64)
    rows = np.arange(20).reshape(10, 2)
    assert [len(items) for items in Streamed(PIXELS, 2).chunks(rows, lambda: 100, 1)] == [4, 4, 2]
    assert [len(items) for items in Resident(PIXELS, 2).chunks(rows, lambda: 100, 1)] == [10]


@pytest.mark.parametrize(
    ("most", "memory", "is_shared", "kind"),
    [
        (70 * 64, 10**9, False, Resident),
        (70 * 64 - 1, 10**9, False, Streamed),
        (10**9, 16 * 70 * 64, False, Resident),
        (10**9, 16 * 70 * 64 - 1, False, Streamed),
        (10**9, 10**9, True, Streamed),
    ],
)
def test_images_lie_on_one_device_that_has_room_for_all(most, memory, is_shared, kind, monkeypatch):
    monkeypatch.setattr(feed, "MAX_RESIDENT_BYTES", most)
    monkeypatch.setattr(feed, "device_memory_bytes", lambda: memory)
    assert type(feed_for(PIXELS, 10, is_shared)) is kind
