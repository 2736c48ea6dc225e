"""aepipe recipes, table and reconstruct: what can be trained, how good it came out, and a published model in use."""

import math
from typing import Annotated

import typer

from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import Row, print_result, print_rows, print_table, printable
from aepipe.models.options import count_parameters
from aepipe.recipes import load_recipes
from aepipe.recipes.naming import spelled_out_model


class RecipeRow(Row):
    """One setting of a recipe."""

    recipe: str
    short: str | None
    setting: str
    data_set: str
    pixels: int
    code: int
    parameters: int
    architecture: str
    source: str | None


def list_recipes(as_json: JsonOption = False) -> None:
    """Show the recipes: data, code size, parameters, source."""
    known, problems = load_recipes()
    rows = [
        RecipeRow(
            recipe=recipe.name,
            short=", ".join(recipe.aliases) or None,
            setting=setting,
            data_set=recipe.data_set,
            pixels=math.prod(recipe.native_shape),
            code=model.code_size,
            parameters=count_parameters(model, recipe.native_shape),
            architecture=model.architecture,
            source=recipe.source,
        )
        for recipe in known
        for setting, model in ((name, variant.model) for name, variant in recipe.variants.items())
    ]
    print_rows(as_json, "Recipes", RecipeRow, rows)
    for problem in problems:
        typer.echo(f"aepipe: {problem}", err=True)


def show_table(store: StoreOption = "./store", as_json: JsonOption = False) -> None:
    """Print the table of results over all releases of a store, as Markdown: mean and spread over the seeds."""
    from aepipe.pages.table import as_markdown, result_lines
    from aepipe.releases.absent import require_store
    from aepipe.releases.manifest import list_releases
    from aepipe.store import open_store

    opened = open_store(store)
    require_store(opened)
    lines = result_lines(list_releases(opened))
    told = [line.model_dump(mode="json") for line in lines]
    print_result(as_json, told, *as_markdown(lines).removesuffix("\n").split("\n"))


def reconstruct(
    images: Annotated[str, typer.Argument(help="A folder, a .zip, .tar or .npz file, or an s3:// prefix.")],
    model: Annotated[
        str,
        typer.Option("--model", "--recipe", help="Its name; the recipe's short name will do: conv@digits."),
    ],
    store: StoreOption = "./store",
    channel: Annotated[str, typer.Option(help="A channel, or a release's id.")] = "production",
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
