"""aepipe tensorboard and curves: how trainings went, and go."""

from pathlib import Path
from typing import Annotated

import typer

from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import Row, print_rows

ModelsArgument = Annotated[
    list[str] | None,
    typer.Argument(help="Names of models, or of recipes, short ones too; all by default.", show_default=False),
]
ReleasesOption = Annotated[
    list[str] | None,
    typer.Option("--release", help="Only of this release, an id or a channel; may be given several times."),
]


class CourseRow(Row):
    """How one published model was trained."""

    data: str
    model: str
    release: str
    trained: str
    epochs: int
    lowest_MSE: float
    in_epoch: int
    seconds: float
    seconds_to_target: float | None


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


def write_curves(
    models: ModelsArgument = None,
    releases: ReleasesOption = None,
    last: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="How many of the latest of each name, by default 5; without names how many releases, by default 1.",
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="The page; one that is there is replaced.")] = Path("curves.html"),
    store: StoreOption = "./store",
    as_json: JsonOption = False,
) -> None:
    """Write a page with the validation error of published models by epoch and by time, side by side."""
    from aepipe.curves.chosen import Chosen
    from aepipe.curves.page import write_page
    from aepipe.store import open_store

    opened = open_store(store)
    compared = write_page(opened, Chosen.of(models or (), releases or (), last or (5 if models else 1)), output)
    rows = [
        CourseRow(
            data=group.data,
            model=course.model,
            release=course.release,
            trained=course.trained,
            epochs=int(course.epochs[-1]),
            lowest_MSE=course.lowest_mse,
            in_epoch=course.lowest_epoch,
            seconds=round(float(course.seconds[-1]), 3),
            seconds_to_target=course.seconds_to(group.target),
        )
        for group in compared
        for course in group.courses
    ]
    for name in (name for group in compared for name in group.without):
        typer.echo(f"{name} has no curve: no images were held out from its training.", err=True)
    print_rows(as_json, f"Validation errors; the page is {output}", CourseRow, rows)
