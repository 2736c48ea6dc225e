"""A model's size is looked at before anything of it takes memory."""

import logging

import pytest

from aepipe.errors import ParameterError
from aepipe.recipes.plan import Overrides, plan_training
from aepipe.stages import fitting


def plan(*shape):
    return plan_training("faces-conv", "tuned", "full", Overrides(), shape)


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
