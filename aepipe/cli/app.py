"""The commands that need no flow: data sets, recipes, noisy test sets, releases."""

import json
import math
from importlib import metadata
from typing import Annotated

import typer

from aepipe import datasets
from aepipe.cli.output import print_rows, print_table, printable
from aepipe.cli.releases import JsonOption, StoreOption
from aepipe.cli.releases import app as releases_app
from aepipe.models.options import count_parameters
from aepipe.recipes import load_recipes, spelled_out

MostLeftOutOption = Annotated[
    float, typer.Option(min=0, max=1, help="Share of one's own picture files that may give none.")
]

app = typer.Typer(
    name="aepipe",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
datasets_app = typer.Typer(help="List, fetch and verify data sets.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(datasets_app, name="datasets")
app.add_typer(releases_app, name="releases")


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"aepipe {metadata.version('aepipe')}")
        raise typer.Exit


@app.callback(epilog="Example: aepipe run --preset quick --data-set digits")
def about(
    version: Annotated[bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Train autoencoders, judge them on held-out data, publish them as releases."""


@app.command(epilog="Example: aepipe recipes")
def recipes(as_json: JsonOption = False) -> None:
    """Show the recipes: data, code size, parameters, source."""
    known, problems = load_recipes()
    rows = [
        [
            recipe.name,
            ", ".join(recipe.aliases) or None,
            setting,
            recipe.data_set,
            math.prod(recipe.native_shape),
            model.code_size,
            count_parameters(model, recipe.native_shape),
            model.architecture,
            recipe.source,
        ]
        for recipe in known
        for setting, model in ((name, variant.model) for name, variant in recipe.variants.items())
    ]
    columns = ["recipe", "short", "setting", "data set", "pixels", "code", "parameters", "architecture", "source"]
    print_rows(as_json, "Recipes", columns, rows)
    for problem in problems:
        typer.echo(f"aepipe: {problem}", err=True)


@datasets_app.command("list", epilog="Example: aepipe datasets list")
def list_data_sets(as_json: JsonOption = False) -> None:
    """Show the data sets, and where they come from."""
    rows = [
        [s.name, s.num_images, "x".join(map(str, s.image_shape or ())) or None, s.num_classes, s.split, s.source]
        for s in datasets.describe()
    ]
    print_rows(as_json, "Data sets", ["data set", "images", "shape", "classes", "split", "source"], rows)


@datasets_app.command("fetch", epilog="Example: AEPIPE_MIRROR=/srv/mirror aepipe datasets fetch mnist olivetti")
def fetch_data_sets(names: Annotated[list[str], typer.Argument(help="Data sets to download into the cache.")]) -> None:
    """Download data sets into the cache and check them."""
    for name in names:
        for path in datasets.fetch(name):
            typer.echo(path)


@datasets_app.command("verify", epilog="Example: aepipe datasets verify mnist")
def verify_data_sets(
    names: Annotated[list[str], typer.Argument(help="Data sets to check in the cache.")], as_json: JsonOption = False
) -> None:
    """Check the cached files and what they decode to; exits with 1 where something is wrong."""
    results = [(name, result) for name in names for result in datasets.verify(name)]
    rows = [[name, r.path.name, "ok" if r.is_valid else "broken", r.reason] for name, r in results]
    print_rows(as_json, "Cached files", ["data set", "file", "state", "reason"], rows)
    if not all(result.is_valid for _, result in results):
        raise typer.Exit(1)


@app.command(epilog="Example: aepipe table --store s3://models/aepipe")
def table(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Print the table of results over all releases of a store, as Markdown: mean and spread over the seeds."""
    from aepipe.pages.table import as_markdown, result_lines
    from aepipe.releases.absent import require_store
    from aepipe.releases.manifest import list_releases
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    lines = result_lines(list_releases(opened))
    if as_json:
        typer.echo(json.dumps([line.model_dump(mode="json") for line in lines], indent=2))
    else:
        typer.echo(as_markdown(lines), nl=False)


@app.command(epilog="Example: aepipe noise mnist --kinds gaussian --levels 0.2 --levels 0.4 --store ./store")
def noise(
    data_set: Annotated[str, typer.Argument(help="A data set's name, or images:PATH.")],
    store: StoreOption = "./store",
    kinds: Annotated[list[str] | None, typer.Option(help="Kind of noise; may be given several times.")] = None,
    levels: Annotated[list[float] | None, typer.Option(help="From 0.001 to 1; may be given several times.")] = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes on any machine.")] = 0,
    refresh: Annotated[bool, typer.Option(help="Make it anew even if it is there.")] = False,
    most_left_out: MostLeftOutOption = 0.1,
) -> None:
    """Make the noisy-input test set of a data set."""
    from aepipe.noise import NoiseParameters
    from aepipe.stages.data import (
        DataParameters,
        DataSettings,
        account_lines,
        prepare_data,
        recommended_split,
        split_data,
    )
    from aepipe.stages.noise import make_noisy_test_set
    from aepipe.store import open_store

    chosen = {"kinds": tuple(kinds or ()), "levels": tuple(levels or ()), "seed": seed}
    parameters = NoiseParameters(**{name: value for name, value in chosen.items() if value != ()})
    opened = open_store(store)
    settings = DataSettings(most_left_out=most_left_out)
    data = prepare_data(opened, DataParameters(data_set=data_set, settings=settings), refresh)
    for line in account_lines(data):
        typer.echo(f"{data.facts.name}: {line}", err=True)
    split = split_data(opened, data, recommended_split(data), refresh)
    for ref in make_noisy_test_set(opened, data, split, parameters, refresh).files.values():
        typer.echo(ref.uri)


@app.command(
    epilog="Examples: aepipe reconstruct /data/digits --recipe mnist-dense --store s3://models/aepipe; "
    "aepipe reconstruct shoes.zip --recipe faces-conv --channel 20260101T020000Z-1a2b3c --output shoes"
)
def reconstruct(
    images: Annotated[str, typer.Argument(help="A folder, a .zip or .npz file, or an s3:// prefix.")],
    recipe: Annotated[str, typer.Option(help="Whose model; a short name will do: conv for faces-conv.")],
    store: StoreOption = "./store",
    channel: Annotated[str, typer.Option(help="A channel, or a release's id.")] = "production",
    output: Annotated[str, typer.Option(help="A new or empty folder.")] = "./reconstructions",
    batch_size: Annotated[int, typer.Option(min=1, help="Images that are in memory at a time.")] = 64,
    as_json: JsonOption = False,
) -> None:
    """Reconstruct images with a published model: a PNG for each, and errors.csv."""
    from aepipe.inference.reconstruction import reconstruct_images

    done = reconstruct_images(images, output, store, spelled_out(recipe), channel, batch_size)
    if as_json:
        typer.echo(json.dumps(done.summary(), indent=2))
        return
    rows = [[printable(error.file), error.mse_per_pixel, error.psnr_db] for error in done.worst()]
    print_table("The largest errors", ["file", "MSE", "PSNR (dB)"], rows)
    for line in done.lines():
        typer.echo(line)
