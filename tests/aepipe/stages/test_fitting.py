"""A model's size is looked at before anything of it takes memory."""

import logging

import pytest

from aepipe.errors import ParameterError
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages import fitting
from aepipe.stages.train import TrainStage


def plan(*shape):
    overrides = Overrides(model={"architecture": "residual"})
    return plan_training("faces-conv", "tuned", "full", overrides, shape)


def test_what_a_large_model_costs_is_said(caplog, monkeypatch):
    monkeypatch.setattr(fitting, "memory_bytes", lambda: 16 << 30)
    with caplog.at_level(logging.WARNING):
        fitting.check_size(plan(128, 128, 3))
        assert caplog.messages == []
        fitting.check_size(plan(256, 192, 3))
    (said,) = caplog.messages
    assert said.startswith("faces-conv on images of 256x192x3 has 151 million weights: 2.4 GB of memory to train")


def test_one_that_the_memory_cannot_hold_is_refused(monkeypatch):
    monkeypatch.setattr(fitting, "memory_bytes", lambda: 1 << 30)
    with pytest.raises(ParameterError, match=r"images of 256x192x3 takes 2\.4 GB here.*memory_gb=1\.1.*data\.size"):
        fitting.check_size(plan(256, 192, 3))


def test_what_the_size_of_images_decides_is_said_in_a_line():
    shapes = [(96, 64, 3), (32, 32, 1)]
    large, small = (plan_training("faces-conv", "tuned", "full", Overrides(), shape) for shape in shapes)
    (line,) = TrainStage(large, data=None, split=None).lines(None)
    assert line.startswith(
        "faces-conv: images of 96x64x3 as 6x4 patches of 16x16 pixels, 26 values each: a code of 624, "
    )
    assert TrainStage(small, data=None, split=None).lines(None) == []
