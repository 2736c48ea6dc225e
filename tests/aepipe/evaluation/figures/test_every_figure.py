"""Figures are written, are PNGs of a readable size, and have the same bytes for the same data."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from aepipe.evaluation import figures
from aepipe.evaluation.intervals import Interval
from aepipe.evaluation.metrics import Summary
from aepipe.noise import NoiseParameters
from aepipe.noisy_test_set import build_noisy_test_set
from aepipe.pages.index import Series

GENERATOR = np.random.default_rng(0)
GREY, COLOR = GENERATOR.random((10, 8, 8, 1)), GENERATOR.random((10, 12, 9, 3))
NOISY = build_noisy_test_set("set", GREY, None, np.arange(10), NoiseParameters(levels=(0.2,)))
NAMES = figures.CurveNames("nats an image")
LARGE = GENERATOR.random((3, 64, 80, 3))
MAPS = {"t-SNE": GREY[:, 0, :2, 0], "PCA": GREY[:, 1, :2, 0]}
SERIES = [
    Series(
        "tuned, full, digits", ("2026-01-01T02:00:00+00:00", "2026-01-02T02:00:00+00:00"), (0.02, 0.01), (0.03, 0.03)
    ),
    Series("published", ("2026-01-02T02:00:00+00:00",), (0.05,), (0.03,), (Interval(low=0.04, high=0.06),)),
]
CURVE = pd.DataFrame({"level": [0.1, 0.2], "model": [0.01, 0.02], "linear": [0.02, 0.03], "nothing": [0.1, 0.2]})

EPOCHS = np.arange(1.0, 6)
COURSES = [
    SimpleNamespace(label=name, epochs=EPOCHS, seconds=EPOCHS * 60, mse=errors)
    for name, errors in (("dense", 0.1 / EPOCHS), ("conv", np.full(5, 0.2)))
]
SCORES, RATES = np.geomspace(0.001, 0.01, 20), np.linspace(0, 1, 5)
ROCS = {"model": (RATES, np.sqrt(RATES), 2 / 3), "PCA": (RATES, RATES, 0.5)}


def history(validation) -> pd.DataFrame:
    return pd.DataFrame({"epoch": [1, 2, 3], "loss": [0.9, 0.1, 0.01], "validation_loss": validation})


def means(**values: float) -> dict[str, Summary]:
    return {
        name: Summary(name, "mse_per_pixel", value, Interval(low=value / 2, high=value))
        for name, value in values.items()
    }


FIGURES = {
    "grey": lambda path: figures.reconstructions(GREY, {"model": GREY}, path, "a title"),
    "color": lambda path: figures.reconstructions(COLOR, {"model": 1 - COLOR, "PCA": COLOR}, path, "a title"),
    "few": lambda path: figures.reconstructions(GREY[:2], {"model": GREY[:2]}, path, "a title"),
    "close-ups": lambda path: figures.close_ups(LARGE, {"model": 1 - LARGE}, path, "a title"),
    "denoising": lambda path: figures.denoising(GREY, GREY, GREY, path, "a title"),
    "preview": lambda path: figures.noisy_preview(NOISY, path),
    "grid": lambda path: figures.image_grid(GREY, 5, path, "a title"),
    "losses": lambda path: figures.loss_curves(history([0.8, 0.2, 0.3]), 2, path, "a title", NAMES),
    "no validation": lambda path: figures.loss_curves(history([np.nan] * 3), 3, path, "a title", NAMES),
    "classes": lambda path: figures.mse_by_class(means(a=0.1, b=0.2), means(a=0.2, b=0.1), path, "a title"),
    "many classes": lambda path: figures.mse_by_class(
        *[means(**{f"c{i}": i + 1.0 for i in range(40)})] * 2, path, "a title"
    ),
    "noise": lambda path: figures.error_by_noise({"gaussian": CURVE, "dropout": CURVE}, path, "a title"),
    "errors": lambda path: figures.error_histogram(GREY[:, 0, 0, 0], GREY[:, 1, 0, 0], path, "a title"),
    "equal errors": lambda path: figures.error_histogram(np.zeros(3), np.zeros(3), path, "a title"),
    "detection": lambda path: figures.detection(SCORES, SCORES * 40, 0.02, ROCS, path, "a title", "mse"),
    "equal scores": lambda path: figures.detection(np.ones(3), np.ones(2), 1, ROCS, path, "a title", "local"),
    "time": lambda path: figures.error_over_time(SERIES, path, "a title"),
    "courses": lambda path: figures.training_courses(COURSES, path, "a title"),
    "usage": lambda path: figures.code_usage(GREY[0, :, 0, 0], path, "a title"),
    "maps": lambda path: figures.code_maps(MAPS, np.arange(10) % 3, ["a", "b", "c"], path, "a title"),
    "maps without labels": lambda path: figures.code_maps(MAPS, None, [], path, "a title"),
    "maps of images": lambda path: figures.code_maps(MAPS, None, [], path, "a title", lambda places: COLOR[places]),
    "maps of many": lambda path: figures.code_maps(MAPS, np.arange(10), [str(i) for i in range(40)], path, "a title"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_is_a_readable_picture_and_repeats_itself(name, tmp_path):
    for file in ("first.png", "second.png"):
        FIGURES[name](tmp_path / file)
    with Image.open(tmp_path / "first.png") as picture:
        assert picture.format == "PNG"
        assert 700 <= picture.width <= 1500
        assert picture.height >= 200
        assert len(picture.convert("L").getcolors()) > 2, "nothing was drawn"
    assert (tmp_path / "first.png").read_bytes() == (tmp_path / "second.png").read_bytes()
