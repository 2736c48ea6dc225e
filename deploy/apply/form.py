"""The form of a flow's parameters: what the server checks them against, and what the UI shows."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from prefect import Flow
from prefect.utilities.callables import parameter_schema

BOUNDS: Mapping[str, str] = {
    "minimum": "at least {}",
    "exclusiveMinimum": "over {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "under {}",
}


@cache
def form_of(flow: Flow[..., Any]) -> dict[str, Any]:
    """Return the schema of a flow's parameters, whose fields explain themselves. It is shared: copy it to change it."""
    # Several deployments have one flow, and each schema takes tens of milliseconds.
    schema = parameter_schema(flow).model_dump_for_openapi()
    for part in (schema, *schema.get("definitions", {}).values()):
        for name, field in part.get("properties", {}).items():
            _explain(name, field)
    return schema


def _explain(name: str, field: dict[str, Any]) -> None:
    """Give a field of the form a title in plain words, and the bounds that the form itself does not show."""
    words = name.replace("_", " ")
    if field.get("title", name) in (name, words.title()):
        field["title"] = words.capitalize()
    rules = [rule for rule in (field, *field.get("anyOf", [])) if isinstance(rule, dict)]
    bounds = [text.format(rule[key]) for rule in rules for key, text in BOUNDS.items() if key in rule]
    if bounds:
        field["description"] = f"{field.get('description', '')} ({', '.join(bounds)})".strip()
