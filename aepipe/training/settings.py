"""How a model is trained. Plain data: importing it does not import TensorFlow."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LossName = Literal["mean-squared-error", "half-sum-of-squares", "bernoulli-cross-entropy"]


class CorruptionSettings(BaseModel):
    """Noise on the input while training; the target stays clean."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["gaussian", "heteroscedastic", "dropout"] = Field("gaussian", description="What is done to a pixel.")
    level: float = Field(gt=0, le=1, description="Standard deviation for pixels in [0, 1], or probability.")


class TrainingSettings(BaseModel):
    """Everything about a training that is not the model or the data."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    loss: LossName = Field("mean-squared-error", description="What is made small, beside the model's own penalties.")
    loss_unit: float = Field(1.0, gt=0, description="The value of white in the loss: 1, or the source's 255.")
    learning_rate: float = Field(1e-3, gt=0, le=1, description="Adam's rate, at its highest.")
    schedule: Literal["constant", "cosine"] = Field(
        "constant", description="cosine: warm up over 5% of the steps, then fall to 0."
    )
    batch_size: int = Field(150, ge=1, le=65536, description="Images a step.")
    epochs: int = Field(10, ge=1, le=100_000, description="Most passes over the training images.")
    max_steps: int | None = Field(None, ge=1, description="Most steps; fewer epochs are run where this is reached.")
    shuffle: bool = Field(True, description="Draw a new order each epoch; otherwise take the images in order.")
    corruption: CorruptionSettings | None = Field(None, description="Noise on the input, for denoisers.")
    keep: Literal["best", "last"] = Field("best", description="Which epoch's weights are kept.")
    patience: int | None = Field(None, ge=1, description="Epochs without a better loss after which training stops.")
    seed: int = Field(0, ge=0, lt=2**32, description="What initial weights, order and noise depend on.")
