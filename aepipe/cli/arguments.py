"""Arguments of the command line, read: names and values with `=`, dots and commas between them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from aepipe.checks.settings import CheckSettings
from aepipe.errors import ParameterError
from aepipe.experiments.space import CHOICES
from aepipe.experiments.sweep import SweepValues
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes import RECIPES, complete_name, recipe_names, spelled_out
from aepipe.recipes.plan import Overrides, SettingName, SplitOverrides
from aepipe.stages.data import DataSettings
from aepipe.suggestions import did_you_mean
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings

# What --set takes: before a dot the group, which a recipe's name can stand for, after it the names of its model.
GROUPS: Mapping[str, type[BaseModel]] = {
    "data": DataSettings,
    "data.checks": CheckSettings,
    "split": SplitOverrides,
    "noise": NoiseParameters,
    "checkpoints": CheckpointSettings,
    "timeouts": TimeoutSettings,
    "publishing": PublishSettings,
}
LISTS = ("kinds", "levels")


def settable() -> str:
    """Return the names that --set takes, in words."""
    dotted = (f"{group}.{name}" for group, model in GROUPS.items() for name in names_of(model))
    return ", ".join((*Overrides.model_fields, *dotted))


def names_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return what a model's fields are called outside."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def split_list(text: str) -> list[str]:
    """Return what stands between commas, without blanks around it."""
    return [item.strip() for item in text.split(",")]


def parse_recipes(text: str, setting: SettingName = "tuned") -> list[str]:
    """Return the recipes that names with commas between them stand for; all: aepipe's own that have the setting.

    Raises:
        ParameterError: a name stands for none, or for several.
    """
    own = [name for name, recipe in RECIPES.items() if setting in recipe.variants]
    found = (own if name == "all" else [complete_name(name)] for name in split_list(text))
    return [name for names in found for name in names]


def parse_changes(changes: list[str]) -> dict[str, dict[str, Any]]:
    """Return the pipeline's parameters that --set names.

    Raises:
        ParameterError: a change is not name=value, or names nothing that can be changed.
    """
    parameters: dict[str, dict[str, Any]] = {
        "overrides": {},
        "recipe_overrides": {},
        **{name: {} for name in GROUPS if "." not in name},
    }
    for change in changes:
        path, value = _name_and_value(change, "name=value or recipe.name=value")
        group, dot, name = path.rpartition(".")
        if group in GROUPS or not dot:
            outer, _, inner = (group or "overrides").partition(".")
            target = parameters[outer].setdefault(inner, {}) if inner else parameters[outer]
        elif (recipe := spelled_out(group)) in recipe_names():
            target = parameters["recipe_overrides"].setdefault(recipe, {})
        else:
            legal = (*GROUPS, *recipe_names())
            rule = f"Before the dot stands one of {', '.join(legal)}."
            raise ParameterError(rule, did_you_mean(group, legal), set=change)
        _require_name(name, names_of(GROUPS.get(group, Overrides)), change)
        target[name] = split_list(value) if group == "noise" and name in LISTS else value
    return parameters


def parse_lists(changes: list[str]) -> dict[str, list[str]]:
    """Return the lists of values that --set names.

    Raises:
        ParameterError: a change is not name=value,value,..., or names nothing that can be changed.
    """
    lists = {}
    for change in changes:
        name, value = _name_and_value(change, "name=value,value,...")
        _require_name(name, SweepValues.model_fields, change)
        lists[name] = split_list(value)
    return lists


def parse_space(changes: list[str]) -> dict[str, dict[str, Any]]:
    """Return ranges and values that --set names; a range of the learning rate where it names none.

    Raises:
        ParameterError: a change is neither name=low..high nor name=value,value,..., or names nothing to search in.
    """
    space: dict[str, dict[str, Any]] = {"ranges": {}, "values": {}}
    for change in changes or ["learning_rate=0.0001..0.01"]:
        name, value = _name_and_value(change, "name=low..high or name=value,value,...")
        _require_name(name, CHOICES, change)
        low, dots, high = value.partition("..")
        if dots:
            space["ranges"][name] = {"low": low.strip(), "high": high.strip()}
        else:
            space["values"][name] = split_list(value)
    return space


def _name_and_value(change: str, form: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name.strip().rpartition(".")[2]:
        raise ParameterError(f"A change has the form {form}.", set=change)
    return name.strip(), value.strip()


def _require_name(name: str, legal: Mapping[str, object] | tuple[str, ...], change: str) -> None:
    if name not in legal:
        raise ParameterError(f"What is set is one of {', '.join(legal)}.", did_you_mean(name, legal), set=change)
