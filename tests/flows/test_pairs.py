"""Pairs of noisy and clean pictures, from two folders to a published model that restores others."""

import json

import numpy as np
import pytest
from picture_files import save_plain
from PIL import Image
from sklearn.datasets import load_digits

from aepipe.flows.pipeline import pipeline
from aepipe.gate.settings import PublishSettings
from aepipe.inference.restore import restore_pictures
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.store import open_store

MODEL = "mnist-dense@images-noisy"
DIGITS = np.round(load_digits().images[:400] * (255 / 16))


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(np.round(pixels), 0, 255).astype(np.uint8)).save(path)


@pytest.fixture
def folders(tmp_path):
    """300 pairs to train on, of which one has no clean picture, and 100 that come later."""
    noise = np.random.default_rng(0).normal(0, 70, DIGITS.shape)
    for number, (clean, noisy) in enumerate(zip(DIGITS, DIGITS + noise, strict=True)):
        when = "" if number < 300 else "new-"
        save(tmp_path / f"{when}noisy" / f"{number}.png", noisy)
        save(tmp_path / f"{when}clean" / f"{number}.tif", clean)
    save_plain(tmp_path / "noisy" / "alone.png", 7)
    return tmp_path


def test_a_model_of_pairs_is_judged_by_them_and_restores_new_pictures(folders):
    state = pipeline(
        recipes=["mnist-dense"],
        preset="full",
        data_set=f"images:{folders / 'noisy'}",
        data={"clean": str(folders / "clean")},
        overrides=Overrides(epochs=100, batch_size=30, learning_rate=0.003, code_size=16, optimizer={"name": "adam"}),
        noise=NoiseParameters(kinds=("gaussian",), levels=(0.2,), max_images=20),
        exports=[],
        publishing=PublishSettings(demand_baselines=False),
        store=str(folders / "store"),
        return_state=True,
    )
    result = state.result(raise_on_failure=False)
    assert state.is_completed(), state.message
    store = open_store(folders / "store")
    decision = json.loads(store.get(f"releases/{result.release}/decision.json"))
    (verdict,) = decision["verdicts"]
    rules = {rule["rule"]: rule["passed"] for rule in verdict["rules"]}
    assert rules["The model beats doing nothing."]
    assert "The model beats the best linear map." in rules
    restored = restore_pictures(
        str(folders / "new-noisy"), store, MODEL, reference=str(folders / "new-clean"), output=folders / "restored"
    )
    summary = restored.summary()
    assert summary["num_with_clean"] == 100
    assert summary["psnr_db_after"] > summary["psnr_db_before"] + 0.4
    assert not any("not trained to remove noise" in line for line in restored.lines())
