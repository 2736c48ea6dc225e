"""What the command line is given: read, and checked before a server is started for it."""

from pydantic import ValidationError

from aepipe.errors import ParameterError
from aepipe.publishing.settings import PublishSettings
from aepipe.recipes import RECIPES, RecipeName
from aepipe.recipes.plan import Overrides
from aepipe.stages.request import TrainingRequest, plan_requests
from aepipe.stages.search_space import SearchRanges, check_space
from aepipe.stages.sweep import SweepValues, plan_sweep
from aepipe.store import open_store
from aepipe.training.settings import CheckpointSettings

# What --set takes before a dot, beside recipes.
GROUPS = ("data", "split", "noise", "checkpoints", "publishing")


def parse_changes(changes: list[str]) -> dict:
    """Return the pipeline's parameters that --set names.

    Raises:
        ParameterError: a change is not name=value, or names nothing that can be changed.
    """
    parameters = {"overrides": {}, "recipe_overrides": {}, **{name: {} for name in GROUPS}}
    for change in changes:
        path, equals, value = change.partition("=")
        group, _, name = path.rpartition(".")
        if not equals or not name:
            raise ParameterError("A change has the form name=value or recipe.name=value.", set=change)
        if group in RECIPES:
            target = parameters["recipe_overrides"].setdefault(RecipeName(group), {})
        elif group in ("", *GROUPS):
            target = parameters[group or "overrides"]
        else:
            raise ParameterError(f"Before the dot stands one of {', '.join((*GROUPS, *RECIPES))}.", set=change)
        target[name] = value.split(",") if group == "noise" and name in ("kinds", "levels") else value
    return parameters


def parse_lists(changes: list[str]) -> dict[str, list[str]]:
    """Return the lists of values that --set names.

    Raises:
        ParameterError: a change is not name=value,value,...
    """
    pairs = (_name_and_value(change, "name=value,value,...") for change in changes)
    return {name: value.split(",") for name, value in pairs}


def parse_space(changes: list[str]) -> dict:
    """Return ranges and values that --set names; a range of the learning rate where it names none.

    Raises:
        ParameterError: a change is neither name=low..high nor name=value,value,...
    """
    space = {"ranges": {}, "values": {}}
    for change in changes or ["learning_rate=0.0001..0.01"]:
        name, value = _name_and_value(change, "name=low..high or name=value,value,...")
        low, dots, high = value.partition("..")
        if dots:
            space["ranges"][name] = {"low": low, "high": high}
        else:
            space["values"][name] = value.split(",")
    return space


def _name_and_value(change: str, form: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name:
        raise ParameterError(f"A change has the form {form}", set=change)
    return name, value


def refuse_mistakes(parameters: dict) -> None:
    """Check what can be checked before a server is started for it.

    Raises:
        AepipeError: the store, the data set or a change is none.
        ValidationError: a value is not what its field allows.
    """
    shared = {name: parameters[name] for name in ("setting", "preset", "data_set", "data", "split", "noise", "exports")}
    overrides = {name: Overrides(**changes) for name, changes in parameters["recipe_overrides"].items()}
    plan_requests(parameters["recipes"], Overrides(**parameters["overrides"]), overrides, **shared)
    CheckpointSettings(**parameters["checkpoints"])
    PublishSettings(**parameters["publishing"])
    open_store(parameters["store"])


def refuse_sweep_mistakes(parameters: dict) -> None:
    """Check what can be checked of a sweep before a server is started for it.

    Raises:
        AepipeError: the store or the data set is none, or two trainings would be the same.
        ValidationError: a seed or a value is not what its field allows.
    """
    shared = {name: parameters[name] for name in ("setting", "preset", "data_set")}
    seeds = [Overrides(seed=seed).seed for seed in parameters["seeds"]]
    plan_sweep(parameters["recipe"], seeds, SweepValues(**parameters["values"]), Overrides(), **shared)
    open_store(parameters["store"])


def refuse_search_mistakes(parameters: dict) -> None:
    """Check what can be checked of a search before a server is started for it.

    Raises:
        AepipeError: the store or the data set is none, or there is nothing to try.
        ValidationError: a value or a range is not what its field allows.
    """
    check_space(SearchRanges(**parameters["ranges"]), SweepValues(**parameters["values"]))
    shared = {name: parameters[name] for name in ("recipe", "setting", "preset", "data_set")}
    TrainingRequest(**shared)
    open_store(parameters["store"])


def describe_validation_error(error: ValidationError) -> str:
    """Return pydantic's findings as one line: where, the rule, what was received."""
    parts = []
    for finding in error.errors(include_url=False):
        where = ".".join(str(step) for step in finding["loc"])
        parts.append(f"{finding['msg']}. Received: {where}={finding['input']!r}.")
    return " ".join(parts)
