"""aepipe run, sweep, tune and rerun: flows on this machine, with a Prefect server of their own or another."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from pydantic_core import to_jsonable_python

from aepipe.cli.arguments import parse_changes, parse_lists, parse_recipes, parse_space, split_list
from aepipe.cli.mistakes import refuse_mistakes, refuse_search_mistakes, refuse_sweep_mistakes
from aepipe.cli.nothing_to_do import find_without_a_run
from aepipe.cli.options import ReleaseArgument, StoreOption
from aepipe.cli.output import print_table
from aepipe.cli.recipe_files import print_forecasts
from aepipe.cli.saved_progress import watch_progress
from aepipe.cli.training_options import (
    AcceptDataOption,
    DataSetOption,
    MaxLeftOutOption,
    PresetOption,
    RecipeArgument,
    RecipeFileOption,
    RefreshOption,
    ServerOption,
    SettingOption,
)
from aepipe.errors import ParameterError
from aepipe.flows.interruption import ending_in_one_line
from aepipe.flows.parameters import trainings
from aepipe.flows.parameters.run import RunParameters
from aepipe.flows.parameters.words import words
from aepipe.flows.which_server import is_named, use_server
from aepipe.gate.settings import PublishSettings
from aepipe.publishing.published import Published
from aepipe.recipes import complete_name
from aepipe.recipes.file import read_recipe_at
from aepipe.releases.listing import listed_releases
from aepipe.stages.parent import NOTHING
from aepipe.store import Store, open_store

FAILED = 1


def run(
    recipes: Annotated[
        str | None,
        typer.Option(
            help=f"{words(trainings.Recipes)} Names with commas between them (conv: faces-conv), or all of aepipe's.",
            show_default="all, but for a recipe file",
        ),
    ] = None,
    recipe_file: RecipeFileOption = None,
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: DataSetOption = None,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="name=value for all recipes, recipe.name=value for one; see the names below."),
    ] = None,
    exports: Annotated[
        str | None,
        typer.Option(help=f"{words(trainings.Exports)} Names with commas between them, or none."),
    ] = None,
    name: Annotated[str | None, typer.Option(help=words(trainings.Name))] = None,
    start_from: Annotated[str, typer.Option(help=words(trainings.StartFrom))] = NOTHING,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help=words(trainings.AtOnce))] = None,
    accept_data: AcceptDataOption = None,
    refresh: RefreshOption = False,
    allow_unsafe_pointer: Annotated[
        bool, typer.Option("--allow-unsafe-pointer", help=words(PublishSettings, "allow_unsafe_pointer"))
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be trained, and about how long it would take.")
    ] = False,
    server: ServerOption = None,
) -> None:
    """Train, evaluate and publish recipes; what the store already has is not done again."""
    if recipe_file and recipes is not None:
        rule = "A run trains the recipe of a file, or recipes by name."
        raise ParameterError(rule, "Leave --recipes out.", recipes=recipes, recipe_file=recipe_file)
    chosen: dict[str, Any] = {
        "recipes": [] if recipe_file else parse_recipes(recipes or "all", setting),
        "recipe_file": read_recipe_at(recipe_file) if recipe_file else None,
        "setting": setting,
        "preset": preset,
        "data_set": data_set,
        "name": name,
        "start_from": start_from,
        "store": store,
        "at_once": at_once,
        "accept_data": accept_data,
        "refresh": refresh,
        "exports": None if exports is None else [name for name in split_list(exports) if name != "none"],
        **parse_changes(changes or []),
    }
    if allow_unsafe_pointer:
        chosen["publishing"]["allow_unsafe_pointer"] = True
    if dry_run:
        print_forecasts(refuse_mistakes(chosen))
    else:
        _run(chosen, server)


def _run(chosen: dict[str, Any], server: str | None) -> str | None:
    """Run the pipeline here, say what it came to, and return its release; a run that failed ends the command.

    None where the run completed, but its release is known by its message alone.
    """
    requests = refuse_mistakes(chosen)
    purpose = f"{len(requests)} recipes, results go to {chosen['store']}"
    unchanged = find_without_a_run(chosen, requests)
    if unchanged is not None:
        if is_named(server):
            _record(chosen, server, f"{purpose}, all of it is there", unchanged)
        else:
            typer.echo(f"aepipe: {purpose}; all of it is there, so no Prefect server was started", err=True)
        _say_where(unchanged.summary, unchanged.report_uri)
        return unchanged.release
    with _prefect(server, chosen, purpose) as ready:
        from aepipe.flows.pipeline import pipeline

        ready()
        state = pipeline(**chosen, return_state=True)
    store = open_store(chosen["store"])
    release = _release_of(state, store)
    _say_where(state.message, None if release is None else f"{store.url}/releases/{release}/report.html")
    if not state.is_completed():
        raise typer.Exit(FAILED)
    return release


def _record(chosen: dict[str, Any], server: str | None, purpose: str, unchanged: Published) -> None:
    """Let the server know of a run that nothing is done for, as if it had been run there."""
    with _prefect(server, chosen, purpose) as ready:
        from aepipe.flows.limits import check_limits
        from aepipe.flows.names import name_of_pipeline
        from aepipe.flows.recorded import record_completed

        ready()
        # As Prefect has them: what was chosen as it was written, and the defaults of the rest.
        parameters = RunParameters().model_dump(mode="json") | to_jsonable_python(chosen)
        check_limits(parameters)
        record_completed("pipeline", name_of_pipeline(parameters), parameters, unchanged.summary)


def _say_where(summary: str | None, report_uri: str | None) -> None:
    typer.echo(summary)
    if report_uri is not None:
        typer.echo(f"Report: {report_uri}")


def _release_of(state: Any, store: Store) -> str | None:
    """Return the release that a run came to; None where there is none.

    Where the server's answer was lost Prefect gives the state that is there, without what the run returned; what it
    published is in the store.
    """
    if state.is_completed() and state.data is None:
        this_run = str(state.state_details.flow_run_id)
        return next((found.release for found in listed_releases(store) if found.flow_run == this_run), None)
    published = state.result(raise_on_failure=False)
    return published.release if isinstance(published, Published) else None


def sweep(
    recipe: RecipeArgument = None,
    recipe_file: RecipeFileOption = None,
    seeds: Annotated[str, typer.Option(help=f"{words(trainings.Seeds)} Seeds with commas between them.")] = "0,1,2",
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: DataSetOption = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=value,value,...: every combination is trained.")
    ] = None,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help=words(trainings.AtOnce))] = None,
    most_left_out: MaxLeftOutOption = 0.1,
    server: ServerOption = None,
) -> None:
    """Train a recipe with several seeds and values side by side; the table goes to the store, nothing is published."""
    chosen: dict[str, Any] = {
        **_recipe(recipe, recipe_file),
        "seeds": split_list(seeds),
        "values": parse_lists(changes or []),
        "setting": setting,
        "preset": preset,
        "data_set": data_set,
        "data": {"most_left_out": most_left_out},
        "store": store,
        "at_once": at_once,
    }
    num_trainings = len(refuse_sweep_mistakes(chosen))
    with _prefect(server, chosen, f"{num_trainings} trainings, results go to {store}") as ready:
        from aepipe.flows.sweep import sweep as sweep_flow

        ready()
        state = sweep_flow(**chosen, return_state=True)
    _end_with_table(state, "results.csv")


def tune(
    recipe: RecipeArgument = None,
    recipe_file: RecipeFileOption = None,
    changes: Annotated[
        list[str] | None, typer.Option("--set", help="name=low..high for a range, name=value,value,... for a list.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help=words(trainings.Trials))] = 20,
    rungs: Annotated[int, typer.Option(min=1, max=5, help=words(trainings.Rungs))] = 3,
    setting: SettingOption = "tuned",
    preset: PresetOption = "full",
    data_set: DataSetOption = None,
    store: StoreOption = "./store",
    at_once: Annotated[int | None, typer.Option(min=1, help=words(trainings.CandidatesAtOnce))] = None,
    most_left_out: MaxLeftOutOption = 0.1,
    server: ServerOption = None,
) -> None:
    """Search for better settings by the validation error; the table goes to the store, nothing is published.

    Run again with the same options, or more trials, it goes on where it was.
    """
    chosen: dict[str, Any] = {
        **_recipe(recipe, recipe_file),
        "trials": trials,
        "rungs": rungs,
        "setting": setting,
        "preset": preset,
        "data_set": data_set,
        "data": {"most_left_out": most_left_out},
        "store": store,
        "at_once": at_once,
        **parse_space(changes or []),
    }
    refuse_search_mistakes(chosen)
    with _prefect(server, chosen, f"a search, results go to {store}") as ready:
        from aepipe.flows.tune import tune as tune_flow

        ready()
        state = tune_flow(**chosen, return_state=True)
    _end_with_table(state, "trials.csv")


def rerun(
    release: ReleaseArgument,
    to: Annotated[str, typer.Option(help="The store that the second run works in; better an empty one.")],
    store: StoreOption = "./store",
    server: ServerOption = None,
) -> None:
    """Run the pipeline again with a release's parameters, and say of each model whether its bytes came out the same.

    Exits with 1 where one did not.
    """
    from aepipe.publishing.again import compare_models
    from aepipe.releases.manifest import resolve_release
    from aepipe.releases.signatures import require_trusted

    first = resolve_release(open_store(store), release)
    require_trusted(open_store(store), first)
    if first.parameters.get("start_from", NOTHING) != NOTHING:
        raise ParameterError(
            "A run that began with published models is done again beside them, not in another store.",
            f"aepipe run --start-from RELEASE --store {store}, with the release that its manifest has as started_from.",
            release=first.release,
            start_from=first.parameters["start_from"],
        )
    again = _run({**first.parameters, "store": to}, server)
    if again is None:
        typer.echo("What the server was told of the run was lost: the same command compares, and does no work twice.")
        raise typer.Exit(FAILED)
    second = resolve_release(open_store(to), again)
    rows = compare_models(first, second)
    print_table(f"{first.release} and {second.release}", ["model", "bytes", "MSE", "MSE again"], rows)
    raise typer.Exit(1 if any(row[1] in ("different", "missing") for row in rows) else 0)


def _recipe(recipe: str | None, recipe_file: str | None) -> dict[str, str | None]:
    """Return the parameters that say what a flow of one recipe trains."""
    if (recipe is None) == (recipe_file is None):
        raise ParameterError(
            "It trains one recipe, by its name or by its file.", recipe=recipe, recipe_file=recipe_file
        )
    return {
        "recipe": recipe and complete_name(recipe),
        "recipe_file": read_recipe_at(recipe_file) if recipe_file else None,
    }


@contextmanager
def _prefect(server: str | None, chosen: dict[str, Any], purpose: str) -> Iterator[Callable[[], None]]:
    """Say what starts and on which server; give what waits for it. A signal ends the command in one line."""
    with ending_in_one_line(watch_progress(chosen["store"], chosen.get("refresh", False))):
        yield use_server(server, purpose)


def _end_with_table(state: Any, file: str) -> None:
    """Say what a flow came to, and where its table lies; a run that failed ends the command."""
    typer.echo(state.message)
    if not state.is_completed():
        raise typer.Exit(FAILED)
    if state.data is None:
        # Its answer was lost, as in `_release_of`; no table has the id of its run.
        typer.echo(
            "What the server was told of it was lost: the same command says where the table is, and does no work."
        )
        return
    typer.echo(f"Table: {state.result().files[file].uri}")
