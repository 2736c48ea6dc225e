"""The words for parameters of the flows and options of the command line, once.

A flow takes `setting: trainings.Setting = "tuned"`; its form, its docstring and the option `--setting` say the same.
"""

from collections.abc import Callable
from inspect import cleandoc, signature
from typing import Any, get_type_hints

from pydantic.fields import FieldInfo


def words(parameter: Any, field: str | None = None) -> str:
    """Return what a parameter, or a field of one that is a model, is in words.

    Args:
        parameter: One of the annotations above, or a model.
        field: A field's name; None for the parameter itself.
    """
    if field is not None:
        found = parameter.model_fields[field].description
    else:
        infos = [info for info in parameter.__metadata__ if isinstance(info, FieldInfo)]
        found = infos[-1].description
    assert found is not None, "every parameter has a description"
    return str(found)


def docstring_of(function: Callable[..., Any]) -> str:
    """Return a flow's docstring with its parameters, in the form that Prefect reads descriptions from.

    Of annotations Prefect reads types and bounds only.
    """
    hints = get_type_hints(function, include_extras=True)
    described = (f"    {name}: {words(hints[name])}" for name in signature(function).parameters)
    return "\n".join([cleandoc(function.__doc__ or ""), "", "Args:", *described])
