"""Indices of one's own images at the split: the part of each, and what is remembered of the last state of the data."""

import json
import logging
from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from aepipe.bonds import TEST, Pictures
from aepipe.datasets.index import WITH_PIXELS, Index, read_index
from aepipe.datasets.indices import DIGEST_DIGITS, keep_index, list_indices
from aepipe.datasets.indices import load_index as load_kept
from aepipe.errors import CorruptObjectError, ObjectNotFoundError
from aepipe.parts import remember
from aepipe.splits import Split, SplitSettings
from aepipe.stages.own_data import INDEX as INDEX
from aepipe.stages.results import SplitResult, StageResult
from aepipe.store.interface import Store
from aepipe.store.local_files import local_file

# In an index's facts: how it was divided. Only what was divided in the same way is remembered.
SPLIT = "split"
# Runs that divide one data set in several ways keep an index each.
MAX_LOOKED_AT = 10
logger = logging.getLogger(__name__)


def load_index(store: Store, result: StageResult[Any]) -> Index | None:
    """Return the index that a stage put into the store; None of a built-in set, or of an older version."""
    return read_index(local_file(store, result.files[INDEX])) if INDEX in result.files else None


def divided(index: Index, split: Split, settings: SplitSettings) -> Index:
    """Return an index with the part of each image as it is in a split, and none for all else."""
    parts = np.full(int(index.rows["state"].isin(WITH_PIXELS).sum()), "none", dtype=object)
    for name, rows in {**split.parts, TEST: split.held_out}.items():
        parts[rows] = name
    column = np.full(len(index), "none", dtype=object)
    column[index.rows["state"].isin(WITH_PIXELS).to_numpy()] = parts
    return Index(index.with_column("part", column).rows, {**index.facts, SPLIT: _said(settings)})


def remembered_parts(store: Store, data_set: str, settings: SplitSettings) -> Mapping[bytes, str]:
    """Return the parts of the last state of a data set that was divided in the same way; none where there was none."""
    for key in islice(list_indices(store, data_set, "split"), MAX_LOOKED_AT):
        try:
            index = load_kept(store, key)
        except (CorruptObjectError, ObjectNotFoundError) as error:
            logger.warning("What is remembered of %s is passed over: %s: %s", data_set, key, error)
            continue
        if index.facts.get(SPLIT) == _said(settings):
            pictures = Pictures.of_index(index)
            return remember(pictures, pictures.given)
    return {}


def keep_split_index(store: Store, data_set: str, result: SplitResult) -> None:
    """Put a split's index beside the data set's others, as the newest of them."""
    if INDEX not in result.files:
        return
    newest = next(iter(list_indices(store, data_set, "split")), "")
    if not newest.endswith(f"-{result.files[INDEX].sha256[:DIGEST_DIGITS]}.parquet"):
        keep_index(store, data_set, "split", local_file(store, result.files[INDEX]))


def _said(settings: SplitSettings) -> str:
    return json.dumps(settings.model_dump(mode="json"), sort_keys=True)
