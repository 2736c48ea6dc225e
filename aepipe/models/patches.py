"""Patches of an image: how large they are, how many, and how many values of the code each of them has."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from aepipe.errors import ParameterError

# A larger one is many pictures' worth of weights, and is learned by heart as whole images are.
BLOCKS = (4, 8, 16, 32)
# Of one patch: fewer say little of a large patch, more say as much of smaller ones.
USUAL_VALUES = 32
VALUES_OF_SIDE, MIN_SIDE_OF_LARGE_BLOCKS = 8, 192


@dataclass(frozen=True)
class PatchGrid:
    """The patches of an image, each with as many values of the code.

    Attributes:
        block: Pixels of a patch's side.
        rows: Patches over the height; the last may reach beyond the image.
        columns: Patches over the width.
        values: Values of the code for each patch.
    """

    block: int
    rows: int
    columns: int
    values: int

    @property
    def code_size(self) -> int:
        """Values of the whole code."""
        return self.rows * self.columns * self.values

    @property
    def margin(self) -> int:
        """Pixels around a patch that its values depend on, and that they change."""
        return self.block // 2

    @property
    def window(self) -> int:
        """Pixels of the side of a patch with its margin."""
        return self.block + 2 * self.margin

    def beyond(self, image_shape: tuple[int, int, int]) -> tuple[int, int]:
        """Return how far the patches reach below the image and to the right of it."""
        return self.rows * self.block - image_shape[0], self.columns * self.block - image_shape[1]


def patch_grid(image_shape: tuple[int, int, int], code_size: int, block: int | None = None) -> PatchGrid:
    """Return the patches of an image of (height, width, channels) that share a code evenly.

    Args:
        image_shape: Of one image.
        code_size: Values of the whole code.
        block: Pixels of a patch's side; None for the side with which a patch has about 32 values.

    Raises:
        ParameterError: no patches share so many values evenly.
    """
    grids = list(_grids(image_shape, code_size, block))
    fitting = [grid for grid in grids if grid.code_size == code_size]
    if not fitting:
        raise ParameterError(
            "Each patch of an image has the same number of the code's values.",
            _way_out(image_shape, code_size, block),
            code_size=code_size,
            image_shape="x".join(str(length) for length in image_shape),
            **({} if block is None else {"block": block}),
        )
    return min(fitting, key=lambda grid: abs(math.log(grid.values / USUAL_VALUES)))


def usual_code_size(image_shape: tuple[int, int, int]) -> int:
    """Return the size of a code with about 8 values for each pixel of a side: 512 at 64x64, 2048 at 256x256.

    A larger picture of the same thing does not say as much more as it has more pixels.
    """
    height, width, _ = image_shape
    side = math.sqrt(height * width)
    block = 16 if side < MIN_SIDE_OF_LARGE_BLOCKS else 32
    return -(-height // block) * -(-width // block) * max(1, round(VALUES_OF_SIDE * block**2 / side))


def _grids(image_shape: tuple[int, int, int], code_size: int, block: int | None) -> Iterator[PatchGrid]:
    """Yield the patches that there may be, with at least one value and at most as many as pixels."""
    height, width, channels = image_shape
    for side in BLOCKS if block is None else (block,):
        rows, columns = -(-height // side), -(-width // side)
        values = code_size // (rows * columns)
        grid = PatchGrid(side, rows, columns, values)
        # What lies beyond an image repeats it in a mirror, and no more than once.
        is_mirrored = max(grid.beyond(image_shape)) + grid.margin < min(height, width)
        if is_mirrored and 1 <= values <= side * side * channels:
            yield grid


def _way_out(image_shape: tuple[int, int, int], code_size: int, block: int | None) -> str:
    """Return what to choose instead: the nearest sizes of a code."""
    height, width, _ = image_shape
    sides = [side for side in (BLOCKS if block is None else (block,)) if side <= min(height, width)]
    counts = [-(-height // side) * -(-width // side) for side in sides]
    below = max((code_size // count * count for count in counts), default=0)
    above = min((-(-code_size // count) * count for count in counts), default=0)
    sizes = " or ".join(str(size) for size in sorted({below, above}) if size)
    return f"Choose code_size={sizes}." if sizes else f"Choose a block of at most {min(height, width)} pixels."
