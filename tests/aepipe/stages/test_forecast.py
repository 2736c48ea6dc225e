"""A forecast says what a run would train, and leaves nothing."""

import pytest

from aepipe.errors import ParameterError
from aepipe.models.options import count_parameters
from aepipe.recipes.plan import Overrides
from aepipe.stages import fitting
from aepipe.stages.forecast import forecast
from aepipe.stages.request import TrainingRequest

REQUEST = TrainingRequest(recipe="mnist-dense", data_set="digits", overrides=Overrides(epochs=10, code_size=8))


def test_what_would_be_trained_is_said(monkeypatch):
    monkeypatch.setattr(fitting, "MEASURED_SECONDS", 0.05)
    found = forecast(REQUEST)
    assert (found.model, found.plan.image_shape, found.plan.model.code_size) == ("mnist-dense@digits", (8, 8, 1), 8)
    assert (found.num_images, found.num_steps) == (1123, 10 * (1123 // 62))
    assert found.num_parameters == count_parameters(found.plan.model, (8, 8, 1))
    assert found.memory_bytes == 16 * found.num_parameters
    assert 0 < found.seconds < 600


def test_what_can_not_be_trained_is_refused_before_it_is_measured():
    with pytest.raises(ParameterError, match="at most a quarter"):
        forecast(REQUEST.model_copy(update={"overrides": Overrides(code_size=60)}))
