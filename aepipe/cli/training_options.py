"""Options and arguments of trainings, in the words of the flows' parameters."""

from typing import Annotated

import typer

from aepipe.flows.parameters import trainings
from aepipe.flows.parameters.words import words
from aepipe.recipes.plan import Preset, SettingName
from aepipe.stages.data import DataSettings

RecipeArgument = Annotated[
    str | None, typer.Argument(help=f"{words(trainings.Recipe)} A short name will do: conv for faces-conv.")
]
RecipeFileOption = Annotated[
    str | None, typer.Option("--recipe-file", help=f"{words(trainings.RecipeFile)} Here the file's path.")
]
SettingOption = Annotated[SettingName, typer.Option(help=words(trainings.Setting))]
PresetOption = Annotated[Preset, typer.Option(help=words(trainings.Preset))]
DataSetOption = Annotated[str | None, typer.Option(help=words(trainings.DataSet))]
RefreshOption = Annotated[bool, typer.Option(help=words(trainings.Refresh))]
AcceptDataOption = Annotated[str | None, typer.Option("--accept-data", help=words(trainings.AcceptData))]
MaxLeftOutOption = Annotated[float, typer.Option(min=0, max=1, help=words(DataSettings, "most_left_out"))]
ServerOption = Annotated[
    str | None,
    typer.Option(
        help="The Prefect server's API URL, profile for the one of Prefect's active profile, or embedded; "
        "by default PREFECT_API_URL, otherwise embedded: one that ends with the run."
    ),
]
