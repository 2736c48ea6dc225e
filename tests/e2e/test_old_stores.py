"""A run into a store that 0.1.0 wrote: its models are measured again, and kept where there is no new one."""

import json

import pytest
from old_stores import COMPOSED, FIRST, unpack

from aepipe.flows.pipeline import pipeline
from aepipe.noise import NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.releases.channels import read_channel
from aepipe.releases.manifest import list_releases, read_manifest, resolve_release
from aepipe.store import open_store

pytestmark = pytest.mark.usefixtures("prefect_server")


def test_a_release_is_published_beside_the_old_ones_and_judged_by_the_old_model(tmp_path, monkeypatch):
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    store = open_store(unpack("0.1.0-acfb12b", tmp_path))
    before = read_manifest(store, COMPOSED)
    state = pipeline(
        recipes=["mnist-denoising"],
        data_set="digits",
        preset="quick",
        overrides=Overrides(batch_size=64, max_steps=100),
        noise=NoiseParameters(kinds=("gaussian",), levels=(0.4,)),
        exports=[],
        start_from="demonstration",
        store=store.url,
        return_state=True,
    )
    assert state.is_completed(), state.message
    candidate = read_channel(store, "candidate").release
    decision = json.loads(store.get(f"releases/{candidate}/decision.json"))["verdicts"][0]
    was = before.recipes["mnist-denoising"].denoised_mse_per_pixel
    # The old release calls its model of the digits by the recipe alone.
    assert (decision["recipe"], decision["model"]) == ("mnist-denoising", "mnist-denoising@digits")
    assert decision["rules"][-1]["figures"]["incumbent"] == pytest.approx(was, rel=1e-3)
    # And begins with its weights.
    assert resolve_release(store, candidate).recipes["mnist-denoising@digits"].started_from == [
        f"{COMPOSED}/mnist-denoising"
    ]
    # A demonstration need not be better than the one before; it keeps the old model of the other recipe.
    composed = resolve_release(store, "demonstration")
    assert composed.candidate == candidate
    assert set(composed.recipes) == {"mnist-denoising@digits", "faces-conv"}
    assert composed.recipes["faces-conv"] == before.recipes["faces-conv"]
    assert {manifest.release for manifest in list_releases(store)} > {FIRST, COMPOSED, candidate}
