"""Patches of an image: how large they are, how many, and how many values of the code each of them has."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from aepipe.errors import ParameterError

# A larger one is many pictures' worth of weights, and is learned by heart as whole images are.
BLOCKS = (4, 8, 16, 32)
MIN_BLOCK = 2
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
    def num_patches(self) -> int:
        """Patches of an image."""
        return self.rows * self.columns

    @property
    def code_size(self) -> int:
        """Values of the whole code."""
        return self.num_patches * self.values

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
        ParameterError: the image is too narrow for patches, or none share so many values evenly.
    """
    grids = [replace(grid, values=code_size // grid.num_patches) for grid in _grids(image_shape, block)]
    largest = {grid: grid.block**2 * image_shape[2] for grid in grids}
    fitting = [grid for grid in grids if grid.code_size == code_size and 1 <= grid.values <= largest[grid]]
    shape, chosen = "x".join(str(length) for length in image_shape), {} if block is None else {"block": block}
    if not grids:
        raise ParameterError(
            "An image is wider and higher than a patch's margin, and than what its patches reach beyond it.",
            _way_out_of_narrow(image_shape),
            image_shape=shape,
            **chosen,
        )
    if not fitting:
        raise ParameterError(
            "Each patch of an image has the same number of the code's values.",
            _way_out(grids, code_size),
            code_size=code_size,
            image_shape=shape,
            **chosen,
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


def _grids(image_shape: tuple[int, int, int], block: int | None) -> Iterator[PatchGrid]:
    """Yield the patches that there may be, with a value each."""
    height, width, _ = image_shape
    for side in BLOCKS if block is None else (block,):
        grid = PatchGrid(side, -(-height // side), -(-width // side), 1)
        # What lies beyond an image repeats it in a mirror, and no more than once.
        if max(grid.beyond(image_shape)) + grid.margin < min(height, width):
            yield grid


def _way_out_of_narrow(image_shape: tuple[int, int, int]) -> str:
    """Return the largest patches that the image is wide and high enough for."""
    fitting = [side for side in (MIN_BLOCK, *BLOCKS) if any(_grids(image_shape, side))]
    return f"Choose model.block={max(fitting)}." if fitting else "Choose model.architecture=dense."


def _way_out(grids: Sequence[PatchGrid], code_size: int) -> str:
    """Return what to choose instead: the nearest sizes of a code."""
    below = max(code_size // grid.num_patches * grid.num_patches for grid in grids)
    above = min(-(-code_size // grid.num_patches) * grid.num_patches for grid in grids)
    return f"Choose code_size={' or '.join(str(size) for size in sorted({below, above}) if size)}."
