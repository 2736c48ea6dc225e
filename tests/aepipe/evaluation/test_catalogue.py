"""Every metric is in the catalogue once, and whatever shows metrics asks it."""

from typing import get_args

import numpy as np

from aepipe.evaluation.catalogue import BY_NAME, METRICS, Place, baselines_of, metrics_at
from aepipe.evaluation.metrics import PER_IMAGE, summarise


def test_each_is_there_once_and_shown_somewhere():
    assert len(BY_NAME) == len(METRICS)
    assert all(metric.where for metric in METRICS)
    assert all(metrics_at(place) for place in get_args(Place))


def test_what_is_measured_of_each_image_and_of_the_whole_set_is_in_it():
    zeros = dict.fromkeys(PER_IMAGE, np.zeros(2))
    measured = {one.metric for one in summarise(zeros, None, (), 255)} - {"num_images"}
    assert set(PER_IMAGE) <= measured <= set(BY_NAME)


def test_a_heading_is_the_label_with_its_unit_or_what_the_place_calls_it():
    assert [BY_NAME["psnr_db"].heading(place) for place in ("table", "hub")] == ["PSNR (dB)", "psnr"]
    assert [BY_NAME["mse_per_pixel"].heading(place) for place in ("table", "report")] == ["MSE", "MSE per pixel"]


def test_of_errors_the_lower_is_better_and_of_similarities_the_higher():
    assert BY_NAME["mse_per_pixel"].beats(0.1, 0.2)
    assert not BY_NAME["mse_per_pixel"].beats(0.2, 0.2)
    assert BY_NAME["ssim"].beats(0.9, 0.8)


def test_models_are_judged_by_what_has_baselines():
    assert [metric.name for metric in METRICS if metric.is_judged] == [
        "mse_per_pixel",
        "denoised_mse_per_pixel",
        "hidden_mse_per_pixel",
    ]
    assert [metric.name for metric in baselines_of("denoised_mse_per_pixel")] == [
        "noisy_mse_per_pixel",
        "linear_mse_per_pixel",
    ]
