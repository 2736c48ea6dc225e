"""Arguments and options that commands about releases share."""

from typing import Annotated, Literal

import typer

StoreOption = Annotated[
    str, typer.Option("--store", envvar="AEPIPE_STORE", help="A folder, file:///path or s3://bucket/prefix.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
ReleaseArgument = Annotated[str, typer.Argument(help="A release's id, or a channel's name.")]
ChannelOption = Annotated[str, typer.Option(help="The channel's name.")]
WhyOption = Annotated[str, typer.Option(help="The reason; it is kept in the channel's history.")]
MissingOption = Annotated[
    Literal["refuse", "keep", "drop"],
    typer.Option(help="The channel's models of recipes that the release has none of: keep or drop them."),
]
ByOption = Annotated[str | None, typer.Option(help="Who does it; by default the user.")]
