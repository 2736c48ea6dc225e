"""Kinds of the files that stages leave, by their endings."""

from collections.abc import Mapping
from pathlib import PurePath

from aepipe.errors import ParameterError
from aepipe.exports.formats import MODEL_SUFFIXES
from aepipe.store.refs import Kind

KINDS: Mapping[str, Kind] = {
    ".npy": "data",
    ".npz": "data",
    ".csv": "table",
    ".parquet": "table",
    ".png": "figure",
    ".html": "document",
    ".md": "document",
    ".json": "document",
    **dict.fromkeys(MODEL_SUFFIXES, "model"),
}


def kind_of(path: PurePath) -> Kind:
    """Return what a stage's file is good for.

    Raises:
        ParameterError: its ending is none of the known ones.
    """
    if "tensorboard" in path.parts:
        return "log"
    if path.suffix not in KINDS:
        rule = f"A stage's files end with one of {', '.join(sorted(KINDS))}."
        raise ParameterError(rule, "Add the ending to aepipe.stages.kinds, or the format's to FORMATS.", file=path.name)
    return KINDS[path.suffix]
