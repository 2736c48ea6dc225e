"""Options and arguments of models in use, in the words of the flows' parameters."""

from typing import Annotated

import typer

from aepipe.flows.parameters import in_use
from aepipe.flows.parameters.words import words

ImagesArgument = Annotated[str | None, typer.Argument(help=words(in_use.Pictures))]
RowsOption = Annotated[str | None, typer.Option(help=words(in_use.Rows))]
ModelOption = Annotated[str, typer.Option("--model", "--recipe", help=words(in_use.Model))]
ModelChannelOption = Annotated[str, typer.Option("--channel", help=words(in_use.ModelChannel))]
OutputOption = Annotated[str | None, typer.Option(help="A new or empty folder for the results, instead of the store.")]
NewOnlyOption = Annotated[bool, typer.Option("--new-only", help=words(in_use.NewOnly))]
