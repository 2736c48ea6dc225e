"""aepipe recipes show, check, settings, schema: a recipe as a file, what it would train, and how files are written."""

import math
from typing import Annotated, Any

import typer

from aepipe.choices import flat, values_in_words
from aepipe.cli.arguments import parse_changes, settable
from aepipe.cli.options import JsonOption
from aepipe.cli.output import Row, print_result, print_rows
from aepipe.cli.training_options import DataSetOption, SettingOption
from aepipe.errors import ParameterError
from aepipe.models.architectures import OPTIONS
from aepipe.recipes import complete_name, get_recipe
from aepipe.recipes.file import read_recipe_at, schema_of_files, write_recipe
from aepipe.recipes.overrides import Overrides
from aepipe.stages.request import TrainingRequest, plan_requests


class SettingRow(Row):
    """Something that can be set."""

    name: str
    values: str
    what: str


class ForecastRow(Row):
    """What a training would be."""

    model: str
    images: int
    shape: str
    architecture: str
    code: int
    parameters: int
    memory_mb: int
    steps: int
    seconds: int


def show_recipe(
    recipe: Annotated[str, typer.Argument(help="The recipe's name; a short name will do.")],
    as_file: Annotated[
        bool, typer.Option("--as-file", help="As a recipe file, to change and to train with --recipe-file.")
    ] = False,
    setting: SettingOption = "tuned",
    as_json: JsonOption = False,
) -> None:
    """Print all of a recipe's setting: data, split, model, training."""
    found = get_recipe(complete_name(recipe))
    if as_file and as_json:
        raise ParameterError("A recipe is printed in one form.", "Choose --as-file or --json.")
    if as_file:
        typer.echo(write_recipe(found, setting), nl=False)
        return
    told = {
        **found.model_dump(mode="json", include={"name", "title", "source", "data_set", "preprocessing"}),
        **found.variant(setting).model_dump(mode="json"),
    }
    lines = (f"{name}: {_as_text(value)}" for name, value in flat(told) if value is not None)
    print_result(as_json, told, *lines)


def check_file(
    file: Annotated[str, typer.Argument(help="The recipe file.")],
    data_set: DataSetOption = None,
    changes: Annotated[list[str] | None, typer.Option("--set", help="name=value, as aepipe run takes it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a recipe file would train, how large it is and about how long it takes on this machine.

    The images are read and a few steps are taken; nothing is kept.
    """
    text, chosen = read_recipe_at(file), parse_changes(changes or [])
    requests = plan_requests(
        [],
        Overrides(**chosen["overrides"]),
        {},
        recipe_file=text,
        data_set=data_set,
        data=chosen["data"],
        split=chosen["split"],
    )
    print_forecasts(requests, as_json)


def list_settings(as_json: JsonOption = False) -> None:
    """Show everything that --set takes: its name, its values, what it does."""
    rows = [
        SettingRow(name=name, values=values_in_words(field), what=f"{field.description}{_only_of(name)}")
        for name, field in settable().items()
    ]
    print_rows(as_json, "Settings", SettingRow, rows)


def _only_of(name: str) -> str:
    """Return of which architectures an option is; nothing where it is of all, or is no option of one."""
    group, _, option = name.rpartition(".")
    having = [architecture for architecture, options in OPTIONS.items() if option in options.model_fields]
    return "" if group != "model" or len(having) == len(OPTIONS) else f" Of {', '.join(having)}."


def print_schema() -> None:
    """Print the JSON schema of recipe files, by which editors complete and check them."""
    typer.echo(schema_of_files())


def print_forecasts(requests: list[TrainingRequest], as_json: bool = False) -> None:
    """Say what requests would train."""
    from aepipe.stages.forecast import forecast

    rows = []
    for request in requests:
        found = forecast(request)
        rows.append(
            ForecastRow(
                model=found.model,
                images=found.num_images,
                shape=" x ".join(map(str, found.plan.image_shape)),
                architecture=found.plan.model.architecture,
                code=found.plan.model.code_size,
                parameters=found.num_parameters,
                memory_mb=math.ceil(found.memory_bytes / 1e6),
                steps=found.num_steps,
                seconds=math.ceil(found.seconds),
            )
        )
    title = "Would be trained; the seconds are an estimate for all steps, from some that were taken on this machine"
    print_rows(as_json, title, ForecastRow, rows)


def _as_text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
