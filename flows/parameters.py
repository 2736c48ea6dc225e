"""Parameters of the flows and options of the command line: the words for each, once.

A flow takes `setting: parameters.Setting = "tuned"`; its form, its docstring and the option `--setting` say the same.
"""

from collections.abc import Callable
from inspect import cleandoc, signature
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import Field
from pydantic.fields import FieldInfo

from aepipe.datasets import DATA_SETS, OWN_IMAGES, DataSetName
from aepipe.experiments.space import SearchRanges
from aepipe.experiments.sweep import SweepValues
from aepipe.exports.formats import EXPORTS, ExportFormat
from aepipe.gate.settings import PublishSettings
from aepipe.inference.watch import WatchSettings
from aepipe.noise import NoiseParameters
from aepipe.publishing import promotion
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
Store = Annotated[str, Field(description="The store: a folder, file:///path or s3://bucket/prefix.")]
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

Release = Annotated[str, Field(description="The release's id, or a channel's name.")]
Channel = Annotated[str, Field(pattern="^[a-z0-9-]+$", max_length=64, description="The channel's name.")]
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
Why = Annotated[str, Field(min_length=1, description="The reason; it is kept in the channel's history.")]
Force = Annotated[bool, Field(description="Also where the gate held a model back.")]
Missing = Annotated[
    promotion.Missing,
    Field(
        description="The channel's models that the release has none of by the same name: keep makes a release of both, "
        "drop lets them go, refuse promotes nothing where there are any."
    ),
]
Full = Annotated[bool, Field(description="Read every byte back; otherwise sizes are compared.")]
Keep = Annotated[int, Field(ge=0, description="How many of the latest stay, beside what channels name.")]
GraceHours = Annotated[float, Field(ge=0, description="Nothing younger goes; a run that takes longer may fail.")]
Days = Annotated[
    float,
    Field(
        ge=0,
        description="Runs on the server, checkpoints, curves and what a cache has stay so many days after their last "
        "use, results of models in use as long.",
    ),
]
Delete = Annotated[bool, Field(description="Remove them; otherwise they are only named.")]


def words(parameter: Any, field: str | None = None) -> str:
    """Return what a parameter, or a field of one that is a model, is in words.

    Args:
        parameter: One of the annotations above, or a model.
        field: A field's name; None for the parameter itself.
    """
    if field is not None:
        found = parameter.model_fields[field].description
    else:
        infos = [info for info in parameter.__metadata__ if isinstance(info, FieldInfo)]
        found = infos[-1].description
    assert found is not None, "every parameter has a description"
    return str(found)


def docstring_of(function: Callable[..., Any]) -> str:
    """Return a flow's docstring with its parameters, in the form that Prefect reads descriptions from.

    Of annotations Prefect reads types and bounds only.
    """
    hints = get_type_hints(function, include_extras=True)
    described = (f"    {name}: {words(hints[name])}" for name in signature(function).parameters)
    return "\n".join([cleandoc(function.__doc__ or ""), "", "Args:", *described])
