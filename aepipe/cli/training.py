"""The command `aepipe`: the library's commands, and those that run a flow on this machine."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from aepipe.cli.app import MostLeftOutOption, StoreOption, app
from aepipe.cli.arguments import parse_changes, parse_lists, parse_recipes, parse_space, settable, split_list
from aepipe.cli.mistakes import (
    describe_validation_error,
    refuse_mistakes,
    refuse_search_mistakes,
    refuse_sweep_mistakes,
)
from aepipe.cli.output import print_table
from aepipe.cli.saved_progress import watch_progress
from aepipe.errors import AepipeError, ParameterError
from aepipe.flows.interruption import ending_in_one_line
from aepipe.flows.which_server import use_server
from aepipe.recipes import complete_name
from aepipe.store import open_store
from aepipe.unforeseen import describe_unforeseen, wants_traceback

MISUSED, FAILED = 2, 1
RecipeArgument = Annotated[str, typer.Argument(help="What to train; a short name will do: conv for faces-conv.")]
SettingOption = Annotated[Literal["tuned", "published"], typer.Option(help="The best known, or the sources'.")]
PresetOption = Annotated[Literal["full", "quick"], typer.Option(help="quick: few steps, for demonstrations.")]
ServerOption = Annotated[
    str | None,
    typer.Option(
        help="The Prefect server's API URL, profile for the one of Prefect's active profile, or embedded; "
        "by default PREFECT_API_URL, otherwise embedded: one that ends with the run."
    ),
]


@app.command(
    epilog=f"Names that --set takes: {settable()}. "
    "Examples: aepipe run --preset quick --data-set digits; "
    "aepipe run --recipes mnist-dense,faces-conv --set epochs=20 --set faces-conv.learning_rate=0.0005",
)
def run(
    recipes: Annotated[
        str, typer.Option(help="Names with commas between them (conv: faces-conv), or all of aepipe's.")
    ] = "all",
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: Annotated[str | None, typer.Option(help="Another data set for every recipe, or images:PATH.")] = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value for all recipes, recipe.name=value for one; see the names below."),
    ] = None,
    exports: Annotated[
        str | None,
        typer.Option(help="Of onnx,litert,litert-int8, or none; by default all in preset full, none in quick."),
    ] = None,
    store: StoreOption = "./store",
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Trainings side by side; by default 2, on a GPU 1.")
    ] = None,
    refresh: Annotated[bool, typer.Option(help="Train and evaluate even if that has been done.")] = False,
    allow_unsafe_pointer: Annotated[
        bool, typer.Option("--allow-unsafe-pointer", help="Publish to a server that ignores conditions.")
    ] = False,
    server: ServerOption = None,
) -> None:
    """Train, evaluate and publish recipes; what the store already has is not done again."""
    parameters = {
        "recipes": parse_recipes(recipes, setting),
        "setting": setting,
        "preset": preset,
        "data_set": data_set,
        "store": store,
        "at_once": at_once,
        "refresh": refresh,
        "exports": None if exports is None else [name for name in split_list(exports) if name != "none"],
        **parse_changes(changes or []),
    }
    if allow_unsafe_pointer:
        parameters["publishing"]["allow_unsafe_pointer"] = True
    _run(parameters, server)


def _run(parameters: dict, server: str | None):
    """Run the pipeline here, say what it came to, and return what it published; a run that failed ends the command."""
    requests = refuse_mistakes(parameters)
    with _prefect(server, parameters, f"{len(requests)} recipes, results go to {parameters['store']}") as ready:
        from aepipe.flows.pipeline import pipeline
        from aepipe.publishing.publish import Published

        ready()
        state = pipeline(**parameters, return_state=True)
    published = state.result(raise_on_failure=False)
    typer.echo(state.message)
    if isinstance(published, Published):
        typer.echo(f"Report: {published.report_uri}")
    if not state.is_completed():
        raise typer.Exit(FAILED)
    return published


@app.command(epilog="Example: aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.001,0.003 --preset quick")
def sweep(
    recipe: RecipeArgument,
    seeds: Annotated[str, typer.Option(help="Seeds with commas between them.")] = "0,1,2",
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: Annotated[str | None, typer.Option(help="Another data set than its own, or images:PATH.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=value,value,...: every combination is trained.")
    ] = None,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help="Trainings side by side.")] = None,
    most_left_out: MostLeftOutOption = 0.1,
    server: ServerOption = None,
) -> None:
    """Train a recipe with several seeds and values side by side; the table goes to the store, nothing is published."""
    chosen = {"recipe": complete_name(recipe), "seeds": split_list(seeds), "values": parse_lists(changes or [])}
    shared = {"setting": setting, "preset": preset, "data_set": data_set, "store": store, "at_once": at_once}
    shared["data"] = {"most_left_out": most_left_out}
    num_trainings = len(refuse_sweep_mistakes(chosen | shared))
    with _prefect(server, shared, f"{num_trainings} trainings, results go to {store}") as ready:
        from aepipe.flows.sweep import sweep as sweep_flow

        ready()
        state = sweep_flow(**chosen, **shared, return_state=True)
    _end_with_table(state, "results.csv")


@app.command(
    epilog="Example: aepipe tune mnist-dense --trials 20 --set learning_rate=0.0001..0.01 --set batch_size=50,150"
)
def tune(
    recipe: RecipeArgument,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=low..high for a range, name=value,value,... for a list.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Candidates in all, those of earlier runs included.")] = 20,
    rungs: Annotated[int, typer.Option(min=1, max=5, help="Steps of three in which a candidate trains longer.")] = 3,
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: Annotated[str | None, typer.Option(help="Another data set than its own, or images:PATH.")] = None,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help="Candidates side by side.")] = None,
    most_left_out: MostLeftOutOption = 0.1,
    server: ServerOption = None,
) -> None:
    """Search for better settings by the validation error; the table goes to the store, nothing is published.

    Run again with the same options, or more trials, it goes on where it was.
    """
    parameters = {
        "recipe": complete_name(recipe),
        "trials": trials,
        "rungs": rungs,
        "setting": setting,
        "preset": preset,
    }
    parameters |= {"data_set": data_set, "store": store, "at_once": at_once, **parse_space(changes or [])}
    parameters["data"] = {"most_left_out": most_left_out}
    refuse_search_mistakes(parameters)
    with _prefect(server, parameters, f"a search, results go to {store}") as ready:
        from aepipe.flows.tune import tune as tune_flow

        ready()
        state = tune_flow(**parameters, return_state=True)
    _end_with_table(state, "trials.csv")


@app.command(epilog="Example: aepipe rerun production --to ./rerun")
def rerun(
    release: Annotated[str, typer.Argument(help="A release's id, or a channel's name.")],
    to: Annotated[str, typer.Option(help="The store that the second run works in; better an empty one.")],
    store: StoreOption = "./store",
    server: ServerOption = None,
) -> None:
    """Run the pipeline again with a release's parameters, and say of each model whether its bytes came out the same.

    Exits with 1 where one did not.
    """
    from aepipe.releases.diff import compare_models
    from aepipe.releases.manifest import resolve_release
    from aepipe.releases.signatures import require_trusted

    first = resolve_release(open_store(store), release)
    require_trusted(open_store(store), first)
    published = _run({**first.parameters, "store": to}, server)
    second = resolve_release(open_store(to), published.release)
    rows = compare_models(first, second)
    print_table(f"{first.release} and {second.release}", ["recipe", "bytes", "MSE", "MSE again"], rows)
    raise typer.Exit(1 if any(row[1] in ("different", "missing") for row in rows) else 0)


@contextmanager
def _prefect(server: str | None, parameters: dict, purpose: str) -> Iterator[Callable[[], None]]:
    """Say what starts and on which server; give what waits for it. A signal ends the command in one line."""
    with ending_in_one_line(watch_progress(parameters["store"], parameters.get("refresh", False))):
        yield use_server(server, purpose)


def _end_with_table(state, file: str) -> None:
    """Say what a flow came to, and where its table lies; a run that failed ends the command."""
    typer.echo(state.message)
    if not state.is_completed():
        raise typer.Exit(FAILED)
    typer.echo(f"Table: {state.result().files[file].uri}")


def main() -> None:
    """Run the command line; an error that the user can act on is one line.

    So is one that nobody foresaw; its traceback is kept in a file. The exit code is 2 where what was asked for can't be
    done, and 1 where doing it failed.
    """
    # Figures are files; a notebook leaves its programs a way to draw that only the notebook has.
    os.environ["MPLBACKEND"] = "agg"
    try:
        app()
    except ValidationError as error:
        _end(describe_validation_error(error), MISUSED)
    except AepipeError as error:
        _end(str(error), MISUSED if isinstance(error, ParameterError) else FAILED)
    except Exception as error:
        if wants_traceback():
            raise
        _end(describe_unforeseen(error), FAILED)


def _end(line: str, exit_code: int) -> None:
    print(f"aepipe: {line}", file=sys.stderr)
    sys.exit(exit_code)
