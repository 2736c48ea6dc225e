"""A model's size is looked at before anything of it takes memory."""

import logging
from types import SimpleNamespace

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


def test_what_the_size_of_images_and_their_number_decide_is_said():
    shapes = [(96, 64, 3), (32, 32, 1)]
    large, small = (plan_training("faces-conv", "tuned", "full", Overrides(), shape) for shape in shapes)
    many, few = (SimpleNamespace(facts=SimpleNamespace(num_images=number)) for number in (10_000, 40))
    (line,) = TrainStage(large, data=many, split=None).lines(None)
    assert line.startswith(
        "faces-conv: images of 96x64x3 as 6x4 patches of 16x16 pixels, 26 values each: a code of 624, "
    )
    assert TrainStage(small, data=many, split=None).lines(None) == []
    small = plan_training("faces-conv", "tuned", "full", Overrides(), shapes[1], num_images=40)
    assert TrainStage(small, data=few, split=None).lines(None) == [
        "faces-conv: 40 images are few: batches of 10, 500 epochs at most."
    ]
