"""What a manifest says about a recipe is typed, and stays what was written: also by older and by newer versions."""

import json

import pytest
from memory_store import MemoryStore
from pydantic import ValidationError
from releases import describe, put_release

from aepipe.io.hashing import canonical_json
from aepipe.publishing.composition import compose
from aepipe.releases.facts import RecipeSummary
from aepipe.releases.manifest import Manifest, manifest_bytes, read_manifest
from aepipe.store.parsing import parse_stored

OLD, NEW = "20260101T000000Z-aaaaaa", "20260102T000000Z-bbbbbb"
# An older version's, and what a newer one may add; whole numbers as a program of another language writes them.
SUMMARY = {
    **{"verdict": "first", "origin": OLD, "setting": "tuned", "data": "digits-fraction", "seed": 0, "code_size": 8},
    **{"mse_per_pixel": 0.01, "pca_mse_per_pixel": 1, "training_seconds": 75, "ssim": None},
    **{"mae_per_pixel": 0.05, "exports": {"onnx": {"mse_per_pixel": 0.01}}, "newer": {"a": [1, 2.0, None, "b"]}},
}


def with_summary(data):
    """Return the bytes of a manifest that says this of its one recipe."""
    return canonical_json({**json.loads(data), "recipes": {"dense": SUMMARY}})


def test_a_manifest_that_is_read_and_written_again_keeps_its_bytes():
    data = with_summary(manifest_bytes(describe(OLD, {})))
    assert manifest_bytes(parse_stored(data, Manifest, "key")) == data


def test_a_release_made_of_two_says_of_each_recipe_what_its_own_release_said():
    store = MemoryStore()
    old = put_release(store, OLD, {"dense": b"x"})
    store.put(f"releases/{OLD}/manifest.json", with_summary(manifest_bytes(old)))
    put_release(store, NEW, {"conv": b"y"})
    made = compose(store, read_manifest(store, NEW), read_manifest(store, OLD), verdicts={"conv": "promoted"})
    recipes = json.loads(store.get(f"releases/{made.release}/manifest.json"))["recipes"]
    assert json.dumps(recipes["dense"], sort_keys=True) == json.dumps(SUMMARY, sort_keys=True)
    before = json.loads(store.get(f"releases/{NEW}/manifest.json"))["recipes"]["conv"]
    assert recipes["conv"] == {**before, "verdict": "promoted"}


def test_what_is_not_said_is_none():
    summary = RecipeSummary.model_validate(SUMMARY)
    assert summary.metrics["mse_per_pixel"] == 0.01
    assert summary.metrics["ssim"] is None
    assert summary.metrics["psnr_db"] is None
    assert RecipeSummary(verdict="failed").code_size is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mse_per_pixel", "0.01"),
        ("mse_per_pixel", True),
        ("dct_mse_per_pixel", -0.01),
        ("ssim", [0.9]),
        ("psnr_db", 10**400),
        ("psnr_db", float("nan")),
        ("training_seconds", -1),
        ("code_size", 0),
        ("code_size", 8.0),
        ("origin", "../../etc"),
        ("data", 7),
    ],
)
def test_what_is_no_such_thing_is_refused(name, value):
    with pytest.raises(ValidationError):
        RecipeSummary.model_validate({**SUMMARY, name: value})
