import numpy as np

from aepipe.datasets.cache import fetch_arrays


def test_training_rows_come_first(tiny_spec, publish, idx_arrays):
    publish()
    spec = tiny_spec()
    data = spec.build(fetch_arrays(spec, progress=False))
    assert data.images.shape == (10, 5, 4, 1)
    assert data.images.dtype == np.uint8
    assert np.array_equal(data.images[6:, ..., 0], idx_arrays["test_images"])
    assert np.array_equal(data.labels[:6], idx_arrays["train_labels"])
    assert data.labels.dtype == np.int64
    assert data.num_official_train == 6
    assert data.label_names == ("a", "b", "c")
    assert data.pixel_range == (0, 255)


def test_summary(tiny_spec, idx_files):
    summary = tiny_spec().summary
    assert (summary.num_images, summary.image_shape, summary.num_classes) == (10, (5, 4, 1), 3)
    assert summary.split == "6 train, 4 test"
    assert summary.size_bytes == sum(map(len, idx_files.values()))
