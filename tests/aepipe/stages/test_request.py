"""What a request asks for where it leaves something open."""

import pytest

from aepipe.noise import KINDS, NoiseParameters
from aepipe.recipes.plan import Overrides
from aepipe.stages.request import TrainingRequest, plan_requests


@pytest.mark.parametrize(
    ("preset", "exports", "formats"),
    [
        ("full", None, ("onnx", "litert", "litert-int8")),
        ("quick", None, None),
        ("quick", ["onnx"], ("onnx",)),
        ("full", [], None),
    ],
)
def test_a_full_run_exports_everything_and_a_quick_one_nothing_unless_told(preset, exports, formats):
    parameters = TrainingRequest(recipe="mnist-dense", preset=preset, exports=exports).export_parameters()
    assert (parameters and parameters.formats) == formats


def kinds_of(*recipes, **shared) -> dict[str, tuple]:
    return {str(one.recipe): one.noise.kinds for one in plan_requests(recipes, Overrides(), {}, **shared)}


def test_all_kinds_of_noise_are_made_only_for_data_that_a_denoiser_is_trained_on():
    assert kinds_of("mnist-dense", "faces-conv") == {"mnist-dense": ("gaussian",), "faces-conv": ("gaussian",)}
    assert kinds_of("mnist-dense", "faces-conv", "faces-denoising") == {
        "mnist-dense": ("gaussian",),
        "faces-conv": KINDS,
        "faces-denoising": KINDS,
    }
    shared = kinds_of("mnist-dense", "faces-denoising", data_set="digits")
    assert shared == dict.fromkeys(("mnist-dense", "faces-denoising"), KINDS)


def test_kinds_that_were_named_are_made():
    noise = NoiseParameters(kinds=("masking", "gaussian"), levels=(0.3,))
    assert kinds_of("mnist-dense", noise=noise) == {"mnist-dense": ("masking", "gaussian")}


def test_all_kinds_are_made_where_they_were_named():
    assert kinds_of("mnist-dense", noise=NoiseParameters(kinds=KINDS)) == {"mnist-dense": KINDS}
