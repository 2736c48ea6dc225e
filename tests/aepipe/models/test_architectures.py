"""Architectures that other distributions announce."""

import importlib
import os
import subprocess
import sys

import pytest
from distributions import ARCHITECTURES, BUILDER, OPTIONS, install, install_models

from aepipe.announced import forget
from aepipe.models import architectures
from aepipe.models.options import OWN_OPTIONS
from aepipe.stages.fingerprint import _is_module, _read_module, module_path, source_digests

NAME = "pooling"
# What a data scientist does with one, and what a process does that has nothing of it but the file.
USE = """
import sys, tempfile
from pathlib import Path
import numpy as np
from aepipe.recipes.file import read_recipe
from aepipe.stages.request import TrainingRequest
text = 'name = "mine"\\nextends = "mnist-dense"\\n[model]\\narchitecture = "pooling"\\nwidth = 2\\ncode_size = 4\\n'
assert read_recipe(text).tuned.model.width == 2
request = TrainingRequest(recipe="mnist-dense", overrides={"model": {"architecture": "pooling", "width": "2"}})
assert not {"keras", "tensorflow"} & set(sys.modules)
import aepipe
images = np.random.default_rng(0).integers(0, 256, (40, 8, 8), dtype=np.uint8)
chosen = {"architecture": "pooling", "width": 2}
loaded = aepipe.train(images, "mnist-dense", model=chosen, code_size=4, max_steps=2, verbose=False)
print(loaded)
from aepipe.models.backend import keras
from aepipe.models.options import count_parameters
from aepipe.training.model_files import Expected, load_published
from aepipe.training.saving import save_model
plan = loaded.trained.plan
assert count_parameters(plan.model, (8, 8, 1)) == loaded.model.count_params()
path = Path(tempfile.mkdtemp()) / "model.keras"
save_model(loaded.model, path)
keras.saving.get_custom_objects().clear()
del sys.modules["our_models.pooling"]
again = load_published(path, Expected(loaded.model.count_params(), (8, 8, 1), (8, 8, 1)))
np.testing.assert_array_equal(again(images[:2, ..., None] / 255), loaded.model(images[:2, ..., None] / 255))
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of sys.path; what was known of the others is forgotten before and after."""
    forgetting = (forget, _is_module.cache_clear, _read_module.cache_clear, module_path.cache_clear)
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)
    for function in forgetting:
        function()
    yield tmp_path
    for function in forgetting:
        function()
    for name in set(sys.modules) - before:
        if name.startswith("our_models"):
            del sys.modules[name]
    importlib.invalidate_caches()


def test_one_from_outside_is_chosen_trained_and_loaded(tmp_path):
    install_models(tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", USE], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(
        "<LoadedModel mnist-dense@images-arrays, unpublished: images of 8 x 8 x 1, codes of 4"
    )


def test_its_modules_and_what_they_take_of_aepipes_models_count_in_a_fingerprint(folder):
    install_models(folder)
    options, broken = architectures._load()
    assert (list(options), broken) == ([*OWN_OPTIONS, NAME], {})
    modules = architectures.modules_of(options[NAME](code_size=4))
    assert modules == ("our_models.pooling", "our_models.options")
    assert {*modules, "aepipe.models.autoencoder", "aepipe.models.options"} <= set(source_digests(modules))
    assert architectures.modules_of(OWN_OPTIONS["dense"](code_size=4, hidden_widths=())) == ("aepipe.models.dense",)


@pytest.mark.parametrize(
    ("before", "after", "problem"),
    [
        ("import Field", "import Felt", "module can be imported. .*problem=\"ImportError: cannot import name 'Felt'"),
        ("class PoolingOptions(PlainOptions)", "class PoolingOptions", "is the class of its options, a ModelOptions"),
        (
            'Literal["pooling"] = "pooling"',
            'Literal["pool"] = "pool"',
            'Literal\\["pooling"\\] = "pooling".*found=\'pool\'',
        ),
        ("our_models.pooling", "our_models.nothing", "as built_by. .*found='our_models.nothing'"),
        ("width: Width = Field(8", "beta: str = Field('x'", "the architecture variational has, too, .*option='beta'"),
    ],
)
def test_a_broken_one_is_a_line_about_its_distribution_and_stops_no_other(folder, before, after, problem):
    modules = {
        "our_models/__init__.py": "",
        "our_models/options.py": OPTIONS.replace(before, after),
        "our_models/pooling.py": BUILDER,
    }
    install(folder, "our-models", {NAME: "our_models.options:PoolingOptions"}, modules, ARCHITECTURES)
    options, broken = architectures._load()
    assert options == OWN_OPTIONS
    (error,) = broken.values()
    assert str(error).endswith("Mend or uninstall our-models 1.0.")
    with pytest.raises(type(error), match=problem):
        raise error


def test_an_architecture_of_aepipe_is_not_taken_over(folder):
    modules = {"our_models/__init__.py": "", "our_models/options.py": OPTIONS, "our_models/pooling.py": BUILDER}
    install(folder, "thief", {"dense": "our_models.options:PoolingOptions"}, modules, ARCHITECTURES)
    options, broken = architectures._load()
    assert options["dense"] is OWN_OPTIONS["dense"]
    assert "another name than aepipe's own. Received: architecture='dense', distribution='thief 1.0'" in str(
        broken["dense"]
    )
