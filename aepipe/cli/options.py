"""Options and arguments of the store and its releases; what a flow has too is described in its words."""

from typing import Annotated

import typer

from aepipe.flows.parameters import stores
from aepipe.flows.parameters.words import words
from aepipe.releases.channel import Missing

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
StoreOption = Annotated[str, typer.Option("--store", envvar="AEPIPE_STORE", help=words(stores.Store))]
ReleaseArgument = Annotated[str, typer.Argument(help=words(stores.Release))]
ChannelOption = Annotated[str, typer.Option(help=words(stores.Channel))]
WhyOption = Annotated[str, typer.Option(help=words(stores.Why))]
ForceOption = Annotated[bool, typer.Option("--force", help=words(stores.Force))]
MissingOption = Annotated[Missing, typer.Option(help=words(stores.Missing))]
FullOption = Annotated[bool, typer.Option("--full", help=words(stores.Full))]
KeepOption = Annotated[int, typer.Option(min=0, help=words(stores.Keep))]
GraceOption = Annotated[float, typer.Option(min=0, help=words(stores.GraceHours))]
DaysOption = Annotated[float, typer.Option(min=0, help=words(stores.Days))]
DeleteOption = Annotated[bool, typer.Option("--delete", help=words(stores.Delete))]
ByOption = Annotated[str | None, typer.Option(help="Who does it; by default the user.")]
