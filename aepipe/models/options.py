"""Options of each architecture. Plain data: importing them does not import Keras."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aepipe.models.patches import patch_grid

Activation = Literal["linear", "relu", "elu", "sigmoid", "tanh", "gelu", "silu"]
Initializer = Literal["glorot_uniform", "he_normal", "variance_scaling"]
# Those whose values reach down to -1, black where pixels are around 0.
SIGNED = ("linear", "tanh", "elu")
Width = Annotated[int, Field(ge=1, le=65536)]

# Of the convolutions on one image: with more a step on some of 256x256 takes over a second on two cores.
MAX_REFINING_MULTIPLICATIONS = 400_000_000
STRIDES = (1, 2, 4)


class ModelOptions(BaseModel):
    """What every architecture has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The module with `build(options, image_shape, seeds)`, and `fit_start(autoencoder, images)` where the weights to
    # start with come from the images. Named, not imported, so that listing recipes does not import Keras, and a change
    # in one architecture does not touch the fingerprints of the others.
    built_by: ClassVar[str]

    architecture: str
    code_size: Width = Field(description="Number of values in the code.")
    code_activation: Activation = Field("linear", description="Activation of the code.")
    initializer: Initializer = Field("glorot_uniform", description="How kernels are drawn; biases start at 0.")
    pixel_unit: float = Field(1.0, gt=0, description="The value of white inside the model; the source's 255, or 1.")
    zero_centred: bool = Field(
        False, description="Black is minus what white is inside the model, so that pixels are around 0."
    )

    @property
    def penalty(self) -> str:
        """What it is called that the model adds to the loss, if it does."""
        return "L1 of the code"


class PlainOptions(ModelOptions):
    """What the architectures of common layers have."""

    output_activation: Activation = Field("linear", description="Activation of the output.")

    @model_validator(mode="after")
    def _gives_black(self) -> Self:
        if self.zero_centred and self.output_activation not in SIGNED:
            raise ValueError(f"zero_centred takes an output_activation that gives negative values: {', '.join(SIGNED)}")
        return self


class DenseOptions(PlainOptions):
    """Dense layers that narrow to the code and widen again, mirrored."""

    built_by: ClassVar[str] = "aepipe.models.dense"

    architecture: Literal["dense"] = "dense"
    hidden_widths: tuple[Width, ...] = Field(description="Widths from the input to the code; the decoder mirrors them.")
    activation: Activation = Field("relu", description="Activation of the hidden layers.")


class SubclassedOptions(PlainOptions):
    """Encoder and decoder as subclassed layers of a subclassed model."""

    built_by: ClassVar[str] = "aepipe.models.subclassed"

    architecture: Literal["subclassed"] = "subclassed"
    hidden_widths: tuple[Width] = Field(description="Width of the one hidden layer on each side.")
    activation: Activation = Field("relu", description="Activation of the hidden layers.")


class VariationalOptions(PlainOptions):
    """A dense autoencoder whose code is drawn from a normal distribution."""

    built_by: ClassVar[str] = "aepipe.models.variational"

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

    built_by: ClassVar[str] = "aepipe.models.convolutional"

    architecture: Literal["convolutional"] = "convolutional"
    filters: tuple[Width, ...] = Field(
        description="Filters of the encoder's convolutions; the first has stride 2.", min_length=1
    )
    activation: Activation = Field("relu", description="Activation of the convolutions.")
    code_l1: float = Field(
        0.0,
        ge=0,
        title="Code sparsity",
        description="Weight of the sum of absolute values of a code, for sparsity.",
    )
    normalise_code: bool = Field(False, description="Batch normalisation before the code's activation.")


class LinearStartOptions(ModelOptions):
    """What the architectures have whose code and decoder start as a linear map, with convolutions before and after.

    The convolutions start as nothing and add to the image what the linear map leaves over, so the model begins as good
    as that.
    """

    code_activation: Literal["linear"] = "linear"
    output_activation: Literal["clip"] = Field("clip", description="Pixels below 0 become 0, those above 1 become 1.")
    pixel_unit: float = Field(1.0, ge=1, le=1, description="PCA is fitted on pixels in [0, 1].")
    zero_centred: bool = Field(False, description="PCA takes the images' mean off by itself.")
    encoder_filters: tuple[Width, ...] = Field((), description="Filters of the convolutions before the code.")
    decoder_filters: tuple[Width, ...] = Field((), description="Filters of the convolutions after the linear decoder.")
    activation: Activation = Field("silu", description="Activation of the convolutions.")
    code_threshold: float = Field(0.0, ge=0, description="Code values up to this size become 0, for sparsity.")
    code_l1: float = Field(
        0.0,
        ge=0,
        title="Code sparsity",
        description="Weight of the sum of absolute values of a code, for sparsity.",
    )

    @field_validator("zero_centred")
    @classmethod
    def _has_its_mean(cls, zero_centred: bool) -> bool:
        if zero_centred:
            raise ValueError("a model that starts as PCA takes the images' mean off by itself")
        return zero_centred


class ResidualOptions(LinearStartOptions):
    """A linear map of whole images, which starts as their PCA."""

    built_by: ClassVar[str] = "aepipe.models.residual"

    architecture: Literal["residual"] = "residual"


