"""A fingerprint changes with everything that the result depends on, and with nothing else."""

import ast
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

import aepipe
from aepipe.stages.fingerprint import (
    _imports_of,
    _is_module,
    _project_imports,
    _read_module,
    canonical_json,
    fingerprint,
    module_path,
    source_digests,
)


class Parameters(BaseModel):
    epochs: int = 3


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose module `stage` imports `used` and not `unused`."""
    root = tmp_path / "fake_package"
    (root / "inner").mkdir(parents=True)
    for name, source in {
        "__init__.py": "",
        "inner/__init__.py": "",
        "inner/deep.py": "DEPTH = 1\n",
        "stage.py": "def work():\n    from fake_package import used\n    return used\n",
        "used.py": "import fake_package.inner.deep\n",
        "unused.py": "",
    }.items():
        (root / name).write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    yield root
    for name in [name for name in sys.modules if name.startswith("fake_package")]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def forget_sources():
    for cached in (_is_module, _read_module, module_path):
        cached.cache_clear()


def name_of(parameters=Parameters(), inputs=None, modules=("fake_package.stage",)) -> str:  # noqa: B008
    for cached in (_is_module, _read_module, module_path):
        cached.cache_clear()
    return fingerprint("stage", parameters, inputs or {"data": "ab"}, modules, ["numpy"])


def test_what_a_module_imports_counts_and_what_it_does_not_import_does_not(package):
    assert set(source_digests(["fake_package.stage"])) == {
        "fake_package.stage",
        "fake_package.used",
        "fake_package.inner.deep",
    }


def test_the_same_work_has_the_same_name(package):
    assert name_of() == name_of(Parameters(epochs=3), {"data": "ab"})


def test_parameters_inputs_and_stage_count(package):
    names = {name_of(), name_of(Parameters(epochs=4)), name_of(inputs={"data": "cd"}), name_of(inputs={"other": "ab"})}
    assert len(names) == 4


@pytest.mark.parametrize("changed", ["stage.py", "used.py", "inner/deep.py"])
def test_a_changed_module_that_runs_changes_the_name(package, changed):
    before = name_of()
    with (package / changed).open("a") as file:
        file.write("# a comment\n")
    assert name_of() != before


def test_a_changed_module_that_does_not_run_changes_nothing(package):
    before = name_of()
    (package / "unused.py").write_text("# a comment\n")
    assert name_of() == before


def test_a_module_that_does_not_exist_is_an_error(package):
    with pytest.raises(ModuleNotFoundError, match="fake_package"):
        name_of(modules=("fake_package.gone",))


def test_numbers_that_are_not_finite_have_no_name():
    with pytest.raises(ValueError, match="JSON"):
        canonical_json({"loss": float("nan")})


def test_the_store_and_the_errors_are_no_part_of_what_a_stage_computes():
    sources = source_digests(["aepipe.stages.data", "aepipe.evaluation.measure"])
    assert {"aepipe.preprocess", "aepipe.splits", "aepipe.evaluation.metrics", "aepipe.noise"} <= set(sources)
    assert [name for name in sources if name.startswith(("aepipe.store", "aepipe.errors"))] == []


def test_one_architecture_does_not_depend_on_another():
    assert "aepipe.models.convolutional" not in source_digests(["aepipe.training.trainer", "aepipe.models.dense"])


SHAPES = {
    "several lines": "from fake_package import (\n    used,  # one\n    unused,\n)",
    "a bracket in a comment": "from fake_package import (\n    used,  # :)\n    unused,\n)",
    "a backslash": "from fake_package import used, \\\n    unused",
    "in a function": "def work():\n    from fake_package import used\n    import fake_package.unused",
    "beside words": '"""What it\nimports is not all.\n"""\nimport fake_package.used\nfrom . import unused',
    "in another encoding": "# -*- coding: latin-1 -*-\nfrom fake_package import used, unused  # \xe4",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_imports_count_in_whatever_shape_they_are(package, shape):
    (package / "stage.py").write_bytes(SHAPES[shape].encode("latin-1"))
    found = {name.split(".")[1] for name in source_digests(["fake_package.stage"]) if name.count(".")}
    assert {"stage", "used", "unused"} <= found


def test_no_import_of_this_package_is_overlooked():
    for path in Path(aepipe.__file__).parent.rglob("*.py"):
        source, package = path.read_text(), ".".join(path.relative_to(Path(aepipe.__file__).parents[1]).parent.parts)
        found, all_of_it = (set(_project_imports(tree, package)) for tree in (_imports_of(source), ast.parse(source)))
        assert found == all_of_it, path
