"""Recipe files: a recipe as a text of TOML, whole or as what differs from another.

The text travels, not the file: a run on another machine reads the same recipe. Its tables are the classes of a recipe's
settings, so that what is added to one can be written in a file.
"""

import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from pydantic import Field, ValidationError

from aepipe import datasets
from aepipe.choices import Choices, choices_of
from aepipe.errors import ParameterError
from aepipe.findings import describe_findings
from aepipe.models.architectures import OPTIONS
from aepipe.preprocess import Preprocessing
from aepipe.recipes import complete_name, get_recipe, recipe_names, spelled_out
from aepipe.recipes.changes import (
    Settings,
    change_model,
    change_training,
    check_loss,
    checked,
    chosen_of_training,
    new_model,
)
from aepipe.recipes.overrides import CorruptionOverrides, ModelOverrides, Overrides, SplitOverrides
from aepipe.recipes.recipe import Recipe, RecipeWord, SettingName, Variant
from aepipe.splits import SplitSettings
from aepipe.training.settings import TrainingSettings

MAX_CHARACTERS = 20_000
HINT = "# What else a file can say, and what is taken where it says nothing: aepipe recipes schema."
Shape = tuple[int, int, int]


@choices_of(*OPTIONS.values())
class ModelTable(ModelOverrides):
    """What a file says of the model."""


@choices_of(TrainingSettings)
class TrainingTable(Choices):
    """What a file says of the training."""

    corruption: CorruptionOverrides = Field(CorruptionOverrides(), description="Noise on the input, for denoisers.")


@choices_of(Preprocessing)
class PreprocessingTable(Choices):
    """What a file says of its data set."""


class RecipeFile(Choices):
    """A recipe of aepipe, as a file of TOML."""

    name: RecipeWord | None = Field(None, description="What it is called: lower-case letters, digits and hyphens.")
    extends: str | None = Field(None, description="The recipe that it is but for what the file says.")
    setting: SettingName = Field("tuned", description="Which of that recipe's settings.")
    title: str | None = Field(None, max_length=200, description="What it is, in a few words.")
    source: str | None = Field(None, max_length=200, description="Where it comes from.")
    data_set: str | None = Field(None, description="The built-in data set that it is made for.")
    native_shape: Shape | None = Field(
        None,
        description="(height, width, channels) that sizes are written for, and scaled from for other images; without "
        "it they are taken as they are written.",
    )
    source_unit: float | None = Field(None, gt=0, description="The value of white in the source's printed numbers.")
    preprocessing: PreprocessingTable = Field(PreprocessingTable(), description="What is done to the data set.")
    split: SplitOverrides = Field(SplitOverrides(), description="How the data set is divided.")
    model: ModelTable = Field(ModelTable(), description="The architecture and its options.")
    training: TrainingTable = Field(TrainingTable(), description="Loss, optimizer, limits.")

    @property
    def overrides(self) -> Overrides:
        """What it says of model and training."""
        return Overrides(**self.training.chosen(), model=self.model.chosen())


@lru_cache(maxsize=32)
def read_recipe(text: str) -> Recipe:
    """Return the recipe that a file's text says.

    Raises:
        ParameterError: it is no TOML, or no recipe; each problem is said with its line.
    """
    file = _parsed(text)
    if file.name is None:
        raise ParameterError("A recipe file says the recipe's name.", 'Begin with a line name = "my-recipe".')
    if spelled_out(file.name) in recipe_names():
        raise ParameterError(
            "A recipe file's name is none of a recipe that is there.",
            "Choose another; extends names that one.",
            name=file.name,
        )
    base = None if file.extends is None else get_recipe(complete_name(file.extends))
    with _lines_of(text):
        return _whole(file) if base is None else _extended(file, base)


def find_recipe(name: str, text: str | None = None) -> Recipe:
    """Return the recipe of a file's text, or of a name where there is none.

    Raises:
        ParameterError: there is no such recipe.
    """
    if text is None:
        return get_recipe(name)
    recipe = read_recipe(text)
    if recipe.name != name:
        raise ParameterError(
            "A run's recipe is that of its file.", "Leave its name out.", recipe=name, file=recipe.name
        )
    return recipe


