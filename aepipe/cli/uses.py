"""aepipe reconstruct and others: published models in use. Each command is a call of one function of the library."""

from typing import Annotated

import typer

from aepipe.cli.options import (
    ImagesArgument,
    JsonOption,
    ModelChannelOption,
    ModelOption,
    NewOnlyOption,
    OutputOption,
    RowsOption,
    StoreOption,
)
from aepipe.cli.output import print_result, print_table, printable
from aepipe.datasets.own.rows import path_of
from aepipe.flows import parameters
from aepipe.flows.parameters import words
from aepipe.recipes.naming import spelled_out_model

MAX_SHOWN = 10


def score(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    false_alarm_rate: Annotated[float, typer.Option(help=words(parameters.FalseAlarmRate))] = 0.01,
    score_name: Annotated[str | None, typer.Option("--score", help=words(parameters.ChosenScore))] = None,
    worst: Annotated[int, typer.Option(help=words(parameters.Worst))] = 20,
    new_only: NewOnlyOption = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score pictures: how unlike its training pictures each is to a model, a verdict, and heat maps of the worst."""
    from aepipe.inference.score import score_pictures

    done = score_pictures(
        images,
        store,
        spelled_out_model(model),
        channel,
        rows=rows,
        output=output,
        new_only=new_only,
        false_alarm_rate=false_alarm_rate,
        score=score_name,
        worst=worst,
    )
    if not as_json and done.manifest is not None:
        shown = [
            [path_of(one.picture.path), one.score, one.p_value, one.verdict] for one in done.scored.worst[:MAX_SHOWN]
        ]
        print_table("The least like the training pictures", ["file", "score", "p", "verdict"], shown)
    print_result(as_json, done.summary(), *done.lines())


def reconstruct(
    images: Annotated[str, typer.Argument(help="A folder, a .zip, .tar or .npz file, or an s3:// prefix.")],
    model: ModelOption,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: Annotated[str, typer.Option(help="A new or empty folder.")] = "./reconstructions",
    batch_size: Annotated[int, typer.Option(min=1, help="Images that are in memory at a time.")] = 64,
    as_json: JsonOption = False,
) -> None:
    """Reconstruct images with a published model: a PNG for each, and errors.csv."""
    from aepipe.inference.reconstruction import reconstruct_images

    done = reconstruct_images(images, output, store, spelled_out_model(model), channel, batch_size)
    if not as_json:
        rows = [[printable(error.file), error.mse_per_pixel, error.psnr_db] for error in done.worst()]
        print_table("The largest errors", ["file", "MSE", "PSNR (dB)"], rows)
    print_result(as_json, done.summary(), *done.lines())
