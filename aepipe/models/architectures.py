"""Architectures, by name: aepipe's own, and those that other distributions announce.

They announce, under the entry-point group aepipe.architectures, the class of an architecture's options. These are
imported with this module, since their names are what a run can set. One that is broken is told where it is asked for.
"""

import importlib
import importlib.util
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, Discriminator, Tag

from aepipe.announced import Group
from aepipe.choices import bare_type
from aepipe.errors import ParameterError
from aepipe.models.options import OWN_OPTIONS, ModelOptions

ANNOUNCED = Group("aepipe.architectures", "architecture", "An")
UNKNOWN = "its architecture is one of {known}, or of a package that is not installed here"


def _check_options(name: str, kind: object, others: Mapping[str, type[ModelOptions]]) -> type[ModelOptions]:
    """Return what is announced as an architecture, which is the class of its options."""
    if not (isinstance(kind, type) and issubclass(kind, ModelOptions)):
        rule = "What is announced as an architecture is the class of its options, a ModelOptions."
        raise ANNOUNCED.refused(rule, name, found=getattr(kind, "__name__", type(kind).__name__))
    architecture = kind.model_fields["architecture"]
    if get_args(architecture.annotation) != (name,) or architecture.default != name:
        rule = f'The options of the architecture {name} have a field architecture: Literal["{name}"] = "{name}".'
        raise ANNOUNCED.refused(rule, name, found=architecture.default)
    built_by = getattr(kind, "built_by", None)
    if not (isinstance(built_by, str) and _is_module(built_by)):
        rule = "An architecture's options say the module with its build, as built_by."
        raise ANNOUNCED.refused(rule, name, found=built_by)
    _check_kinds_of_values(name, kind, others)
    return kind


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False


def _check_kinds_of_values(name: str, kind: type[ModelOptions], others: Mapping[str, type[ModelOptions]]) -> None:
    """Check that an option means the same kind of value everywhere: `--set model.width=8` names no architecture."""
    for other, options in others.items():
        for option in kind.model_fields.keys() & options.model_fields.keys():
            mine, theirs = (_kind_of_value(one, option) for one in (kind, options))
            if mine != theirs:
                rule = f"An option that the architecture {other} has, too, has values of the same type."
                raise ANNOUNCED.refused(rule, name, option=option, found=str(mine), other=str(theirs))


def _kind_of_value(options: type[BaseModel], option: str) -> object:
    found = bare_type(options.model_fields[option])
    return get_origin(found) if get_origin(found) in (Literal, tuple) else found


def _load() -> tuple[dict[str, type[ModelOptions]], dict[str, ParameterError]]:
    """Return the options of each architecture, and what is wrong with each that can't be used."""
    options, broken = dict(OWN_OPTIONS), dict[str, ParameterError]()
    for name in ANNOUNCED.names():
        try:
            options[name] = _check_options(name, ANNOUNCED.load(name, OWN_OPTIONS), options)
        except ParameterError as error:
            broken[name] = error
    return options, broken


# The class of each one's options, and the errors of those that can't be used.
OPTIONS, BROKEN = _load()
# Those that can be named; of a broken one it is said then what is wrong with it.
ARCHITECTURES = (*OPTIONS, *(name for name in BROKEN if name not in OPTIONS))


def options_of(architecture: str) -> type[ModelOptions]:
    """Return the class of an architecture's options.

    Raises:
        ParameterError: the distribution that announces it is broken.
    """
    if architecture not in OPTIONS:
        raise BROKEN[architecture]
    return OPTIONS[architecture]


def modules_of(options: ModelOptions) -> tuple[str, ...]:
    """Return the modules that an architecture's weights depend on."""
    own = () if type(options) in OWN_OPTIONS.values() else (type(options).__module__,)
    return options.built_by, *own


def import_builders(modules: Iterable[str]) -> None:
    """Import what models from outside are built by, where something is of these modules: it registers their layers."""
    packages = {module.partition(".")[0] for module in modules}
    for name, options in OPTIONS.items():
        if name not in OWN_OPTIONS and options.built_by.partition(".")[0] in packages:
            importlib.import_module(options.built_by)


def _architecture_of(given: Any) -> str | None:
    return given.get("architecture") if isinstance(given, Mapping) else getattr(given, "architecture", None)


if TYPE_CHECKING:
    AnyModelOptions = ModelOptions
else:
    AnyModelOptions = Annotated[
        Union[tuple(Annotated[kind, Tag(name)] for name, kind in OPTIONS.items())],  # noqa: UP007 - of a tuple
        Discriminator(
            _architecture_of,
            custom_error_type="unknown_architecture",
            custom_error_message=UNKNOWN.format(known=", ".join(OPTIONS)),
        ),
    ]
