"""What a request asks for where it leaves something open."""

import pytest

from aepipe.stages.request import TrainingRequest


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
