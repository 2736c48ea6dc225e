"""Results of stages that no work was done for: what people are told of them, and what the gate decides."""

import hashlib

from aepipe.recipes import RECIPES
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages.outcome import Done
from aepipe.stages.results import (
    CalibrationResult,
    DataResult,
    EvaluationResult,
    ExportResult,
    GenerationResult,
    NoiseResult,
    SplitResult,
    TrainedResult,
)

# For each kind of result the stage's name, and facts that do.
KINDS = {
    DataResult: ("data", {"name": "mnist", "num_images": 70000, "image_shape": (28, 28, 1), "pixel_range": (0, 255)}),
    SplitResult: (
        "split",
        {"name": "mnist-official", "num_train": 54000, "num_validation": 6000, "num_test": 10000, "test_sha256": ""},
    ),
    NoiseResult: ("noise", {"name": "mnist-official", "num_images": 1000}),
    CalibrationResult: ("calibrate", {"num_calibration": 10000, "score": "mse"}),
    GenerationResult: ("generation", {"num_test_images": 10000, "num_components": 4, "elbo_nats": -98.8}),
    ExportResult: ("export", {"formats": {}}),
    TrainedResult: (
        "train",
        {
            "num_parameters": 1234567,
            "num_epochs": 40,
            "kept_epoch": 38,
            "training_seconds": 72.3,
            "hardware": "a fine GPU",
        },
    ),
    EvaluationResult: (
        "evaluate",
        {
            "mse_per_pixel": 0.01,
            "mse_in_source_unit": 650.25,
            "source_unit": 255.0,
            "psnr_db": 20.0,
            "ssim": 0.9,
            "pca_mse_per_pixel": 0.02,
            "mean_image_mse_per_pixel": 0.07,
            "num_test_images": 10000,
            "code_size": 98,
            "compression_ratio": 8.0,
            "collapsed": False,
            "code_mean": 0.01,
            "code_standard_deviation": 0.5,
            "code_zero_share": 0.34,
        },
    ),
}


def result(kind, key: str = "", **facts):
    """A result of this kind with these facts beside those that do; `key` tells its fingerprint from others'."""
    stage, usual = KINDS[kind]
    digest = hashlib.sha256(f"{stage} {key}".encode()).hexdigest()
    return kind(stage=stage, fingerprint=digest, files={}, facts={**usual, **facts}, seconds=1)


def done(recipe: str, setting: str = "tuned", **results) -> Done:
    """A recipe that was trained and evaluated, with these results and plan beside those that do."""
    known = RECIPES.get(recipe, RECIPES["mnist-dense"])
    usual = {
        "plan": plan_training(known.name, setting, "full", Overrides(), known.native_shape),
        "data": result(DataResult),
        "split": result(SplitResult),
        "trained": result(TrainedResult),
        "evaluated": result(EvaluationResult),
    }
    return Done(recipe=recipe, setting=setting, **{**usual, **results})
