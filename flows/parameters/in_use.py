"""Parameters of models in use: which model, on which pictures, and what people are told of."""

from typing import Annotated, Literal

from pydantic import Field

from aepipe.inference.watch import WatchSettings

Pictures = Annotated[
    str | None,
    Field(description="What the model is used on: a folder, a .zip, .tar or .npz file, or an s3:// prefix."),
]
Rows = Annotated[
    str | None,
    Field(description="Instead of them rows of a built-in data set: cifar10:test:13, mnist:test:0-99, olivetti:all."),
]
Model = Annotated[
    str, Field(min_length=1, description="The model's name; the recipe's short name will do: conv@digits.")
]
ModelChannel = Annotated[str, Field(min_length=1, description="The channel that the model is in, or a release's id.")]
NewOnly = Annotated[
    bool,
    Field(description="Only pictures, by their bytes, that the store has no results of yet by this model and release."),
]
FalseAlarmRate = Annotated[
    float,
    Field(gt=0, lt=1, description="Share of normal pictures that may be called anomalous: 0.01 is one in a hundred."),
]
ChosenScore = Annotated[
    Literal["mse", "local", "neighbours", "combined"] | None,
    Field(description="The score that decides; by default the one that was chosen when the model was calibrated."),
]
Worst = Annotated[
    int, Field(ge=0, le=200, description="Of how many pictures, the strangest first, there is a heat map.")
]
Watching = Annotated[
    WatchSettings, Field(description="How many alarms and how much drift people are told of, by an automation.")
]
CodesFormat = Annotated[
    Literal["parquet", "npy"], Field(description="npy writes an array of the codes beside the table.")
]
Origin = Annotated[
    Literal["mixture", "prior"],
    Field(description="Codes are drawn from a mixture that is distributed as those of images, or from N(0, 1)."),
]
NumImages = Annotated[int, Field(ge=1, le=10_000, description="How many new pictures.")]
DrawnBy = Annotated[int, Field(ge=0, lt=2**32, description="What is drawn: the same seed gives the same pictures.")]
CleanPictures = Annotated[
    str | None, Field(description="Clean pictures of the same paths, which restored ones are compared with.")
]
