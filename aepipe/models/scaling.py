"""Scaling of options to images of another size, and what a code may be there."""

import math
from collections.abc import Collection
from typing import TypeVar

from aepipe.errors import ParameterError
from aepipe.models.options import (
    ModelOptions,
    ResidualOptions,
    StridedOptions,
    WidthsOptions,
    refining_stride,
)
from aepipe.models.patches import patch_grid, usual_code_size

Chosen = TypeVar("Chosen", bound=ModelOptions)

# A code of more than a quarter of the pixels is hardly a bottleneck.
MIN_COMPRESSION = 4
MIN_WIDTH = 2
# Of images larger than its own a recipe's model would have a hundred million weights (64x64x3), and gigabytes of files.
MAX_SCALED_WIDTH, MAX_SCALED_CODE = 2048, 512
# From so many pixels an image is made of patches: PCA of whole ones takes more images, memory and time than there are.
MIN_PIXELS_OF_PATCHES, MIN_SIDE_OF_PATCHES = 64 * 64, 48
# Of the widest layer at 64x64x3: with 128x128x3 each step and each file would be four times as large.
MAX_SCALED_WEIGHTS = 25_165_824


def scale_to_images(
    options: ModelOptions,
    native_shape: tuple[int, int, int],
    image_shape: tuple[int, int, int],
    as_written: Collection[str] = (),
) -> ModelOptions:
    """Return the options for images of another size: dense widths and the code grow with the number of pixels.

    Widths grow to at most 2,048, and of images over 64x64x3 to no more weights than those have; the code to at most
    512 values. What is larger for the native images stays. What starts as PCA of whole images starts, from 64x64
    pixels on, as PCA of patches, with 8 values of the code for each pixel of a side.

    Args:
        options: What was chosen for images of `native_shape`.
        native_shape: (height, width, channels) that the options were chosen for.
        image_shape: That of the images at hand.
        as_written: What is left as it is: code_size, model.hidden_widths, model.architecture.
    """
    native_pixels, num_pixels = math.prod(native_shape), math.prod(image_shape)
    if native_pixels == num_pixels:
        return options
    kept = {name.removeprefix("model.") for name in as_written}
    if isinstance(options, ResidualOptions) and "architecture" not in kept and is_made_of_patches(image_shape):
        code_size = options.code_size if "code_size" in kept else usual_code_size(image_shape)
        return made_of_patches(options, code_size)
    factor = num_pixels / native_pixels
    largest_code = max(1, num_pixels // MIN_COMPRESSION)
    scaled: dict[str, int | tuple[int, ...]] = {
        "code_size": min(largest_code, _scaled(options.code_size, factor, MAX_SCALED_CODE))
    }
    if isinstance(options, WidthsOptions):
        widest = max(MAX_SCALED_CODE, min(MAX_SCALED_WIDTH, MAX_SCALED_WEIGHTS // num_pixels))
        scaled["hidden_widths"] = tuple(_scaled(width, factor, widest) for width in options.hidden_widths)
    return options.model_copy(update={name: value for name, value in scaled.items() if name not in kept})


def made_of_patches(options: ResidualOptions, code_size: int) -> StridedOptions:
    """Return the options of a linear map of patches for one of whole images."""
    return StridedOptions(**options.model_dump(exclude={"architecture", "code_size"}), code_size=code_size)


def possible_models(options: ModelOptions) -> tuple[ModelOptions, ...]:
    """Return a model of each architecture that options come to, whatever the images; the first is their own."""
    return (
        (options, made_of_patches(options, options.code_size)) if isinstance(options, ResidualOptions) else (options,)
    )


def is_made_of_patches(image_shape: tuple[int, int, int]) -> bool:
    """Tell whether images are so large that a linear map of patches stands for one of whole images."""
    height, width, _ = image_shape
    return height * width >= MIN_PIXELS_OF_PATCHES and min(height, width) >= MIN_SIDE_OF_PATCHES


def check_bottleneck(options: Chosen, num_pixels: int) -> Chosen:
    """Return the options if the code is at most a quarter of the pixels.

    Raises:
        ParameterError: it is larger, so that a low error would mean nothing.
    """
    if options.code_size * MIN_COMPRESSION > num_pixels:
        raise ParameterError(
            f"A code has at most a quarter of the image's {num_pixels} values.",
            f"Choose code_size up to {num_pixels // MIN_COMPRESSION}.",
            code_size=options.code_size,
        )
    return options


def check_patches(options: Chosen, image_shape: tuple[int, int, int]) -> Chosen:
    """Return the options if they are not of patches, or patches of such images share the code evenly.

    Raises:
        ParameterError: they can't, or the convolutions' stride does not divide a patch.
    """
    if isinstance(options, StridedOptions):
        block, stride = patch_grid(image_shape, options.code_size, options.block).block, options.stride or 1
        if block % stride:
            rule = "The side of a patch is a multiple of the convolutions' stride."
            raise ParameterError(rule, "Choose a stride of 1.", block=block, stride=stride)
    return options


def describe_patches(options: ModelOptions, image_shape: tuple[int, int, int]) -> str | None:
    """Return in a line what the images' size decided about a model of patches; None for one of whole images."""
    if not isinstance(options, StridedOptions):
        return None
    grid, stride = patch_grid(image_shape, options.code_size, options.block), refining_stride(options, image_shape)
    shape, code = "x".join(map(str, image_shape)), options.code_size
    fewer = math.prod(image_shape) / code
    size = "full size" if stride == 1 else f"1/{stride} of the size"
    return (
        f"images of {shape} as {grid.rows}x{grid.columns} patches of {grid.block}x{grid.block} pixels, {grid.values} "
        f"values each: a code of {code}, {fewer:.1f} times fewer than an image has; convolutions at {size}."
    )


def _scaled(width: int, factor: float, largest: int) -> int:
    return max(MIN_WIDTH, min(round(width * factor), max(width, largest)))
