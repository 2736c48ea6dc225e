"""Shapes of arrays, checked at every call: what `aepipe.arrays` names is jaxtyping's while tests run."""

import importlib.util
import sys
from pathlib import Path

import jaxtyping
from beartype import BeartypeConf, beartype

ARRAYS = Path(__file__).parents[1] / "aepipe" / "arrays.py"
# Those whose functions are called with arrays from everywhere.
MODULES = (
    "aepipe.evaluation.metrics",
    "aepipe.generation",
    "aepipe.inference.inputs",
    "aepipe.linear",
    "aepipe.noise",
    "aepipe.preprocess",
    "aepipe.scoring.neighbours",
    "aepipe.scoring.residuals",
)
# An integer is a float to Python's type checkers.
check = beartype(conf=BeartypeConf(is_pep484_tower=True))


def check_shapes() -> None:
    """Have the modules check what they are given and what they return; before the first of them is imported.

    The module of names is loaded by its file: `import aepipe` brings some of those that are to be checked.
    """
    spec = importlib.util.spec_from_file_location("aepipe.arrays", ARRAYS)
    arrays = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(arrays)
    for name in arrays.__all__:
        setattr(arrays, name, getattr(jaxtyping, name))
    jaxtyping.install_import_hook(MODULES, "shapes.check")
