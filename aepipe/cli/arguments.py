"""Arguments of the command line, read: names and values with `=`, dots and commas between them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from aepipe.choices import dotted_names, field_of, group_of, groups_of, is_sequence, names_of, nested, unknown_name
from aepipe.errors import ParameterError
from aepipe.experiments.space import CHOICES, NUMBERS
from aepipe.experiments.sweep import SweepValues
from aepipe.gate.settings import PublishSettings
from aepipe.noise import NoiseParameters
from aepipe.recipes import RECIPES, complete_name, recipe_names, spelled_out
from aepipe.recipes.overrides import MAIN_NAMES, Overrides, SplitOverrides
from aepipe.recipes.plan import SettingName
from aepipe.stages.data import DataSettings
from aepipe.suggestions import did_you_mean
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings

# What --set takes beside the overrides: before a dot the group, after it the names of its model.
GROUPS: Mapping[str, type[BaseModel]] = {
    "data": DataSettings,
    "split": SplitOverrides,
    "noise": NoiseParameters,
    "checkpoints": CheckpointSettings,
    "timeouts": TimeoutSettings,
    "publishing": PublishSettings,
}


def settable() -> dict[str, FieldInfo]:
    """Return the fields that --set takes, by name."""
    models: dict[str, type[BaseModel]] = {"": Overrides, **{f"{group}.": model for group, model in GROUPS.items()}}
    found = {
        f"{prefix}{name}": field_of(model, name) for prefix, model in models.items() for name in dotted_names(model)
    }
    return {name: field for name, field in found.items() if field is not None}


def split_list(text: str) -> list[str]:
    """Return what stands between commas, without blanks around it."""
    return [item.strip() for item in text.split(",")] if text else []


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
    found: dict[str, Any] = {}
    for change in changes:
        path, value = _name_and_value(change, "name=value or recipe.name=value")
        parameter, model, path = _target(path)
        name = _known(model, path, change)
        found[f"{parameter}.{name}"] = split_list(value) if is_sequence(field_of(model, name)) else value
    return {**{name: {} for name in ("overrides", "recipe_overrides", *GROUPS)}, **nested(found)}


def _target(path: str) -> tuple[str, type[BaseModel], str]:
    """Return the parameter that a name belongs to, what it is, and the rest of the name."""
    first, _, rest = path.partition(".")
    if rest and first in GROUPS:
        return first, GROUPS[first], rest
    if rest and spelled_out(first) in recipe_names():
        return f"recipe_overrides.{spelled_out(first)}", Overrides, rest
    return "overrides", Overrides, path


def parse_lists(changes: list[str]) -> dict[str, Any]:
    """Return the lists of values that --set names.

    Raises:
        ParameterError: a change is not name=value,value,..., or names nothing that can be changed.
    """
    lists: dict[str, list[str]] = {}
    for change in changes:
        path, value = _name_and_value(change, "name=value,value,...")
        name = _known(SweepValues, path, change)
        lists.setdefault(name, []).extend(_values_of(name, value))
    return nested(lists)


def parse_space(changes: list[str]) -> dict[str, dict[str, Any]]:
    """Return ranges and values that --set names; a range of the learning rate where it names none.

    Raises:
        ParameterError: a change is neither name=low..high nor name=value,value,..., or names nothing to search in.
    """
    ranges: dict[str, Any] = {}
    values: dict[str, list[str]] = {}
    for change in changes or ["learning_rate=0.0001..0.05"]:
        path, value = _name_and_value(change, "name=low..high or name=value,value,...")
        name = _spelled_out(Overrides, path)
        if name not in CHOICES:
            raise ParameterError(
                f"What is tried is one of {', '.join(CHOICES)}.", did_you_mean(path, CHOICES), set=change
            )
        low, dots, high = value.partition("..")
        if dots and name not in NUMBERS:
            raise ParameterError(f"A range is of one of {', '.join(NUMBERS)}.", "Name values.", set=change)
        if dots:
            ranges[name] = {"low": low.strip(), "high": high.strip()}
        else:
            values.setdefault(name, []).extend(_values_of(name, value))
    return {"ranges": nested(ranges), "values": nested(values)}


def _values_of(name: str, text: str) -> list[str]:
    """Return values with commas between them, or with semicolons where each is a sequence with commas in it."""
    separator = ";" if is_sequence(field_of(Overrides, name)) else ","
    return [item.strip() for item in text.split(separator)]


def _name_and_value(change: str, form: str) -> tuple[str, str]:
    name, equals, value = change.partition("=")
    if not equals or not name.strip().rpartition(".")[2]:
        raise ParameterError(f"A change has the form {form}.", set=change)
    return name.strip(), value.strip()


def _known(model: type[BaseModel], path: str, change: str) -> str:
    """Return the dotted name of a value in a model, a group's main value where the group alone is named."""
    path = _spelled_out(model, path)
    groups, _, name = path.rpartition(".")
    inner = model
    for group in filter(None, groups.split(".")):
        inside = group_of(field_of(inner, group))
        if inside is None:
            legal = (*groups_of(inner), *([*recipe_names(), *GROUPS] if inner is Overrides else []))
            rule = f"Before the dot stands one of {', '.join(legal)}."
            raise ParameterError(rule, did_you_mean(group, legal), set=change)
        inner = inside
    if name in groups_of(inner):
        legal = tuple(dotted_names(group_of(field_of(inner, name)) or inner, f"{path}."))
        raise ParameterError(f"What is set is one of {', '.join(legal)}.", set=change)
    if name not in names_of(inner):
        raise ParameterError(*unknown_name(inner, name), set=change)
    return path


def _spelled_out(model: type[BaseModel], path: str) -> str:
    """Return a name with the main value's where it is a group's."""
    main = MAIN_NAMES.get(path)
    return f"{path}.{main}" if main and field_of(model, f"{path}.{main}") else path
