"""Training in Python: the weights of a run, nothing that is left, and examples that are run."""

import doctest
import re

import numpy as np
import pytest
from sklearn.datasets import load_digits

import aepipe
from aepipe.errors import DataError, ParameterError
from aepipe.inference import loading, training
from aepipe.recipes.plan import Overrides
from aepipe.stages.graph import outcome_of
from aepipe.stages.request import TrainingRequest
from aepipe.store import open_store
from aepipe.store.local_files import local_file
from aepipe.training.saving import load_model

IMAGES = load_digits().images.astype(np.uint8)


def run_examples(of: object, globs: dict) -> dict:
    """Run the examples in a docstring, and return the names that they leave."""
    name = f"{of.__module__}.{of.__qualname__}"
    example = doctest.DocTestParser().get_doctest(of.__doc__, globs, name, None, 0)
    assert example.examples, name
    said: list[str] = []
    flags = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    doctest.DocTestRunner(optionflags=flags).run(example, out=said.append, clear_globs=False)
    assert not said, "".join(said)
    return example.globs


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    """The names that the example of `train` leaves, with the folders that it had for what it would leave."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("AEPIPE_CACHE", "TMPDIR", "HOME"):
            patch.setenv(variable, str(tmp_path_factory.mktemp(variable)))
        patch.setattr("tempfile.tempdir", None)
        patch.chdir(tmp_path_factory.mktemp("current"))
        folders = [path for path in tmp_path_factory.getbasetemp().iterdir() if path.name[:-1] in ("a",)]
        yield run_examples(aepipe.train, {"train": aepipe.train}) | {"folders": folders}
