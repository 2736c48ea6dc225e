"""Choices: settings of which a user names some, by dotted names such as `corruption.level`, and leaves the others.

They are derived from the classes that hold the settings: a field that is added there, with its line of description, can
be chosen on the command line, in a form, in a sweep and in a search.
"""

from collections.abc import Callable, Iterator, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from aepipe.errors import ParameterError
from aepipe.findings import UNKNOWN_NAME
from aepipe.suggestions import did_you_mean

Kind = TypeVar("Kind", bound=BaseModel)
# What pydantic calls the bounds of a number.
BOUNDS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}


class Choices(BaseModel):
    """Settings that a user may name; what is left out, None, stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    if TYPE_CHECKING:
        # The fields are those of another class.
        def __getattr__(self, name: str) -> Any: ...

    @model_validator(mode="before")
    @classmethod
    def _names_are_known(cls, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return given
        fields = {name: value for name, value in cls.as_fields(given).items() if value is not None}
        unknown = [str(name) for name in fields if name not in cls.model_fields]
        if unknown:
            error = ParameterError(*unknown_name(cls, unknown[0]), name=unknown[0])
            raise PydanticCustomError(UNKNOWN_NAME, "{line}", {"line": str(error), "name": unknown[0]})
        return fields

    @classmethod
    def as_fields(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return what was given by the fields' names, where it may be written in another way."""
        return dict(given)

    def __reduce__(self) -> tuple[Any, ...]:
        # Processes are sent the names: the classes of groups have no place of their own to be found at.
        return _made, (type(self), self.chosen())

    def chosen(self) -> dict[str, Any]:
        """Return what was named, by name; a group of which something was is a dictionary of its own."""
        found = {name: value.chosen() if isinstance(value, Choices) else value for name, value in self}
        return {name: value for name, value in found.items() if value is not None and value != {}}

    def by_dotted_name(self) -> dict[str, Any]:
        """Return what was named, by dotted names."""
        return dict(flat(self.chosen()))

    def replaced_by(self, others: Self | None) -> Self:
        """Return these choices with what the others name in its place."""
        return self if others is None else type(self)(**nested({**self.by_dotted_name(), **others.by_dotted_name()}))