def read_recipe_at(path: str) -> str:
    """Return the text of a recipe file, which is a recipe.

    Raises:
        ParameterError: it can't be read, or is no recipe.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read(MAX_CHARACTERS + 1)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise ParameterError(
            "A recipe file is a text of TOML.", "Look at the path.", file=path, problem=reason
        ) from error
    read_recipe(text)
    return text


def write_recipe(recipe: Recipe, setting: SettingName) -> str:
    """Return a recipe, with one of its settings, as the text of a file; it has a name that is not taken."""
    variant = recipe.variant(setting)
    training, defaults = (settings.model_dump(mode="json") for settings in (variant.training, TrainingSettings()))
    said: dict[str, Any] = {
        "name": f"my-{recipe.name}",
        **recipe.model_dump(mode="json", include={"title", "source", "data_set", "native_shape"}),
        "source_unit": recipe.source_unit,
        "preprocessing": recipe.preprocessing.model_dump(mode="json"),
        "split": variant.split.model_dump(mode="json"),
        "model": variant.model.model_dump(mode="json"),
        "training": {name: value for name, value in training.items() if value != defaults[name]},
    }
    return "\n".join([HINT, *_as_toml(said)]) + "\n"


def schema_of_files() -> str:
    """Return the JSON schema of recipe files, by which editors complete and check them."""
    return json.dumps(RecipeFile.model_json_schema(), indent=2)


def _parsed(text: str) -> RecipeFile:
    if len(text) > MAX_CHARACTERS:
        raise ParameterError(f"A recipe file has at most {MAX_CHARACTERS} characters.", characters=len(text))
    try:
        return RecipeFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ParameterError("A recipe file is a text of TOML.", problem=str(error)) from error
    except ValidationError as error:
        problems = (f"{_line_of(text, where)}{said}" for where, said in describe_findings(error))
        raise ParameterError(" ".join(problems)) from error


def _extended(file: RecipeFile, base: Recipe) -> Recipe:
    """Return a recipe with what a file says in the place of what it has."""
    known = file.model_dump(include={"data_set", "native_shape", "source_unit", "source"}, exclude_none=True)
    return base.model_copy(
        update={
            **known,
            "name": file.name,
            "aliases": (),
            "title": file.title or f"{base.title}, changed",
            "preprocessing": _changed("preprocessing", base.preprocessing, file.preprocessing),
            "published": None,
            "tuned": _variant(file, base.variant(file.setting)),
            "as_written": () if file.native_shape else tuple(file.overrides.by_dotted_name()),
        }
    )


def _whole(file: RecipeFile) -> Recipe:
    """Return the recipe that a file says without another."""
    if file.data_set is None:
        raise ParameterError(
            "A recipe file says what it extends, or its data_set.",
            'Write extends = "mnist-dense", or data_set = "mnist".',
        )
    preprocessing = _changed("preprocessing", Preprocessing(), file.preprocessing)
    return Recipe(
        name=str(file.name),
        title=file.title or str(file.name),
        source=file.source,
        data_set=file.data_set,
        preprocessing=preprocessing,
        native_shape=file.native_shape or _shape_of(file.data_set, preprocessing),
        source_unit=file.source_unit or 1.0,
        tuned=_variant(file),
        as_written=() if file.native_shape else tuple(file.overrides.by_dotted_name()),
    )


def _variant(file: RecipeFile, base: Variant | None = None) -> Variant:
    """Return what a file says of split, model and training, in the place of what another has."""
    overrides = file.overrides
    split, training = (SplitSettings(), TrainingSettings()) if base is None else (base.split, base.training)
    model = new_model(overrides) if base is None else change_model(base.model, overrides)
    training = change_training(training, chosen_of_training(overrides))
    check_loss(model, training)
    return Variant(split=_changed("split", split, file.split), model=model, training=training)


def _changed(table: str, settings: Settings, chosen: Choices) -> Settings:
    """Return settings with what a table of a file says in the place of what they have."""
    return checked(type(settings), {**settings.model_dump(), **chosen.chosen()}, table)


@contextmanager
def _lines_of(text: str) -> Iterator[None]:
    """Put the line of a text of TOML before what is wrong with a setting."""
    try:
        yield
    except ParameterError as error:
        # Of a training's settings the names are those of --set, which leaves their table out.
        names = [(*table, *name.split(".")) for name in error.received for table in ((), ("training",))]
        line = next(filter(None, (_line_of(text, where) for where in names)), "")
        raise ParameterError(f"{line}{error}") from error


def _shape_of(data_set: str, preprocessing: Preprocessing) -> Shape:
    """Return the shape of a built-in set's images, as they are trained on."""
    shapes = {spec.name: spec.image_shape for spec in datasets.describe()}
    found = shapes.get(data_set)
    if found is None:
        known = ", ".join(name for name, shape in shapes.items() if shape)
        raise ParameterError(
            f"A recipe is made for one of {known}.", "--data-set names other images.", data_set=data_set
        )
    height, width, channels = found
    side = preprocessing.size or max(height, width)
    channels = 1 if preprocessing.color == "channel-mean" else channels
    return min(height, side), min(width, side), channels


def _as_toml(values: dict[str, Any], table: str = "") -> list[str]:
    """Return lines of TOML: values first, then the tables in it."""
    # What is not there says the same as None, and as a list of nothing.
    plain = {name: value for name, value in values.items() if value not in (None, []) and not isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in plain.items()]
    inner = {name: value for name, value in values.items() if isinstance(value, dict)}
    if table and (lines or not inner):
        lines = ["", f"[{table}]", *lines]
    for name, value in inner.items():
        lines += _as_toml(value, f"{table}.{name}" if table else name)
    return lines


def _line_of(text: str, where: tuple[str | int, ...]) -> str:
    """Return where a text of TOML says a value, in words; nothing where it can't be told."""
    steps, table = [str(step) for step in where], ""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("["):
            table = line.partition("]")[0].strip("[] ")
        name = ".".join(filter(None, [table, line.partition("=")[0].strip() if "=" in line else ""]))
        path = name.split(".")
        if name and path == steps[: len(path)] and (len(path) == len(steps) or "=" in line):
            return f"Line {number}: "
    return ""
