"""Settings of the checks: how far a user's own images may be from those of the last release."""

from pydantic import BaseModel, ConfigDict, Field


class CheckSettings(BaseModel):
    """Limits of what is checked about one's own images before anything trains; over one of them the run fails.

    Compared are the images of the release that the channel names. How many files may be broken is data.most_left_out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    most_fewer: float = Field(
        0.2, ge=0, le=1, title="Most fewer", description="By what share the images may be fewer than the release's."
    )
    most_vanished_classes: int = Field(
        0, ge=0, title="Most vanished classes", description="How many of the release's classes may have no images now."
    )
    most_new_classes: int = Field(
        0, ge=0, title="Most new classes", description="How many classes may be there that the release has not."
    )
    most_constant: float = Field(
        0.05,
        ge=0,
        le=1,
        title="Most constant",
        description="What share of the new images may be of one value all over, as black ones are.",
    )
    most_shared: float = Field(
        0.01,
        ge=0,
        le=1,
        title="Most shared",
        description="What share of the images in one's own validation and test folders may be in another part too.",
    )
    most_other_sizes: float = Field(
        0.5,
        ge=0,
        le=1,
        title="Most other sizes",
        description="What share of the new images may have another size than most of the release's files.",
    )
    most_drift: float = Field(
        0.25,
        ge=0,
        title="Most drift",
        description="Largest population stability index of brightness, contrast and sharpness of the new images.",
    )
    most_code_drift: float = Field(
        0.05,
        ge=0,
        le=2,
        title="Most code drift",
        description="Largest squared maximum mean discrepancy of the new images' codes, by the release's encoder.",
    )
    false_alarms: float = Field(
        0.001,
        ge=0.0005,
        le=0.5,
        title="False alarms",
        description="Drift counts where chance alone comes to as much at most this often.",
    )
    min_new: int = Field(
        20, ge=5, title="Least new", description="With fewer new images drift and sizes are too few to tell."
    )