def nested(by_dotted_name: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by dotted names as dictionaries in dictionaries."""
    found: dict[str, Any] = {}
    for path, value in by_dotted_name.items():
        *groups, name = path.split(".")
        inner = found
        for group in groups:
            inner = inner.setdefault(group, {})
        inner[name] = value
    return found


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the values of dictionaries in dictionaries, each with its dotted name."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _made(kind: type[Choices], chosen: dict[str, Any]) -> Choices:
    return kind(**chosen)


def choices_of(*settings: type[BaseModel], leave_out: tuple[str, ...] = ()) -> Callable[[type[Kind]], type[Kind]]:
    """Return a decorator that gives a class of `Choices` a field for each of these settings' fields.

    Args:
        *settings: One class, or several of which a user has one: a name that they share has the values of all.
        leave_out: Names that the choices have no field for.
    """
    fields: dict[str, list[FieldInfo]] = {}
    for one in settings:
        for name, field in one.model_fields.items():
            fields.setdefault(name, []).append(field)

    def derive(cls: type[Kind]) -> type[Kind]:
        names = [name for name in fields if name not in (*cls.model_fields, *leave_out)]
        derived: dict[str, Any] = {name: _choice(name, fields[name]) for name in names}
        return create_model(cls.__name__, __base__=cls, __module__=cls.__module__, __doc__=cls.__doc__, **derived)

    return derive


def _choice(name: str, fields: list[FieldInfo]) -> tuple[Any, Any]:
    """Return the type and the field of a choice."""
    first = fields[0]
    shown: dict[str, Any] = {"title": first.title or in_words(name), "description": first.description}
    group = group_of(first)
    if group is not None:
        choices = group if issubclass(group, Choices) else _choices_of_group(group)
        return choices, Field(choices(), **shown)
    return value_type(fields) | None, Field(None, **shown)


def _choices_of_group(settings: type[BaseModel]) -> type[Choices]:
    """Return the choices of settings inside others."""
    name = f"{settings.__name__.removesuffix('Settings')}Overrides"
    base = create_model(name, __base__=Choices, __module__=settings.__module__, __doc__=settings.__doc__)
    return choices_of(settings)(base)


def choices_like(
    choices: type[Choices], of_value: Callable[[str, FieldInfo], tuple[Any, Any] | None]
) -> Callable[[type[Kind]], type[Kind]]:
    """Return a decorator that gives a class of `Choices` fields by the names of others, for something else than values.

    Args:
        choices: What has the names.
        of_value: Gives the type and the field for a dotted name and its field; None leaves it out.
    """

    def derive(base: type[Kind], choices: type[BaseModel], name: str, prefix: str = "") -> type[Kind]:
        fields: dict[str, Any] = {}
        for own, field in choices.model_fields.items():
            group = group_of(field)
            if group is None:
                fields[own] = of_value(f"{prefix}{own}", field)
            else:
                inner = derive(base, group, f"{group.__name__.removesuffix('Overrides')}{name}", f"{prefix}{own}.")
                shown = Field(inner(), title=field.title, description=field.description)
                fields[own] = (inner, shown) if inner.model_fields else None
        kept = {own: field for own, field in fields.items() if field is not None}
        return create_model(name, __base__=base, __module__=base.__module__, __doc__=base.__doc__, **kept)

    return lambda cls: derive(cls, choices, cls.__name__)


def value_type(fields: list[FieldInfo]) -> Any:
    """Return what a value of these fields, which share a name, may be: within the bounds of the first, None apart."""
    inner = without_none(fields[0].annotation)
    values = [without_none(field.annotation) for field in fields]
    if all(get_origin(one) is Literal for one in values):
        inner = Literal[tuple(dict.fromkeys(value for one in values for value in get_args(one)))]
    sequence = [BeforeValidator(_as_sequence)] if get_origin(inner) is tuple else []
    about = [*sequence, *fields[0].metadata]
    return Annotated[inner, *about] if about else inner


def without_none(annotation: Any) -> Any:
    """Return a type without None."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    return Union[tuple(one for one in get_args(annotation) if one is not NoneType)]  # noqa: UP007 - of a tuple


def is_sequence(field: FieldInfo | None) -> bool:
    """Tell whether a value of a field is a sequence, which is written with commas."""
    return get_origin(bare_type(field)) is tuple


def bare_type(field: FieldInfo | None) -> Any:
    """Return a field's type without None and without its bounds."""
    inner = None if field is None else without_none(field.annotation)
    return get_args(inner)[0] if get_origin(inner) is Annotated else inner


def is_number(field: FieldInfo | None) -> bool:
    """Tell whether a value of a field is a number."""
    return bare_type(field) in (int, float)


def is_whole(field: FieldInfo | None) -> bool:
    """Tell whether a value of a field is a whole number."""
    return bare_type(field) is int


def values_in_words(field: FieldInfo | None) -> str:
    """Return which values a field takes, in words."""
    inner = None if field is None else without_none(field.annotation)
    bare = bare_type(field)
    if get_origin(bare) is Literal:
        return ", ".join(map(str, get_args(bare)))
    if get_origin(bare) is tuple:
        return "values with commas between them"
    words = {bool: "true, false", int: "a whole number", float: "a number"}.get(bare, "a text")
    about = [*(get_args(inner)[1:] if get_origin(inner) is Annotated else ()), *(field.metadata if field else ())]
    bounds = [f"{sign} {getattr(one, name):g}" for one in about for name, sign in BOUNDS.items() if hasattr(one, name)]
    return f"{words} {', '.join(bounds)}".rstrip() if words.endswith("number") else words


def group_of(field: FieldInfo | None) -> type[BaseModel] | None:
    """Return the settings that a field holds; None for one that has a value."""
    inner = None if field is None else without_none(field.annotation)
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def names_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return what a model's fields are called outside."""
    return tuple(field.alias or name for name, field in model.model_fields.items())


def groups_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return what those of a model's fields are called that hold others."""
    return tuple(name for name in names_of(model) if group_of(field_of(model, name)))


def field_of(model: type[BaseModel], name: str) -> FieldInfo | None:
    """Return the field that has this name outside, or this dotted name; None where there is none."""
    first, _, rest = name.partition(".")
    found = next((f for own, f in model.model_fields.items() if (f.alias or own) == first), None)
    if not rest:
        return found
    group = group_of(found)
    return field_of(group, rest) if group else None


def dotted_names(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of every value in a model and its groups."""
    for name, field in zip(names_of(model), model.model_fields.values(), strict=True):
        group = group_of(field)
        if group is None:
            yield f"{prefix}{name}"
        else:
            yield from dotted_names(group, f"{prefix}{name}.")


def unknown_name(model: type[BaseModel], name: str) -> tuple[str, str]:
    """Return the rule about a name that a model does not have, and a question with the nearest that there is."""
    names = names_of(model)
    return f"What is set is one of {', '.join(names)}.", did_you_mean(name, [*names, *dotted_names(model)])


def in_words(name: str) -> str:
    """Return a name as the title of a form's field."""
    return name.replace("_", " ").capitalize()


def _as_sequence(value: object) -> object:
    """Return a sequence that is written with commas, or as one value alone."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",")] if value.strip() else []
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value
