"""What all uses of a model begin with."""

import pytest
from picture_files import save_plain
from published_models import RECIPE

from aepipe.inference.using import open_job


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_large_pictures_are_taken_some_at_a_time(published_store, tmp_path, monkeypatch):
    for number in range(7):
        save_plain(tmp_path / f"{number}.png", number)
    # As many values as three of the model's pictures have.
    monkeypatch.setattr("aepipe.datasets.images.MAX_VALUES_AT_ONCE", 3 * 8 * 8)
    with open_job("encode", str(tmp_path), None, published_store, RECIPE, "production", None, False) as job:
        assert [len(batch) for batch in job.batches()] == [3, 3, 1]
    with open_job("encode", str(tmp_path), None, published_store, RECIPE, "production", None, False) as job:
        assert [len(batch) for batch in job.batches(2)] == [2, 2, 2, 1]
