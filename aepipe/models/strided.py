"""A linear autoencoder of patches that starts as their PCA, and convolutions that learn what it leaves over.

A patch and its margin become values of the code by a strided convolution, the same everywhere, and a transposed one
draws them again. So there are many samples of a patch in few pictures, and no more weights in a large picture than in a
small one. At the start the margins have no weight: an untrained model is PCA of patches.
"""

from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

from aepipe.linear import PrincipalComponents, most_rows
from aepipe.models.autoencoder import Autoencoder, compose, kernel_initializer
from aepipe.models.backend import keras
from aepipe.models.layers import CodePenalty, CodeThreshold, MirrorPadding
from aepipe.models.options import StridedOptions, refining_stride
from aepipe.models.patches import PatchGrid, patch_grid
from aepipe.models.refinement import refine
from aepipe.models.seeds import Seeds

# Of the images that patches are cut from: 256 MiB of float32.
MAX_VALUES = 1 << 26


def build(options: StridedOptions, image_shape: tuple[int, int, int], seeds: Seeds) -> Autoencoder:
    """Return refined images to a linear code of patches, and linearly decoded images refined."""
    grid = patch_grid(image_shape, options.code_size, options.block)
    stride = refining_stride(options, image_shape)
    encoder = _encoder(options, image_shape, grid, stride, seeds)
    return compose(encoder, _decoder(options, image_shape, grid, stride, seeds), "strided_autoencoder")


def fit_start(autoencoder: Autoencoder, images: Callable[[int], np.ndarray]) -> None:
    """Set the linear layers to the principal components of patches; those beyond the rank stay as drawn."""
    code, patches = autoencoder.encoder.get_layer("code_patches"), autoencoder.decoder.get_layer("patches")
    side, margin, shape = code.strides[0], (code.kernel_size[0] - code.strides[0]) // 2, autoencoder.model.input_shape
    sample = _patches(images(max(1, MAX_VALUES // np.prod(shape[1:]))), side)
    # One thread: with several the last bits depend on their number.
    with threadpool_limits(1):
        found = PrincipalComponents.fit(sample, code.filters)
    # A transposed convolution has one bias for each channel: the mean colour.
    colour = found.mean.reshape(-1, shape[-1]).mean(axis=0)
    kernel, inverse = code.get_weights()[0], np.zeros(patches.kernel.shape, np.float32)
    rank, inner = len(found.components), slice(margin, margin + side)
    kernel[..., :rank] = 0
    drawn = found.components.T.reshape(side, side, shape[-1], rank)
    kernel[inner, inner, :, :rank] = inverse[inner, inner, :, :rank] = drawn
    code.set_weights([kernel, -np.tensordot(colour, kernel.sum(axis=(0, 1)), 1)])
    patches.set_weights([inverse, colour])


def _encoder(
    options: StridedOptions, image_shape: tuple[int, int, int], grid: PatchGrid, stride: int, seeds: Seeds
) -> keras.Model:
    images = keras.Input(image_shape, name="images")
    below, right = grid.beyond(image_shape)
    margin = grid.margin
    padded = MirrorPadding((margin, margin + below), (margin, margin + right), name="padded")(images)
    refined = refine(padded, options.encoder_filters, options, seeds, stride)
    code = keras.layers.Conv2D(
        grid.values,
        grid.window,
        strides=grid.block,
        kernel_initializer=kernel_initializer(options, seeds),
        name="code_patches",
    )(refined)
    code = keras.layers.Flatten(name="code")(code)
    if options.code_threshold:
        code = CodeThreshold(options.code_threshold, name="code_threshold")(code)
    if options.code_l1:
        code = CodePenalty(options.code_l1, name="code_penalty")(code)
    return keras.Model(images, code, name="encoder")


def _decoder(
    options: StridedOptions, image_shape: tuple[int, int, int], grid: PatchGrid, stride: int, seeds: Seeds
) -> keras.Model:
    code = keras.Input((options.code_size,), name="code")
    patches = keras.layers.Reshape((grid.rows, grid.columns, grid.values), name="code_image")(code)
    images = keras.layers.Conv2DTranspose(
        image_shape[2],
        grid.window,
        strides=grid.block,
        padding="same",
        kernel_initializer=kernel_initializer(options, seeds),
        name="patches",
    )(patches)
    images = refine(images, options.decoder_filters, options, seeds, stride)
    below, right = grid.beyond(image_shape)
    if below or right:
        images = keras.layers.Cropping2D(((0, below), (0, right)), name="crop")(images)
    return keras.Model(code, keras.layers.ReLU(max_value=1, name="reconstruction")(images), name="decoder")


def _patches(images: np.ndarray, side: int) -> np.ndarray:
    """Return a sample of the patches of images, (num_patches, side, side, channels)."""
    rows, columns = (-(-length // side) for length in images.shape[1:3])
    beyond = [(0, 0), (0, rows * side - images.shape[1]), (0, columns * side - images.shape[2]), (0, 0)]
    padded = np.pad(images, beyond, mode="reflect")
    num_images, *_, channels = padded.shape
    cut = padded.reshape(num_images, rows, side, columns, side, channels).swapaxes(2, 3)
    cut = cut.reshape(-1, side, side, channels)
    most = most_rows(side * side * channels)
    # Not evenly spaced: those could be of one column.
    return cut if len(cut) <= most else cut[np.random.Generator(np.random.PCG64(0)).permutation(len(cut))[:most]]
