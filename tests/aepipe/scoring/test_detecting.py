"""A model on what is held out and not normal: PCA beside it, masks where there are some, numbers and a figure."""

import numpy as np
import pandas as pd
import pytest

from aepipe.datasets.images import ImageData, Masks
from aepipe.evaluation.metrics import mse_per_image
from aepipe.linear import PrincipalComponents
from aepipe.scoring.calibrating import Model, calibrate
from aepipe.scoring.detecting import Detected, detect, write_detection
from aepipe.splits import Split

SIDE, NUM_NORMAL, NUM_SPOTTED = 24, 90, 10
SPLIT = Split(
    np.arange(50), np.arange(50, 60), np.arange(60, NUM_NORMAL), np.arange(NUM_NORMAL, NUM_NORMAL + NUM_SPOTTED)
)


@pytest.fixture(scope="module")
def spotted() -> tuple[ImageData, Masks]:
    """Slopes of grey with a little noise; the last of them with a bright spot."""
    random = np.random.default_rng(0)
    slopes = np.linspace(0, 1, SIDE)[None, :, None] * random.uniform(80, 120, (NUM_NORMAL + NUM_SPOTTED, 1, 1))
    images = np.repeat(slopes, SIDE, axis=2) + random.normal(0, 2, (len(slopes), SIDE, SIDE)) + 60
    inside = np.zeros((NUM_SPOTTED, SIDE, SIDE), bool)
    inside[:, 8:13, 10:15] = True
    images[NUM_NORMAL:][inside] += 60
    labels = np.repeat([0, 1], [NUM_NORMAL, NUM_SPOTTED])
    data = ImageData("set", images.clip(0, 255).astype(np.uint8)[..., None], (0, 255), labels, ("good", "spot"))
    return data, Masks(SPLIT.anomalous, inside)


@pytest.fixture(scope="module")
def linear(spotted) -> tuple[Model, PrincipalComponents]:
    components = PrincipalComponents.fit(spotted[0].scaled(SPLIT.train), 2)

    def decode(codes: np.ndarray) -> np.ndarray:
        return (codes @ components.components + components.mean).reshape(len(codes), SIDE, SIDE, 1)

    return Model(components.encode, decode), components


def detected(spotted, linear, masks: Masks | None) -> Detected:
    data, digests = spotted[0], np.array([f"{row:032x}".encode() for row in SPLIT.test])
    scoring = calibrate(linear[0], data, SPLIT, digests, seed=0)
    return detect(linear[0], scoring, linear[1], data, SPLIT, masks)


def test_a_linear_model_comes_to_what_pca_does(spotted, linear, tmp_path):
    found = detected(spotted, linear, spotted[1])
    assert found.by_score["mse"] == found.by_score["pca"]
    assert found.by_score["local"].auroc == found.by_score["pca_local"].auroc == 1
    assert found.metrics["pixel_auroc"] == pytest.approx(found.metrics["pca_pixel_auroc"])
    assert 0.9 < found.metrics["pca_aupro"] <= found.metrics["pixel_auroc"] <= 1
    originals = spotted[0].scaled(SPLIT.anomalous)
    error = mse_per_image(originals, linear[1].reconstruct(originals)).mean()
    assert found.metrics["anomalous_mse_per_pixel"] == pytest.approx(error, rel=1e-3)
    assert (found.num_masks, set(found.by_class)) == (NUM_SPOTTED, {"spot"})
    who = {"recipe": "a-recipe", "setting": "tuned", "evaluation_set": "set-fraction"}
    write_detection(found, who, "a recipe on a set", tmp_path)
    rows = pd.read_csv(tmp_path / "detection.csv")
    assert not rows.duplicated(["class_name", "metric"]).any()
    numbers = rows[rows["class_name"] == "all"].set_index("metric")["value"]
    assert numbers[list(found.metrics)].to_dict() == pytest.approx(found.metrics)
    assert (tmp_path / "figures" / "detection.png").stat().st_size > 10_000


def test_without_masks_nothing_is_said_of_pixels(spotted, linear):
    found = detected(spotted, linear, None)
    assert found.num_masks == 0
    assert not [name for name in found.metrics if "pixel_auroc" in name or "aupro" in name]
