"""Options of each architecture. Plain data: importing them does not import Keras."""

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field

from aepipe.errors import ParameterError

Activation = Literal["linear", "relu", "elu", "sigmoid", "tanh", "gelu", "silu"]
Initializer = Literal["glorot_uniform", "he_normal", "variance_scaling"]
Width = Annotated[int, Field(ge=1, le=65536)]

# A code of more than a quarter of the pixels is hardly a bottleneck.
MIN_COMPRESSION = 4
MIN_WIDTH = 2
# Of images larger than its own a recipe's model would have a hundred million weights (64x64x3), and gigabytes of files.
MAX_SCALED_WIDTH, MAX_SCALED_CODE = 2048, 512
# Of the widest layer at 64x64x3: with 128x128x3 each step and each file would be four times as large.
MAX_SCALED_WEIGHTS = 25_165_824


class ModelOptions(BaseModel):
    """What every architecture has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code_size: Width = Field(description="Number of values in the code.")
    code_activation: Activation = Field("linear", description="Activation of the code.")
    initializer: Initializer = Field("glorot_uniform", description="How kernels are drawn; biases start at 0.")
    pixel_unit: float = Field(1.0, gt=0, description="The value of white inside the model; the source's 255, or 1.")

    @property
    def penalty(self) -> str:
        """What it is called that the model adds to the loss, if it does."""
        return "L1 of the code"


class PlainOptions(ModelOptions):
    """What the architectures of common layers have."""

    output_activation: Activation = Field("linear", description="Activation of the output.")


class DenseOptions(PlainOptions):
    """Dense layers that narrow to the code and widen again, mirrored."""

    architecture: Literal["dense"] = "dense"
    hidden_widths: tuple[Width, ...] = Field(description="Widths from the input to the code; the decoder mirrors them.")
    activation: Activation = Field("relu", description="Activation of the hidden layers.")


class SubclassedOptions(PlainOptions):
    """Encoder and decoder as subclassed layers of a subclassed model."""

    architecture: Literal["subclassed"] = "subclassed"
    hidden_widths: tuple[Width] = Field(description="Width of the one hidden layer on each side.")
    activation: Activation = Field("relu", description="Activation of the hidden layers.")


class VariationalOptions(PlainOptions):
    """A dense autoencoder whose code is drawn from a normal distribution."""

    architecture: Literal["variational"] = "variational"
    hidden_widths: tuple[Width, ...] = Field(description="Widths from the input to the code; the decoder mirrors them.")
    activation: Activation = Field("relu", description="Activation of the hidden layers.")
    beta: float = Field(1.0, ge=0, description="Weight of the KL term.")

    @property
    def penalty(self) -> str:
        """What it is called that the model adds to the loss: with it the loss is the negative ELBO."""
        return "KL divergence" if self.beta == 1 else f"{self.beta:g} x KL divergence"


class ConvolutionalOptions(PlainOptions):
    """3x3 convolutions, a dense code, transposed convolutions. The code is a quarter of the pixels by default."""

    architecture: Literal["convolutional"] = "convolutional"
    filters: tuple[Width, ...] = Field(
        description="Filters of the encoder's convolutions; the first has stride 2.", min_length=1
    )
    activation: Activation = Field("relu", description="Activation of the convolutions.")
    code_l1: float = Field(0.0, ge=0, description="Weight of the sum of absolute values of a code, for sparsity.")
    normalise_code: bool = Field(False, description="Batch normalisation before the code's activation.")


class ResidualOptions(ModelOptions):
    """A linear code and linear decoder that start as PCA, with 3x3 convolutions before and after that start as nothing.

    The convolutions add to the image what the linear map leaves over, so the model begins as good as PCA.
    """

    architecture: Literal["residual"] = "residual"
    code_activation: Literal["linear"] = "linear"
    output_activation: Literal["clip"] = Field("clip", description="Pixels below 0 become 0, those above 1 become 1.")
    pixel_unit: float = Field(1.0, ge=1, le=1, description="PCA is fitted on pixels in [0, 1].")
    encoder_filters: tuple[Width, ...] = Field((), description="Filters of the convolutions before the code.")
    decoder_filters: tuple[Width, ...] = Field((), description="Filters of the convolutions after the linear decoder.")
    activation: Activation = Field("silu", description="Activation of the convolutions.")
    code_threshold: float = Field(0.0, ge=0, description="Code values up to this size become 0, for sparsity.")
    code_l1: float = Field(0.0, ge=0, description="Weight of the sum of absolute values of a code, for sparsity.")


WidthsOptions = DenseOptions | SubclassedOptions | VariationalOptions
AnyModelOptions = Annotated[WidthsOptions | ConvolutionalOptions | ResidualOptions, Field(discriminator="architecture")]
# By architecture.
OPTIONS: Mapping[str, type[ModelOptions]] = {
    one.model_fields["architecture"].default: one for one in get_args(get_args(AnyModelOptions)[0])
}
Chosen = TypeVar("Chosen", bound=ModelOptions)


def scale_to_pixels(
    options: AnyModelOptions, native_pixels: int, num_pixels: int, as_written: Collection[str] = ()
) -> AnyModelOptions:
    """Return the options for images of another size: dense widths and the code grow with the number of pixels.

    Widths grow to at most 2,048, and of images over 64x64x3 to no more weights than those have; the code to at most
    512 values. What is larger for the native images stays.

    Args:
        options: What was chosen for images of `native_pixels`.
        native_pixels: Pixels times channels of the images that the options were chosen for.
        num_pixels: Pixels times channels of the images at hand.
        as_written: What is not scaled: code_size, model.hidden_widths.
    """
    if native_pixels == num_pixels:
        return options
    factor = num_pixels / native_pixels
    largest_code = max(1, num_pixels // MIN_COMPRESSION)
    scaled: dict[str, int | tuple[int, ...]] = {
        "code_size": min(largest_code, _scaled(options.code_size, factor, MAX_SCALED_CODE))
    }
    if isinstance(options, WidthsOptions):
        widest = max(MAX_SCALED_CODE, min(MAX_SCALED_WIDTH, MAX_SCALED_WEIGHTS // num_pixels))
        scaled["hidden_widths"] = tuple(_scaled(width, factor, widest) for width in options.hidden_widths)
    kept = {name.removeprefix("model.") for name in as_written}
    return options.model_copy(update={name: value for name, value in scaled.items() if name not in kept})


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


def count_parameters(options: AnyModelOptions, image_shape: tuple[int, int, int]) -> int:
    """Return the number of weights of a model for images of (height, width, channels), without building it."""
    if isinstance(options, ConvolutionalOptions):
        return _count_convolutional(options, image_shape)
    if isinstance(options, ResidualOptions):
        values = math.prod(image_shape)
        refinements = map(_count_convolutions, _refinements(options, image_shape[2]))
        return _count_dense([values, options.code_size, values]) + sum(refinements)
    widths = [math.prod(image_shape), *options.hidden_widths, options.code_size]
    count = 2 * _count_dense(widths) - sum(widths[1:]) + sum(widths[:-1])
    if isinstance(options, VariationalOptions):
        # The code's log variances beside its means.
        count += _count_dense(widths[-2:])
    return count


def count_multiplications(options: AnyModelOptions, image_shape: tuple[int, int, int]) -> int:
    """Return about how many multiplications one image takes through a model, for telling long trainings from short."""
    pixels, channels = math.prod(image_shape[:2]), image_shape[2]
    if isinstance(options, ResidualOptions):
        convolutions = sum(map(_kernel_values, _refinements(options, channels)))
        return convolutions * pixels + 2 * pixels * channels * options.code_size
    if not isinstance(options, ConvolutionalOptions):
        return count_parameters(options, image_shape)
    filters = options.filters
    # All but the first and the last convolution work on a quarter of the pixels.
    encoder = _kernel_values((channels, *filters)) * pixels // 4
    decoder = _kernel_values((1, *filters[:0:-1], channels)) * pixels
    return encoder + decoder + pixels // 4 * filters[-1] * options.code_size


def _refinements(options: ResidualOptions, channels: int) -> list[tuple[int, ...]]:
    """Return the channels between the convolutions of each refinement, from image to image."""
    return [(channels, *filters, channels) for filters in (options.encoder_filters, options.decoder_filters) if filters]


def _kernel_values(filters: tuple[int, ...]) -> int:
    return sum(9 * inputs * outputs for inputs, outputs in itertools.pairwise(filters))


def _count_dense(widths: list[int]) -> int:
    return sum((inputs + 1) * outputs for inputs, outputs in itertools.pairwise(widths))


def _count_convolutions(filters: tuple[int, ...]) -> int:
    return _kernel_values(filters) + sum(filters[1:])


def _count_convolutional(options: ConvolutionalOptions, image_shape: tuple[int, int, int]) -> int:
    height, width, channels = image_shape
    small = -(-height // 2) * -(-width // 2)
    encoder = _count_convolutions((channels, *options.filters))
    decoder = _count_convolutions((1, *options.filters[:0:-1], channels))
    code = (small * options.filters[-1] + 1) * options.code_size
    unfold = 0 if options.code_size == small else (options.code_size + 1) * small
    normalisation = 4 * options.code_size if options.normalise_code else 0
    return encoder + decoder + code + unfold + normalisation


def _scaled(width: int, factor: float, largest: int) -> int:
    return max(MIN_WIDTH, min(round(width * factor), max(width, largest)))
