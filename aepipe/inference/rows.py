"""Rows of a built-in data set, as cifar10:test:13 names them, in the order of their source."""

import re
from typing import Literal

import numpy as np

from aepipe import datasets
from aepipe.datasets.images import ImageData
from aepipe.datasets.one_by_one import ArrayRow
from aepipe.errors import ParameterError

Part = Literal["train", "test", "all"]

FORM = re.compile(r"(?P<data_set>[^:]+):(?P<part>train|test|all)(:(?P<first>\d{1,9})(-(?P<last>\d{1,9}))?)?")
RULE = "Rows are DATA-SET:PART:ROWS: part is train, test or all; rows are 13, 0-99, or nothing for all of the part."


def read_rows(text: str) -> list[ArrayRow]:
    """Return rows of a built-in data set, as its source has them; what is not in the cache is downloaded first.

    Args:
        text: Data set, part and rows: cifar10:test:13, mnist:test:0-99, olivetti:all.

    Raises:
        ParameterError: it has another form, or the data set has no such part or rows.
        DataError: there is no such data set, or no source has it as it should be.
    """
    found = FORM.fullmatch(text)
    if found is None or datasets.is_own(found["data_set"]):
        raise ParameterError(RULE, "One's own pictures are named by their place.", rows=text)
    data = datasets.load(found["data_set"])
    part = _rows_of_part(data, found["part"], text)
    first = int(found["first"] or 0)
    last = int(found["last"] or found["first"] or len(part) - 1)
    if not first <= last < len(part):
        raise ParameterError(f"{found['data_set']} has rows 0 to {len(part) - 1} of this part.", rows=text)
    digits, white = len(str(len(part) - 1)), data.pixel_range[1]
    name = f"{found['data_set']}:{found['part']}"
    return [
        ArrayRow(f"{name}:{row:0{digits}d}", np.asarray(data.images[part[row]]), white)
        for row in range(first, last + 1)
    ]


def _rows_of_part(data: ImageData, part: str, text: str) -> range:
    num_train = data.num_official_train
    if part == "all":
        return range(len(data))
    if num_train is None:
        raise ParameterError("The source of these images has no parts.", "Name all of them: all.", rows=text)
    return range(num_train) if part == "train" else range(num_train, len(data))
