"""Types of arrays for signatures. `Float32[np.ndarray, "num_images height width channels"]` names its axes.

To whoever runs or checks the package such a type is the array alone. The tests put jaxtyping's types of the same names
in their place, which check at every call that axes of one name are of one length.
"""

from collections.abc import Iterator
from typing import Annotated as Float
from typing import Annotated as Float32
from typing import Annotated as Float64
from typing import Annotated as Int
from typing import Annotated as Real
from typing import Annotated as UInt8
from typing import Any, Protocol

import numpy as np

__all__ = ["Float", "Float32", "Float64", "Int", "Real", "UInt8"]


class Images(Protocol):
    """Images as one array, in memory or on disk: rows are read when they are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(num_images, height, width, channels)."""

    @property
    def dtype(self) -> np.dtype:
        """Of the values."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[np.ndarray]: ...

    def __getitem__(self, rows: Any) -> Any: ...
