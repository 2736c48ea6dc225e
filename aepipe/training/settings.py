"""Settings of a training. Plain data: importing them does not import TensorFlow."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from aepipe.noise import NoiseKind

LossName = Literal[
    "mean-squared-error", "half-sum-of-squares", "bernoulli-cross-entropy", "mean-absolute-error", "huber", "ssim"
]
# Those that are a distribution of the pixels: a variational model's bound needs one.
LIKELIHOODS: tuple[LossName, ...] = ("mean-squared-error", "half-sum-of-squares", "bernoulli-cross-entropy")
Schedule = Literal["constant", "cosine", "exponential"]
Precision = Literal["float32", "bfloat16", "float16", "auto"]
Devices = Literal["one", "all"]
Keep = Literal["best", "best-or-start", "last"]
OptimizerName = Literal["adam", "muon"]
USUAL_RATES: Mapping[OptimizerName, float] = {"adam": 1e-3, "muon": 1e-2}
CorruptionKind = Literal[NoiseKind, "blind-spot"]


class CorruptionSettings(BaseModel):
    """What is done to the input while training; the target stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: CorruptionKind = Field(
        "gaussian",
        description="What is done to a pixel, as noisy test sets have it; blind-spot: some become one of their "
        "neighbours, and the loss is that of these alone, so that noisy images are targets, too.",
    )
    level: float = Field(
        0.2, gt=0, le=1, description="Standard deviation for pixels in [0, 1], or share of the pixels."
    )
    level_max: float | None = Field(
        None, gt=0, le=1, description="Each image has a level of its own, from the level to this one."
    )
    others: tuple[NoiseKind, ...] = Field((), description="Further kinds: each image has one of all, by a draw.")

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        if self.level_max is not None and self.level_max < self.level:
            raise ValueError("a range of levels goes up, from level to level_max")
        if self.is_blind_spot and (self.others or self.level_max):
            raise ValueError("a blind spot has one level, and no other kinds beside it")
        return self

    @property
    def judged_kind(self) -> NoiseKind:
        """The kind of a noisy test set that a denoiser is judged on: its own, of noise in every pixel the Gaussian."""
        if self.kind == "heteroscedastic" or self.kind == "blind-spot":
            return "gaussian"
        return self.kind

    @property
    def kinds(self) -> str:
        """Its kinds, in words."""
        return " or ".join((self.kind, *self.others))

    @property
    def levels(self) -> str:
        """Its level, or the range of them, in words."""
        return f"{self.level:g}" if self.level_max is None else f"{self.level:g} to {self.level_max:g}"

    @property
    def is_blind_spot(self) -> bool:
        """Whether the model learns what a pixel is from those around it, with no clean images."""
        return self.kind == "blind-spot"


class AugmentationSettings(BaseModel):
    """Changes of a training image that leave it an image of the same kind; drawn anew each time that it is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: bool = Field(False, description="Mirror every other image, left to right.")
    shift: float = Field(
        0.0, ge=0, le=16, description="Standard deviation, in pixels, of a shift by whole pixels; edges are repeated."
    )


class OptimizerSettings(BaseModel):
    """How gradients become steps; rate, schedule and decay are the training's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: OptimizerName = Field(
        "adam",
        description="muon: a kernel's step is as long in every direction; fewer, longer steps on larger batches.",
    )
    momentum: float = Field(0.95, ge=0, lt=1, description="Muon's: share of the steps before in the next.")
    iterations: int = Field(
        2, ge=1, le=6, description="Muon's, to make a step as long in every direction: more are closer, and slower."
    )

    @field_validator("momentum", "iterations")
    @classmethod
    def _is_muons(cls, value: float, info: ValidationInfo) -> float:
        # The default is also what settings have that were changed and stored.
        is_default = value == cls.model_fields[str(info.field_name)].default
        if info.data.get("name") == "adam" and not is_default:
            raise ValueError(f"{info.field_name} is Muon's; choose optimizer=muon, too")
        return value


class TrainingSettings(BaseModel):
    """Everything about a training that is not the model or the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: LossName = Field("mean-squared-error", description="What is made small, beside the model's own penalties.")
    loss_unit: float = Field(1.0, gt=0, description="The value of white in the loss: 1, or the source's 255.")
    huber_delta: float = Field(
        0.1, gt=0, le=1, description="Huber's: the error, for pixels in [0, 1], from which it counts in proportion."
    )
    ssim_share: float = Field(
        1.0, gt=0, le=1, description="Share of 1 - SSIM in the loss ssim; the rest is the mean squared error."
    )
    learning_rate: float = Field(1e-3, gt=0, le=1, description="The optimizer's rate, at its highest.")
    optimizer: OptimizerSettings = Field(OptimizerSettings(), description="How gradients become steps.")
    weights_average: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="What a step leaves of the weights' running average, such as 0.999; it is measured and kept.",
    )
    schedule: Schedule = Field(
        "constant", description="How the rate falls after the warm-up: not at all, to 0, or to a hundredth."
    )
    warm_up_share: float = Field(0.0, ge=0, lt=1, description="Share of the steps in which the rate rises from 0.")
    weight_decay: float = Field(0.0, ge=0, le=1, description="Share of a kernel that a step takes, times the rate.")
    gradient_clip_norm: float | None = Field(None, gt=0, description="Longest gradient, over all weights together.")
    batch_size: int = Field(150, ge=1, le=65536, description="Images a step.")
    epochs: int = Field(10, ge=1, le=100_000, description="Most passes over the training images.")
    max_steps: int | None = Field(None, ge=1, description="Most steps; the last epoch ends where this is reached.")
    time_limit_minutes: float | None = Field(None, gt=0, description="Training time after which it ends.")
    shuffle: bool = Field(True, description="Draw a new order each epoch; otherwise take the images in order.")
    corruption: CorruptionSettings | None = Field(None, description="Noise on the input, for denoisers.")
    augmentation: AugmentationSettings | None = Field(None, description="Changes of the training images.")
    keep: Keep = Field(
        "best",
        description="Which epoch's weights are kept; best-or-start: those before the first where none is better.",
    )
    patience: int | None = Field(None, ge=1, description="Epochs without a better loss after which training stops.")
    stop_at_mse: float | None = Field(
        None,
        gt=0,
        description="Validation MSE for pixels in [0, 1], or training MSE where none is held out, at which it ends.",
    )
    precision: Precision = Field(
        "float32",
        description="auto: bfloat16 where the hardware has it, float16 on a GPU that has only that; weights float32.",
    )
    deterministic: bool = Field(
        False, description="A GPU comes to the same bits each time, more slowly; a CPU does so in any case."
    )
    devices: Devices = Field("one", description="all: each batch is shared out among the machine's GPUs.")
    seed: int = Field(0, ge=0, lt=2**32, description="What initial weights, order and noise depend on.")


class CheckpointSettings(BaseModel):
    """How often a training's state is saved. It changes nothing about the result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    every_seconds: float = Field(
        60, ge=0, title="Every so many seconds", description="Rarer where saving would take over 1% of the time."
    )
    every_epochs: int | None = Field(
        None, ge=1, title="Every so many epochs", description="In addition, whatever it costs."
    )
