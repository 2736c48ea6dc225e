"""Names of runs: the one that somebody gave, else what the run does."""

import re
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from prefect.client.orchestration import get_client
from prefect.context import FlowRunContext
from prefect.runtime import flow_run

from aepipe.recipes.file import read_recipe

# A list shows no more.
MAX_LETTERS = 120


def named(description: str | Callable[[], str]) -> Callable[[], str]:
    """Return what gives a run its name.

    Args:
        description: Of the parameters, as "verify {release}", or what makes one of them.
    """

    def name() -> str:
        typed = typed_name()
        if typed is not None:
            return typed
        return description.format(**flow_run.parameters) if isinstance(description, str) else description()

    return name


def name_of_recipe(parameters: Mapping[str, Any]) -> str:
    """Return what the recipe of a flow's parameters is called, one of a file too."""
    text = parameters.get("recipe_file")
    return str(parameters["recipe"]) if text is None else read_recipe(text).name


def name_of_pipeline(parameters: Mapping[str, Any]) -> str:
    """Return what a run of the pipeline is called by its parameters."""
    by_name = parameters.get("recipe_file") is None
    names = [str(name) for name in parameters["recipes"]] if by_name else [name_of_recipe(parameters)]
    what = ", ".join(names) if len(names) <= 3 else f"{len(names)} recipes"
    return f"{parameters['setting']} {what}, {parameters['preset']}"


def rename_run(before: str, name: str) -> None:
    """Let this run be called by what it has found out, unless it was named by somebody.

    Args:
        before: What it is called where nobody named it.
        name: Its new name; nothing where it found out nothing.
    """
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if not name or run is None or run.name != before:
        return
    with get_client(sync_client=True) as client:
        client.update_flow_run(run.id, name=name[:MAX_LETTERS])


def typed_name() -> str | None:
    """Return the name that somebody typed into the form, or that a parent gave; None where Prefect made one up."""
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    if run is None or run.deployment_id is None or run.auto_scheduled or is_made_up(run.name):
        return None
    return run.name


def is_made_up(name: str) -> bool:
    """Tell whether a name is like those that Prefect makes up: two words of its lists, as brave-whale."""
    words = re.findall("[a-z]+", name)
    return bool(re.fullmatch("[a-z]+(-[a-z]+)+", name)) and set(words) <= _words()


@cache
def _words() -> frozenset[str]:
    # Prefect takes its names from this package, which has no question for its words.
    lists = [file for file in (files("coolname") / "data").iterdir() if file.name.endswith(".txt")]
    return frozenset(word for file in lists for word in re.findall("[a-z]+", file.read_text(encoding="utf-8").lower()))
