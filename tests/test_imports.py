"""Imports go one way, and what trains nothing starts without TensorFlow.

The order below is the design: a module imports from its own row and from the rows under it, never from one above.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# From the top of the pipeline to the bottom; names in one row are independent of each other's row but may share it.
LAYERS = [
    ["aepipe.command"],
    ["aepipe.cli"],
    ["aepipe.deploy"],
    ["aepipe.flows"],
    ["aepipe.tasks"],
    ["aepipe.inference"],
    ["aepipe.curves", "aepipe.experiments", "aepipe.publishing"],
    ["aepipe.pages"],
    ["aepipe.gate"],
    ["aepipe.checks"],
    ["aepipe.stages"],
    ["aepipe.generation", "aepipe.scoring"],
    ["aepipe.evaluation", "aepipe.exports", "aepipe.recipes"],
    ["aepipe.training"],
    ["aepipe.models"],
    ["aepipe.results"],
    ["aepipe.releases"],
    ["aepipe.noisy_test_set"],
    ["aepipe.part_counts"],
    ["aepipe.datasets.indices", "aepipe.linear", "aepipe.noise", "aepipe.preprocess", "aepipe.splits"],
    ["aepipe.parts"],
    ["aepipe.bonds"],
    ["aepipe.datasets", "aepipe.store"],
    ["aepipe.io"],
    # How far data may drift is chosen with the data, below everything that reads them.
    ["aepipe.checks.settings"],
    # What a metric is called and where it is shown is known below everything that shows one.
    ["aepipe.cells", "aepipe.hardware", "aepipe.notation", "aepipe.packages", "aepipe.similarity"],
    ["aepipe.evaluation.catalogue", "aepipe.evaluation.intervals"],
    ["aepipe.unforeseen", "aepipe.choices"],
    # What is wrong with a value is told in one way, above the words for it.
    ["aepipe.announced", "aepipe.findings"],
    ["aepipe.arrays", "aepipe.errors", "aepipe.suggestions"],
]
# Outside packages that only these may import.
OWNERS = {
    "prefect": {"aepipe.deploy", "aepipe.flows", "aepipe.tasks"},
    "tensorflow": {"aepipe.exports", "aepipe.training"},
    "boto3": {"aepipe.io", "aepipe.store"},
    "botocore": {"aepipe.io", "aepipe.store"},
    "keras": {"aepipe.exports", "aepipe.models", "aepipe.training"},
}
# What takes a while to import, or is not there on a machine that only looks.
SLOW = ("tensorflow", "keras", "prefect", "pandas", "PIL", "boto3", "scipy")
SOURCES = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in sorted((ROOT / top).rglob("*.py"))]


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    # The other folders of the top level are parts of the one package, by links in it.
    parts = parts if parts[0] == "aepipe" else ("aepipe", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def unit_of(module: str) -> str | None:
    """The name in LAYERS that a module belongs to."""
    names = [name for row in LAYERS for name in row if module == name or module.startswith(f"{name}.")]
    return max(names, key=len, default=None)


def imports_of(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def without_types(source: str) -> str:
    """The source without what only type checkers read."""
    tree = ast.parse(source)
    tree.body = [
        node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test))
    ]
    return ast.unparse(tree)


def offences(module: str, source: str) -> list[str]:
    """What this module imports against the design."""
    rank = {name: number for number, row in enumerate(LAYERS) for name in row}
    unit, found, at_run_time = unit_of(module), [], imports_of(without_types(source))
    for imported in sorted(imports_of(source)):
        target, outside = unit_of(imported), imported.partition(".")[0]
        if target is not None and target != unit and rank[target] <= rank[unit]:
            found.append(f"{module} imports {imported}")
        if outside in OWNERS and unit not in OWNERS[outside] and imported in at_run_time:
            found.append(f"{module} imports {imported}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=[module_of(path) for path in SOURCES])
def test_imports_go_one_way(path):
    module = module_of(path)
    if module in ("aepipe", "aepipe.tasks", "aepipe.flows", "aepipe.deploy"):
        # What a package imports, everything in it waits for.
        assert module == "aepipe" or imports_of(path.read_text()) <= {"os"}
        return
    assert unit_of(module) is not None, f"{module} has no place in the layers"
    assert offences(module, path.read_text()) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("aepipe.store.folder", "import prefect"),
        ("aepipe.store.folder", "from aepipe.training import engine"),
        ("aepipe.models.dense", "from aepipe.training.trainer import Trainer"),
        ("aepipe.evaluation.metrics", "from aepipe.recipes import RECIPES"),
        ("aepipe.tasks.train", "from aepipe.flows.train import train"),
        ("aepipe.flows.train", "import keras"),
        ("aepipe.models.dense", "import tensorflow as tf"),
    ],
)
def test_a_wrong_import_is_found(module, source):
    assert offences(module, source)


@pytest.mark.parametrize(
    "statement",
    [
        "import aepipe",
        "import aepipe.cli.app",
        "import aepipe.stages.request",
    ],
)
def test_what_trains_nothing_imports_neither_tensorflow_nor_prefect(statement):
    code = f"{statement}; import sys; print([name for name in {SLOW} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"
