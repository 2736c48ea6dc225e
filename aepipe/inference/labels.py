"""Labels of pictures that are known beside their pixels: classes by folder or data set, verdicts of earlier scores."""

from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from aepipe import datasets
from aepipe.datasets.own.rows import path_of
from aepipe.inference.rows import FORM
from aepipe.results import list_results, read_table
from aepipe.store import Store


def classes_of(paths: Sequence[str], rows: str | None) -> list[str | None]:
    """Return the class of each picture: the folder that it is in, or what the data set says of the row.

    Args:
        paths: The pictures'.
        rows: The rows of a built-in data set that they are; None for one's own pictures.
    """
    found = None if rows is None else FORM.fullmatch(rows)
    if found is None:
        folders = [PurePosixPath(path).parent.as_posix() for path in paths]
        return [None if folder == "." else path_of(folder) for folder in folders]
    data = datasets.load(found["data_set"])
    if data.labels is None:
        return [None] * len(paths)
    first = (data.num_official_train or 0) if found["part"] == "test" else 0
    labels = np.asarray(data.labels)[[first + int(path.rpartition(":")[2]) for path in paths]]
    return [data.label_names[label] if data.label_names else str(label) for label in labels]


def verdicts_of(store: Store, model: str, release: str, digests: Sequence[str]) -> list[str | None]:
    """Return the verdict of each picture in the latest scores by a model of a release; None where it has no score."""
    wanted, verdicts = set(digests), dict[str, str]()
    for manifest in list_results(store, model, "score"):
        if manifest.release == release and len(verdicts) < len(wanted):
            table = read_table(store, manifest, ["digest", "verdict"]).dropna()
            verdicts = {**dict(zip(table["digest"], table["verdict"], strict=True)), **verdicts}
            verdicts = {digest: verdict for digest, verdict in verdicts.items() if digest in wanted}
    return [verdicts.get(digest) for digest in digests]
