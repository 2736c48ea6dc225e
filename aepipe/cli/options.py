"""Options and arguments that several commands have; what a flow has too is described in its words."""

from typing import Annotated

import typer

from aepipe.flows import parameters
from aepipe.flows.parameters import words
from aepipe.publishing.promotion import Missing
from aepipe.recipes.plan import Preset, SettingName
from aepipe.stages.data import DataSettings

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
StoreOption = Annotated[str, typer.Option("--store", envvar="AEPIPE_STORE", help=words(parameters.Store))]

# Of trainings.
RecipeArgument = Annotated[
    str | None, typer.Argument(help=f"{words(parameters.Recipe)} A short name will do: conv for faces-conv.")
]
RecipeFileOption = Annotated[
    str | None, typer.Option("--recipe-file", help=f"{words(parameters.RecipeFile)} Here the file's path.")
]
SettingOption = Annotated[SettingName, typer.Option(help=words(parameters.Setting))]
PresetOption = Annotated[Preset, typer.Option(help=words(parameters.Preset))]
DataSetOption = Annotated[str | None, typer.Option(help=words(parameters.DataSet))]
RefreshOption = Annotated[bool, typer.Option(help=words(parameters.Refresh))]
AcceptDataOption = Annotated[str | None, typer.Option("--accept-data", help=words(parameters.AcceptData))]
MaxLeftOutOption = Annotated[float, typer.Option(min=0, max=1, help=words(DataSettings, "most_left_out"))]
ServerOption = Annotated[
    str | None,
    typer.Option(
        help="The Prefect server's API URL, profile for the one of Prefect's active profile, or embedded; "
        "by default PREFECT_API_URL, otherwise embedded: one that ends with the run."
    ),
]

# Of releases.
ReleaseArgument = Annotated[str, typer.Argument(help=words(parameters.Release))]
ChannelOption = Annotated[str, typer.Option(help=words(parameters.Channel))]
WhyOption = Annotated[str, typer.Option(help=words(parameters.Why))]
ForceOption = Annotated[bool, typer.Option("--force", help=words(parameters.Force))]
MissingOption = Annotated[Missing, typer.Option(help=words(parameters.Missing))]
FullOption = Annotated[bool, typer.Option("--full", help=words(parameters.Full))]
KeepOption = Annotated[int, typer.Option(min=0, help=words(parameters.Keep))]
GraceOption = Annotated[float, typer.Option(min=0, help=words(parameters.GraceHours))]
DaysOption = Annotated[float, typer.Option(min=0, help=words(parameters.Days))]
DeleteOption = Annotated[bool, typer.Option("--delete", help=words(parameters.Delete))]
ByOption = Annotated[str | None, typer.Option(help="Who does it; by default the user.")]

# Of models in use.
ImagesArgument = Annotated[str | None, typer.Argument(help=words(parameters.Pictures))]
RowsOption = Annotated[str | None, typer.Option(help=words(parameters.Rows))]
ModelOption = Annotated[str, typer.Option("--model", "--recipe", help=words(parameters.Model))]
ModelChannelOption = Annotated[str, typer.Option("--channel", help=words(parameters.ModelChannel))]
OutputOption = Annotated[str | None, typer.Option(help="A new or empty folder for the results, instead of the store.")]
NewOnlyOption = Annotated[bool, typer.Option("--new-only", help=words(parameters.NewOnly))]
