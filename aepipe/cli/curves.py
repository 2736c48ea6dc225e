"""aepipe tensorboard and curves: how trainings went, and go."""

from typing import Annotated

import typer

from aepipe.cli.options import StoreOption

ModelsArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Names of models, or of recipes, short ones too; all by default.", show_default=False),
]
ReleasesOption = Annotated[
    list[str] | None,
    typer.Option("--release", help="Only of this release, an id or a channel; may be given several times."),
]


def show_tensorboard(
    models: ModelsArgument = None,
    releases: ReleasesOption = None,
    last: Annotated[int, typer.Option(min=1, help="How many of the latest trainings of each name.")] = 1,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On this machine alone; 0 for any that is free.")] = 6006,
    store: StoreOption = "./store",
) -> None:
    """Open TensorBoard with the trainings that go on, followed as they do, beside those of the latest release."""
    from aepipe.curves.board import show_curves
    from aepipe.curves.chosen import Chosen
    from aepipe.store import open_store

    show_curves(open_store(store), Chosen.of(models or (), releases or (), last), port, typer.echo)
