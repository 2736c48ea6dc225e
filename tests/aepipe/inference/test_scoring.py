"""Scores by a published model: what they say of pictures of its class and of others, and what they need."""

import numpy as np
import pytest
from published_models import NAMES, RECIPE, RELEASE, publish
from sklearn.datasets import load_digits

import aepipe
from aepipe.errors import ObjectNotFoundError
from aepipe.evaluation.metrics import mse_per_image
from aepipe.scoring.conformal import p_values
from aepipe.scoring.files import FILES

DIGITS = load_digits()
ORDERED = DIGITS.images.astype(np.uint8)[np.argsort(DIGITS.target != 3, kind="stable")]


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_a_model_of_threes_scores_other_digits_as_less_like_them(published_store):
    loaded = aepipe.load(published_store, RECIPE)
    table = loaded.score(ORDERED, false_alarm_rate=0.05)
    threes, others = table[:183], table[183:]
    assert threes.p_value.median() > 0.3 > others.p_value.median()
    assert (others.verdict == "anomalous").mean() > 0.5 > (threes.verdict == "anomalous").mean()
    # Nothing but what the parts say by themselves.
    originals = loaded.preprocess(ORDERED[:20])
    np.testing.assert_allclose(table.error[:20], mse_per_image(originals, loaded.reconstruct(originals)), rtol=1e-4)
    by_error = loaded.score(ORDERED, 0.05, "mse")
    np.testing.assert_allclose(by_error.error, by_error.score)
    np.testing.assert_allclose(by_error.p_value, p_values(loaded.scoring.calibration["mse"], by_error.score))
    # The held-out threes are few.
    assert not loaded.scoring.promise(0.01).is_kept
    assert loaded.scoring.promise(0.05).is_kept


@pytest.mark.parametrize("store_url", ["folder"], indirect=True)
def test_a_release_without_calibration_loads_and_says_how_to_get_one(store_url, trained_files, tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = aepipe.open_store(store_url)
    publish(store, {name: trained_files[name] for name in NAMES}, {RECIPE: "promoted"})
    loaded = aepipe.load(store, RECIPE)
    assert loaded.reconstruct(ORDERED[:2]).shape == (2, 8, 8, 1)
    with pytest.raises(ObjectNotFoundError) as refused:
        loaded.score(ORDERED[:2])
    assert str(refused.value) == (
        f"A published model comes with {', '.join(FILES)}. Received: model='{RECIPE}', release='{RELEASE}', "
        f"missing={list(FILES)!r}. Its version was without calibration. Train it again by the same parameters: the "
        "training is found in the store, and only its calibration is made."
    )
