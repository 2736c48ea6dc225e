"""The command `aepipe`: the library's commands, and `run`, which starts the pipeline's flow on this machine."""

import os
import sys
from typing import Annotated, Literal

import typer
from pydantic import ValidationError

from aepipe.cli import StoreOption, app
from aepipe.errors import AepipeError
from aepipe.printing import print_table
from aepipe.recipes import RECIPES, RecipeName, complete_name
from aepipe.store import open_store
from flows.arguments import (
    describe_validation_error,
    parse_changes,
    parse_lists,
    parse_space,
    refuse_mistakes,
    refuse_search_mistakes,
    refuse_sweep_mistakes,
)

# The embedded server needs no telemetry, and more than its default seconds to start on a busy machine.
EMBEDDED_SERVER = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    # It ends with the run: nothing asks for its events, and storing them makes others wait for the SQLite file.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
}
SettingOption = Annotated[Literal["tuned", "published"], typer.Option(help="The best known, or the sources'.")]
PresetOption = Annotated[Literal["full", "quick"], typer.Option(help="quick: few steps, for demonstrations.")]


@app.command(
    epilog="Examples: aepipe run --preset quick --data-set digits; "
    "aepipe run --recipes mnist-dense,faces-conv --set epochs=20 --set faces-conv.learning_rate=0.0005"
)
def run(
    recipes: Annotated[str, typer.Option(help="Recipes with commas between them (conv: faces-conv), or all.")] = "all",
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: Annotated[str | None, typer.Option(help="Another data set for every recipe, or images:PATH.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=value for all recipes, recipe.name=value for one.")
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
) -> None:
    """Train, evaluate and publish recipes; what the store already has is not done again.

    Names that --set takes: epochs, batch_size, learning_rate, code_size, seed, max_steps, time_limit_minutes,
    schedule, warm_up_share, weight_decay, gradient_clip_norm, precision, devices; data.most_left_out; split.method,
    split.test_fraction, split.validation_fraction, split.seed; noise.kinds, noise.levels, noise.seed;
    checkpoints.every_seconds, checkpoints.every_epochs; publishing.channel, publishing.demand_baselines,
    publishing.regression_tolerance, publishing.reload_tolerance, publishing.verify.
    """
    chosen = list(RECIPES) if recipes == "all" else [complete_name(name) for name in recipes.split(",")]
    parameters = {
        "recipes": chosen,
        "setting": setting,
        "preset": preset,
        "data_set": data_set,
        "store": store,
        "at_once": at_once,
        "refresh": refresh,
        "exports": None if exports is None else [name for name in exports.split(",") if name != "none"],
        **parse_changes(changes or []),
    }
    if allow_unsafe_pointer:
        parameters["publishing"]["allow_unsafe_pointer"] = True
    refuse_mistakes(parameters)
    _run(parameters)


def _run(parameters: dict):
    """Run the pipeline here, say what it came to, and return what it published; a run that failed ends the command."""
    _use_embedded_server(f"{len(parameters['recipes'])} recipes, results go to {parameters['store']}")
    from aepipe.publishing.release import Published
    from flows.pipeline import pipeline

    state = pipeline(**parameters, return_state=True)
    published = state.result(raise_on_failure=False)
    typer.echo(state.message)
    if isinstance(published, Published):
        typer.echo(f"Report: {published.report_uri}")
    if not state.is_completed():
        raise typer.Exit(1)
    return published


@app.command(epilog="Example: aepipe sweep mnist-dense --seeds 0,1,2 --set learning_rate=0.001,0.003 --preset quick")
def sweep(
    recipe: Annotated[RecipeName, typer.Argument(help="What to train.")],
    seeds: Annotated[str, typer.Option(help="Seeds with commas between them.")] = "0,1,2",
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: Annotated[str | None, typer.Option(help="Another data set than its own, or images:PATH.")] = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=value,value,...: every combination is trained.")
    ] = None,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help="Trainings side by side.")] = None,
) -> None:
    """Train a recipe with several seeds and values side by side; the table goes to the store, nothing is published."""
    chosen = {"recipe": recipe, "seeds": seeds.split(","), "values": parse_lists(changes or []), "data_set": data_set}
    parameters = {**chosen, "setting": setting, "preset": preset, "store": store, "at_once": at_once}
    refuse_sweep_mistakes(parameters)
    _use_embedded_server(f"results go to {store}")
    from flows.sweep import sweep as sweep_flow

    _end_with_table(sweep_flow(**parameters, return_state=True), "results.csv")


@app.command(
    epilog="Example: aepipe tune mnist-dense --trials 20 --set learning_rate=0.0001..0.01 --set batch_size=50,150"
)
def tune(
    recipe: Annotated[RecipeName, typer.Argument(help="What to train.")],
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
) -> None:
    """Search for better settings by the validation error; the table goes to the store, nothing is published.

    Run again with the same options, or more trials, it goes on where it was.
    """
    parameters = {"recipe": recipe, "trials": trials, "rungs": rungs, "setting": setting, "preset": preset}
    parameters |= {"data_set": data_set, "store": store, "at_once": at_once, **parse_space(changes or [])}
    refuse_search_mistakes(parameters)
    _use_embedded_server(f"results go to {store}")
    from flows.tune import tune as tune_flow

    _end_with_table(tune_flow(**parameters, return_state=True), "trials.csv")


@app.command(epilog="Example: aepipe rerun production --to ./rerun")
def rerun(
    release: Annotated[str, typer.Argument(help="A release's id, or a channel's name.")],
    to: Annotated[str, typer.Option(help="The store that the second run works in; better an empty one.")],
    store: StoreOption = "./store",
) -> None:
    """Run the pipeline again with a release's parameters, and say of each model whether its bytes came out the same.

    Exits with 1 where one did not.
    """
    from aepipe.publishing.comparison import compare_models
    from aepipe.publishing.manifest import resolve_release
    from aepipe.publishing.signatures import require_trusted

    first = resolve_release(open_store(store), release)
    require_trusted(open_store(store), first)
    published = _run({**first.parameters, "store": to})
    second = resolve_release(open_store(to), published.release)
    rows = compare_models(first, second)
    print_table(f"{first.release} and {second.release}", ["recipe", "bytes", "MSE", "MSE again"], rows)
    raise typer.Exit(1 if any(row[1] in ("different", "missing") for row in rows) else 0)


def _use_embedded_server(purpose: str) -> None:
    """Say what a run is going to do, and set up the server; Prefect is imported after it."""
    for name, value in EMBEDDED_SERVER.items():
        os.environ.setdefault(name, value)
    if "PREFECT_API_URL" not in os.environ:
        # The image refuses it, for workers that were told of no server.
        os.environ["PREFECT_SERVER_EPHEMERAL_ENABLED"] = "true"
    typer.echo(f"aepipe: {purpose}; starting Prefect", err=True)


def _end_with_table(state, file: str) -> None:
    """Say what a flow came to, and where its table lies; a run that failed ends the command."""
    typer.echo(state.message)
    if not state.is_completed():
        raise typer.Exit(1)
    typer.echo(f"Table: {state.result().files[file].uri}")


def main() -> None:
    """Run the command line; an error that the user can act on is one line, and the exit code is 1."""
    try:
        app()
    except AepipeError as error:
        sys.exit(f"aepipe: {error}")
    except ValidationError as error:
        sys.exit(f"aepipe: {describe_validation_error(error)}")
