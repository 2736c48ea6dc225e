"""aepipe recipes and table: what can be trained, and how good it came out."""

import math

import typer

from aepipe.cli.options import JsonOption, StoreOption
from aepipe.cli.output import Row, print_result, print_rows
from aepipe.models.options import count_parameters
from aepipe.recipes import load_recipes


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
