"""Parameters of trainings: what is trained, on which images, how, where and for how long."""

from typing import Annotated, Literal

from pydantic import Field

from aepipe.datasets import DATA_SETS, OWN_IMAGES, DataSetName
from aepipe.experiments.space import SearchRanges
from aepipe.experiments.sweep import SweepValues
from aepipe.exports.formats import EXPORTS, ExportFormat
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes import RecipeName, naming, plan
from aepipe.recipes.file import MAX_CHARACTERS
from aepipe.splits import SplitSettings
from aepipe.stages import parent
from aepipe.stages.data import DataSettings
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings

DATA_SET_NAMES = ", ".join(f"{name}:PATH" if name == OWN_IMAGES else name for name in DATA_SETS)
Recipes = Annotated[list[RecipeName], Field(description="What to train.")]
Recipe = Annotated[RecipeName | None, Field(description="What to train; none where a recipe file says it.")]
RecipeFile = Annotated[
    str | None,
    Field(
        max_length=MAX_CHARACTERS,
        description="A recipe of your own, as the text of a file that aepipe recipes show --as-file prints a start of.",
    ),
]
Setting = Annotated[
    plan.SettingName, Field(description="tuned is the best that is known; published is what the sources do.")
]
Preset = Annotated[plan.Preset, Field(description="quick trains a few steps only, for demonstrations.")]
DataSet = Annotated[
    DataSetName | None, Field(description=f"Instead of the recipe's own images: one of {DATA_SET_NAMES}.")
]
Name = Annotated[
    naming.ChosenName | None,
    Field(
        description="What the model of one recipe is called; by default as its recipe, or recipe@data-set on another "
        "data set."
    ),
]
StartFrom = Annotated[
    parent.StartFrom,
    Field(
        description="What a training begins with: nothing, or the published model of its name, in a channel "
        "(production) or in a release by its id. Where a channel has none yet it begins with nothing."
    ),
]
Parent = Annotated[
    parent.Parent | None,
    Field(description="That model with its digest; a pipeline finds it, and gives it to the runs that it starts."),
]
Images = Annotated[DataSetName, Field(description=f"Which images: one of {DATA_SET_NAMES}.")]
Overrides = Annotated[
    plan.Overrides, Field(description="What to change about the setting; None leaves it as the setting has it.")
]
RecipeOverrides = Annotated[
    dict[RecipeName, plan.Overrides],
    Field(description='The same for one recipe, as {"faces-conv": {"epochs": 100}}; goes before overrides.'),
]
Data = Annotated[DataSettings, Field(description="What is taken of the images: size, color, class, how many files.")]
Split = Annotated[plan.SplitOverrides, Field(description="What to change about the split.")]
WholeSplit = Annotated[
    SplitSettings | None,
    Field(description="How the held-out part is chosen; by default the way that the data set is best judged by."),
]
Noise = Annotated[
    NoiseParameters, Field(description="The noisy-input test set: kinds and levels of noise, and the seed.")
]
Exports = Annotated[
    list[ExportFormat] | None,
    Field(description=f"Formats beside Keras', of {', '.join(EXPORTS)}; by default all in preset full, none in quick."),
]
Execution = Annotated[
    Literal["local", "pool"],
    Field(description="local trains in processes of this machine; pool starts a run of train/gpu for each training."),
]
AtOnce = Annotated[
    Annotated[int, Field(ge=1)] | None,
    Field(
        description="How many trainings at a time; by default 2 here, which share the cores (1 on a GPU), 50 on a pool."
    ),
]
CandidatesAtOnce = Annotated[
    Annotated[int, Field(ge=1)] | None,
    Field(description="How many candidates at a time; by default 2 here, 8 on a pool."),
]
Evaluate = Annotated[
    bool,
    Field(description="Measure the model on held-out images; a search, which they must not decide, leaves them alone."),
]
AcceptData = Annotated[
    Annotated[str, Field(pattern=r"\S", max_length=1000)] | None,
    Field(description="Why one's own images are trained on although they break a check; it is kept in the release."),
]
Refresh = Annotated[bool, Field(description="Do all of it anew even if the store has it.")]
Checkpoints = Annotated[CheckpointSettings, Field(description="How often a training's state is saved.")]
Timeouts = Annotated[
    TimeoutSettings, Field(description="How long each step may take; one that takes longer ends, and the run fails.")
]
Publishing = Annotated[
    PublishSettings,
    Field(description="The channel that models are promoted to, and what the gate demands of them."),
]
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Seeds = Annotated[
    list[Seed],
    Field(
        min_length=1,
        max_length=1000,
        description="What initial weights and order depend on; each combination is trained with each.",
    ),
]
Lists = Annotated[SweepValues, Field(description="Lists of values to try; every combination of them is trained.")]
Ranges = Annotated[SearchRanges, Field(description="What to try anywhere in a range; by default the learning rate.")]
Values = Annotated[SweepValues, Field(description="Lists of values to try.")]
Trials = Annotated[
    int,
    Field(
        ge=1,
        le=1000,
        description="How many candidates in all, those of earlier runs of the same search included.",
    ),
]
Rungs = Annotated[
    int,
    Field(
        ge=1,
        le=5,
        description="A candidate first trains for a ninth of the epochs, then a third, then all, where this is 3; "
        "those that are behind end early.",
    ),
]