class StridedOptions(LinearStartOptions):
    """A linear map of overlapping patches, the same for all places, which starts as the PCA of patches.

    The code is spatial: it has as many values for each patch. The weights do not grow with the image.
    """

    built_by: ClassVar[str] = "aepipe.models.strided"

    architecture: Literal["strided"] = "strided"
    initializer: Initializer = Field("he_normal", description="How kernels are drawn; biases start at 0.")
    decoder_filters: tuple[Width, ...] = Field(
        (32, 32, 32), description="Filters of the convolutions after the linear decoder."
    )
    block: int | None = Field(
        None, ge=2, le=256, description="Pixels of a patch's side; by the sizes of image and code where left out."
    )
    stride: int | None = Field(
        None, ge=1, le=8, description="Pixels that the convolutions make a step of; by the image's size where left out."
    )


WidthsOptions = DenseOptions | SubclassedOptions | VariationalOptions
# aepipe's own, by architecture; `aepipe.models.architectures` has others, too.
OWN_OPTIONS: Mapping[str, type[ModelOptions]] = {
    one.model_fields["architecture"].default: one
    for one in (
        *(DenseOptions, SubclassedOptions, VariationalOptions),
        *(ConvolutionalOptions, ResidualOptions, StridedOptions),
    )
}


def refining_stride(options: StridedOptions, image_shape: tuple[int, int, int]) -> int:
    """Return how many pixels the convolutions make one step of: as few as the time for a step allows."""
    if options.stride is not None:
        return options.stride
    grid = patch_grid(image_shape, options.code_size, options.block)
    possible = [stride for stride in STRIDES if grid.block % stride == 0]
    cheap = [s for s in possible if _refining(options, image_shape, s) <= MAX_REFINING_MULTIPLICATIONS]
    return min(cheap, default=max(possible))


def count_parameters(options: ModelOptions, image_shape: tuple[int, int, int]) -> int:
    """Return the number of weights of a model for images of (height, width, channels); aepipe's own are not built."""
    if type(options) not in OWN_OPTIONS.values():
        # Here, because it is built by Keras, which takes seconds to import.
        from aepipe.models import count_built

        return count_built(options, image_shape)
    if isinstance(options, ConvolutionalOptions):
        return _count_convolutional(options, image_shape)
    if isinstance(options, LinearStartOptions):
        return _count_linear(options, image_shape) + _count_refinements(options, image_shape)
    assert isinstance(options, WidthsOptions)
    widths = [math.prod(image_shape), *options.hidden_widths, options.code_size]
    count = 2 * _count_dense(widths) - sum(widths[1:]) + sum(widths[:-1])
    if isinstance(options, VariationalOptions):
        # The code's log variances beside its means.
        count += _count_dense(widths[-2:])
    return count


def count_multiplications(options: ModelOptions, image_shape: tuple[int, int, int]) -> int:
    """Return about how many multiplications one image takes through a model, for telling long trainings from short."""
    pixels, channels = math.prod(image_shape[:2]), image_shape[2]
    if type(options) not in OWN_OPTIONS.values():
        # What a linear map takes: more is not known of one from outside.
        return 2 * pixels * channels * options.code_size
    if isinstance(options, ResidualOptions):
        return _refining(options, image_shape, 1) + 2 * pixels * channels * options.code_size
    if isinstance(options, StridedOptions):
        window = patch_grid(image_shape, options.code_size, options.block).window
        refining = _refining(options, image_shape, refining_stride(options, image_shape))
        return refining + 2 * window**2 * channels * options.code_size
    if not isinstance(options, ConvolutionalOptions):
        return count_parameters(options, image_shape)
    filters = options.filters
    # All but the first and the last convolution work on a quarter of the pixels.
    encoder = _kernel_values((channels, *filters)) * pixels // 4
    decoder = _kernel_values((1, *filters[:0:-1], channels)) * pixels
    return encoder + decoder + pixels // 4 * filters[-1] * options.code_size


def _refining(options: LinearStartOptions, image_shape: tuple[int, int, int], stride: int) -> int:
    """Return how many multiplications the convolutions around a linear map take on one image."""
    kernels = _refining_kernels(options, image_shape[2], stride)
    return sum(side**2 * i * o for side, i, o in kernels) * math.prod(image_shape[:2]) // stride**2


def _refining_kernels(options: LinearStartOptions, channels: int, stride: int) -> Iterator[tuple[int, int, int]]:
    """Yield side, inputs and outputs of the convolutions around a linear map, from image to image."""
    for filters in (options.encoder_filters, options.decoder_filters):
        if filters:
            outer = outer_side(stride)
            sides = [outer, *[3] * (len(filters) - 1), outer]
            yield from zip(sides, (channels, *filters), (*filters, channels), strict=True)


def outer_side(stride: int) -> int:
    """Return the side of the kernels that lead from an image to steps of a stride and back: they overlap."""
    return 3 if stride == 1 else 2 * stride


def _count_refinements(options: LinearStartOptions, image_shape: tuple[int, int, int]) -> int:
    stride = refining_stride(options, image_shape) if isinstance(options, StridedOptions) else 1
    return sum(side**2 * i * o + o for side, i, o in _refining_kernels(options, image_shape[2], stride))


def _count_linear(options: LinearStartOptions, image_shape: tuple[int, int, int]) -> int:
    values, channels = math.prod(image_shape), image_shape[2]
    if not isinstance(options, StridedOptions):
        return _count_dense([values, options.code_size, values])
    grid = patch_grid(image_shape, options.code_size, options.block)
    return 2 * grid.window**2 * channels * grid.values + grid.values + channels


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
