"""Fingerprints: equal work has an equal name, so that it is done once."""

import ast
import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path

from pydantic import BaseModel

from aepipe.io.hashing import canonical_json
from aepipe.packages import installed_version

# They move bytes, sort files, count cores, report errors, hold limits and what was computed; no stage's results depend
# on them.
NOT_IN_RESULTS = (
    *("aepipe.store", "aepipe.errors", "aepipe.io"),
    *("aepipe.checks.settings", "aepipe.choices", "aepipe.findings", "aepipe.hardware", "aepipe.suggestions"),
    "aepipe.stages.kinds",
    *("aepipe.stages.facts", "aepipe.stages.results", "aepipe.stages.stage"),
)
# Statements that import, one of several lines as a whole.
IMPORTS = re.compile(r"^[ \t]*((?:from[ \t]+\S+[ \t]+)?import\b(?:[ \t]*\([^)]*\)|.*))", re.MULTILINE)


def fingerprint(
    stage: str,
    parameters: BaseModel,
    inputs: Mapping[str, str],
    modules: Iterable[str],
    libraries: Iterable[str] = (),
) -> str:
    """Return the sha256 that names one piece of work, as 64 hex digits.

    Args:
        stage: The stage's name.
        parameters: Its typed parameters; every field counts.
        inputs: A digest for each thing the stage reads, by name.
        modules: Modules that the stage runs; what they import of their own package counts too.
        libraries: Distributions whose version changes the result.
    """
    return hashlib.sha256(
        canonical_json(
            {
                "stage": stage,
                "parameters": parameters.model_dump(mode="json"),
                "inputs": dict(inputs),
                "sources": source_digests(modules),
                "libraries": {name: _version(name) for name in libraries},
            }
        )
    ).hexdigest()


def source_digests(modules: Iterable[str]) -> dict[str, str]:
    """Return module name to sha256 of its source, for these modules and all that they import of their own package.

    The store and the errors are left out: `NOT_IN_RESULTS`.
    """
    found: dict[str, str] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name not in found and not name.startswith(NOT_IN_RESULTS):
            found[name], imported = _read_module(name)
            waiting.extend(imported)
    return found


# What a process has imported is as it was then.
_version = cache(installed_version)


@cache
def _read_module(name: str) -> tuple[str, tuple[str, ...]]:
    path = module_path(name)
    source = path.read_bytes()
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    imported = (
        _project_imports(_imports_of(importlib.util.decode_source(source)), package) if path.suffix == ".py" else ()
    )
    return hashlib.sha256(source).hexdigest(), tuple(imported)


def _imports_of(source: str) -> ast.Module:
    """Return a module that has at least the imports of another one: to parse all of that takes many times as long."""
    try:
        return ast.parse("\n".join(IMPORTS.findall(source)))
    except SyntaxError:
        # It has words that look like one, or one in a shape that nobody writes.
        return ast.parse(source)


@cache
def module_path(name: str) -> Path:
    """Return the source file of a module, which is found but not imported."""
    loaded = getattr(sys.modules.get(name), "__file__", None)
    if loaded is not None:
        return Path(loaded)
    parent = name.rpartition(".")[0]
    # By its name alone it would be found by an import of its package, and of all that this imports.
    spec = PathFinder.find_spec(name, [str(module_path(parent).parent)]) if parent else importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"A stage names a module that does not exist. Received: module={name!r}.")
    return Path(spec.origin)


def _project_imports(tree: ast.AST, package: str) -> Iterable[str]:
    project = package.partition(".")[0]
    # Of aepipe, one from outside has what its own architectures have: with a recipe's classes came every other recipe.
    counted = f"{project}.", "aepipe.models."
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith(counted))
        elif isinstance(node, ast.ImportFrom):
            # A recipe from outside may import its neighbours by dots.
            module = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            if project and f"{module}.".startswith(counted):
                for alias in node.names:
                    submodule = f"{module}.{alias.name}"
                    yield submodule if _is_module(submodule) else module


def _statements(tree: ast.AST) -> Iterable[ast.AST]:
    """Yield all statements, also those inside others; expressions, which are many, import nothing."""
    for block in ("body", "orelse", "finalbody", "handlers", "cases"):
        inner = getattr(tree, block, None)
        for statement in inner if isinstance(inner, list) else ():
            yield statement
            yield from _statements(statement)


@cache
def _is_module(name: str) -> bool:
    parent, _, child = name.rpartition(".")
    path = module_path(parent)
    return path.name == "__init__.py" and any(
        candidate.is_file() for candidate in (path.parent / f"{child}.py", path.parent / child / "__init__.py")
    )
