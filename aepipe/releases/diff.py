"""Differences between two releases."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aepipe.releases.manifest import Manifest

MISSING = "-"


@dataclass(frozen=True)
class Difference:
    """One value that differs, by its dotted name."""

    name: str
    before: Any
    after: Any


def compare(before: Manifest, after: Manifest) -> list[Difference]:
    """Return what differs: the code, packages, parameters, each model's data and metrics, the models' bytes."""
    # What one says is none and the other does not say at all is no difference.
    values = [{name: value for name, value in _values(manifest) if value is not None} for manifest in (before, after)]
    names = dict.fromkeys([*values[0], *values[1]])
    rows = [Difference(name, *(side.get(name, MISSING) for side in values)) for name in names]
    return [row for row in rows if row.before != row.after]


def _values(manifest: Manifest) -> Iterator[tuple[str, Any]]:
    yield "git_commit", manifest.git_commit
    yield "hardware", ", ".join(manifest.hardware)
    yield from _flat("packages", manifest.packages)
    yield from _flat("parameters", manifest.parameters)
    yield from _flat("recipes", {name: summary.model_dump(mode="json") for name, summary in manifest.recipes.items()})
    for file in manifest.files:
        if file.path.endswith(".keras"):
            yield file.path, file.sha256


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _flat(f"{name}.{key}", entry)
    else:
        yield name, value
