"""aepipe recipes: what can be trained."""

import math

import typer

from aepipe.cli.options import JsonOption
from aepipe.cli.output import Row, print_rows
from aepipe.models.architectures import BROKEN
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


def list_recipes(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show the recipes: data, code size, parameters, source."""
    if context.invoked_subcommand is not None:
        return
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
    for problem in [*problems, *BROKEN.values()]:
        typer.echo(f"aepipe: {problem}", err=True)
