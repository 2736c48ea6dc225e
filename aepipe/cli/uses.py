"""aepipe reconstruct and others: published models in use. Each command is a call of one function of the library."""

from typing import Annotated, Literal

import typer

from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import print_result, print_table, printable
from aepipe.cli.use_options import (
    ImagesArgument,
    ModelChannelOption,
    ModelOption,
    NewOnlyOption,
    OutputOption,
    RowsOption,
)
from aepipe.datasets.own.rows import path_of
from aepipe.flows.parameters import in_use
from aepipe.flows.parameters.words import words
from aepipe.recipes.naming import spelled_out_model

MAX_SHOWN = 10


def score(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    false_alarm_rate: Annotated[float, typer.Option(help=words(in_use.FalseAlarmRate))] = 0.01,
    score_name: Annotated[str | None, typer.Option("--score", help=words(in_use.ChosenScore))] = None,
    worst: Annotated[int, typer.Option(help=words(in_use.Worst))] = 20,
    new_only: NewOnlyOption = False,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score pictures: how unlike its training pictures each is to a model, a verdict, and heat maps of the worst."""
    from aepipe.inference.score import score_pictures
    from aepipe.inference.watched_runs import refresh_page
    from aepipe.store import open_store

    opened = open_store(store)
    done = score_pictures(
        images,
        opened,
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
    page = refresh_page(opened, done.model.name) if done.manifest is not None and output is None else None
    over_time = [] if page is None else [f"All runs over time: {page}"]
    print_result(as_json, done.summary(), *done.lines(), *over_time)


def reconstruct(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: Annotated[str, typer.Option(help="A new or empty folder.")] = "./reconstructions",
    batch_size: Annotated[int, typer.Option(min=1, help="Images that are in memory at a time.")] = 64,
    as_json: JsonOption = False,
) -> None:
    """Reconstruct images with a published model: a PNG for each, and errors.csv."""
    from aepipe.inference.reconstruction import reconstruct_images

    done = reconstruct_images(images, output, store, spelled_out_model(model), channel, batch_size, rows)
    if not as_json:
        worst = [[printable(error.file), error.mse_per_pixel, error.psnr_db] for error in done.worst()]
        print_table("The largest errors", ["file", "MSE", "PSNR (dB)"], worst)
    print_result(as_json, done.summary(), *done.lines())


def restore(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: OutputOption = None,
    reference: Annotated[
        str | None,
        typer.Option(help="A folder, or whatever IMAGES can be, with a clean picture for each under its path."),
    ] = None,
    new_only: NewOnlyOption = False,
    as_json: JsonOption = False,
) -> None:
    """Restore noisy pictures with a published model: each at its own size, with its channels and bits."""
    from aepipe.inference.restore import restore_pictures

    done = restore_pictures(images, store, spelled_out_model(model), channel, rows, output, new_only, reference)
    print_result(as_json, done.summary(), *done.lines())


def encode(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: OutputOption = None,
    new_only: NewOnlyOption = False,
    file_format: Annotated[
        Literal["parquet", "npy"],
        typer.Option("--format", help="parquet: a table with a code a row; npy: an array beside it, too."),
    ] = "parquet",
    as_json: JsonOption = False,
) -> None:
    """Write the codes of pictures by a published model: codes.parquet."""
    from aepipe.inference.encoding import encode_pictures

    done = encode_pictures(images, store, spelled_out_model(model), channel, rows, output, new_only, file_format)
    print_result(as_json, done.summary(), *done.lines())


def generate(
    num_images: Annotated[int, typer.Argument(min=1, max=10_000, help="How many.")],
    model: ModelOption,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    seed: Annotated[int, typer.Option(min=0, help="What is drawn: the same seed gives the same pictures.")] = 0,
    origin: Annotated[
        Literal["mixture", "prior"],
        typer.Option("--from", help="mixture: codes that are distributed as those of images; prior: from N(0, 1)."),
    ] = "mixture",
    between: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Two pictures, or rows as mnist:test:13: the new ones lead from the first to the last."),
    ] = None,
    output: OutputOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make new pictures with a published model: a PNG each, and a sheet."""
    from aepipe.inference.generation import generate_pictures

    done = generate_pictures(num_images, store, spelled_out_model(model), channel, seed, origin, between, output)
    print_result(as_json, done.summary(), *done.lines())


def similar(
    model: ModelOption,
    picture: Annotated[str | None, typer.Argument(help="A picture's file, or a place with one picture.")] = None,
    rows: Annotated[str | None, typer.Option(help="Instead of it a row of a built-in data set: mnist:test:13.")] = None,
    store: StoreOption = "./store",
    channel: Annotated[
        str | None, typer.Option(help="A channel, or a release's id; by default the one that the codes are of.")
    ] = None,
    codes: Annotated[
        str | None,
        typer.Option(
            help="Folder or table that aepipe encode wrote, or the id of its results in the store; by default all of "
            "the model in the store."
        ),
    ] = None,
    count: Annotated[int, typer.Option("--number", min=1, help="How many pictures.")] = 12,
    metric: Annotated[
        Literal["cosine", "euclidean"], typer.Option(help="Distance of two codes: of direction alone, or of values.")
    ] = "cosine",
    sheet: Annotated[str | None, typer.Option(help="A PNG that shows the picture and those found.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Find the pictures that are most like one, among those that were encoded."""
    from aepipe.inference.similar import find_similar

    done = find_similar(picture, store, spelled_out_model(model), channel, codes, rows, count, metric, sheet)
    if not as_json:
        found = [[one.path, one.distance] for one in done.neighbours]
        print_table(f"Nearest to {path_of(done.picture)}", ["picture", f"{metric} distance"], found)
    print_result(as_json, done.summary(), *done.lines())


def show_map(
    model: ModelOption,
    images: ImagesArgument = None,
    rows: RowsOption = None,
    store: StoreOption = "./store",
    channel: ModelChannelOption = "production",
    output: OutputOption = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the map: the same one gives the same map.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a page with pictures on a map of their codes, to zoom into: what is alike is side by side."""
    from aepipe.inference.mapping import map_pictures

    done = map_pictures(images, store, spelled_out_model(model), channel, rows, output, seed)
    print_result(as_json, done.summary(), *done.lines())
