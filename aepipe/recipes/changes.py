"""Changes: a setting's model and training, with what a run chose in the place of what the setting has."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from aepipe.choices import group_of, names_of
from aepipe.errors import ParameterError
from aepipe.findings import describe_validation_error
from aepipe.models.architectures import OPTIONS, options_of
from aepipe.models.options import ModelOptions, VariationalOptions
from aepipe.models.scaling import possible_models
from aepipe.recipes.overrides import MAIN_NAMES, NO_CORRUPTION, Overrides
from aepipe.recipes.recipe import Variant
from aepipe.suggestions import did_you_mean
from aepipe.training.settings import LIKELIHOODS, USUAL_RATES, TrainingSettings

Settings = TypeVar("Settings", bound=BaseModel)
OF_MODEL = ("model", "code_size")


def chosen_of_training(overrides: Overrides) -> dict[str, Any]:
    """Return what was chosen about the training, by name."""
    return {name: value for name, value in overrides.chosen().items() if name not in OF_MODEL}


def check_changes(variant: Variant, overrides: Overrides) -> None:
    """Check that a setting can be changed so, whatever the images.

    Raises:
        ParameterError: it can't.
    """
    own, chosen = variant.model, _of_model(overrides).keys()
    possible = (model for model in possible_models(own) if chosen <= type(model).model_fields.keys())
    model = change_model(next(possible, own), overrides)
    check_loss(model, change_training(variant.training, chosen_of_training(overrides)))


def check_loss(model: ModelOptions, training: TrainingSettings) -> None:
    """Check that a loss means something for a model and for what is done to its input.

    Raises:
        ParameterError: it doesn't.
    """
    if isinstance(model, VariationalOptions) and training.loss not in LIKELIHOODS:
        raise ParameterError(
            "A variational model's loss is the likelihood of a distribution.",
            f"Choose one of {', '.join(LIKELIHOODS)}.",
            loss=training.loss,
        )
    if training.loss == "ssim" and training.corruption is not None and training.corruption.is_blind_spot:
        raise ParameterError(
            "A blind spot's loss is that of single pixels, and SSIM's windows have many.",
            "Choose another loss.",
            loss=training.loss,
        )


def change_model(options: ModelOptions, overrides: Overrides) -> ModelOptions:
    """Return the options of a model with what was chosen about it.

    Another architecture has options of its own: of those that there were it keeps the code's size.

    Raises:
        ParameterError: the architecture has no option of this name, or one that it needs was not chosen.
    """
    changes = {"code_size": options.code_size, **_of_model(overrides)}
    architecture = changes.pop("architecture", options.architecture)
    return _model(architecture, changes, options.model_dump() if architecture == options.architecture else {})


def new_model(overrides: Overrides) -> ModelOptions:
    """Return the options of a model that nothing is changed about.

    Raises:
        ParameterError: no architecture was chosen, it has no option of this name, or one that it needs was not chosen.
    """
    changes = _of_model(overrides)
    architecture = changes.pop("architecture", None)
    if architecture is None:
        raise ParameterError(f"A model has an architecture, one of {', '.join(OPTIONS)}.", "Choose model.architecture.")
    return _model(architecture, changes, {})


def _of_model(overrides: Overrides) -> dict[str, Any]:
    chosen = overrides.chosen()
    code_size = {"code_size": chosen["code_size"]} if "code_size" in chosen else {}
    return {**code_size, **chosen.get("model", {})}


def _model(architecture: str, changes: Mapping[str, Any], own: Mapping[str, Any]) -> ModelOptions:
    kind = options_of(architecture)
    _require_options(architecture, kind, changes, own)
    return checked(kind, {**own, **changes}, "model")


def change_training(settings: TrainingSettings, changes: Mapping[str, Any]) -> TrainingSettings:
    """Return the settings of a training with what was chosen about it.

    Raises:
        ParameterError: there is a level of no noise, another optimizer without its rate, or a value does not go with
            the others.
    """
    _require_rate(settings, changes)
    changed = {name: _changed_group(settings, name, value) for name, value in changes.items()}
    return checked(TrainingSettings, {**settings.model_dump(), **changed})


def _changed_group(settings: TrainingSettings, name: str, value: Any) -> Any:
    """Return a value, or a group with what it had; one of another kind has nothing of the first's."""
    if group_of(TrainingSettings.model_fields[name]) is None:
        return value
    group, main = getattr(settings, name), MAIN_NAMES.get(name, "")
    if name == "corruption" and (value.get(main) == NO_CORRUPTION or (group is None and main not in value)):
        return _no_corruption(value)
    is_of_its_kind = group is not None and value.get(main) in (None, getattr(group, main, None))
    return {**group.model_dump(), **value} if is_of_its_kind else value


def _require_rate(settings: TrainingSettings, changes: Mapping[str, Any]) -> None:
    name, own = changes.get("optimizer", {}).get("name"), settings.optimizer.name
    if name is not None and name != own and "learning_rate" not in changes:
        raise ParameterError(
            f"A rate is that of an optimizer: {settings.learning_rate:g} is {own}'s.",
            f"Choose learning_rate, too: {USUAL_RATES[name]:g} is usual.",
            optimizer=name,
        )


def _no_corruption(chosen: Mapping[str, Any]) -> None:
    others = {f"corruption.{name}": value for name, value in chosen.items() if name != "kind"}
    if others:
        raise ParameterError(
            "A level is that of some corruption.", "Choose its kind, too: corruption.kind=gaussian.", **others
        )


def _require_options(
    architecture: str, kind: type[BaseModel], changes: Mapping[str, Any], own: Mapping[str, Any]
) -> None:
    """Check that an architecture has the options that were chosen, and all that it needs."""
    names = [name for name in names_of(kind) if name != "architecture"]
    for name, value in changes.items():
        if name not in names:
            rule = f"A model of the architecture {architecture} has the options {', '.join(names)}."
            raise ParameterError(rule, did_you_mean(name, names), **{f"model.{name}": value})
    needed = [name for name, field in kind.model_fields.items() if field.is_required()]
    missing = [f"model.{name}" for name in needed if name not in {**own, **changes}]
    if missing:
        rule = f"A model of the architecture {architecture} needs {' and '.join(missing)}."
        raise ParameterError(rule, "Choose it, too.", **{"model.architecture": architecture})


def checked(kind: type[Settings], values: Mapping[str, Any], group: str = "") -> Settings:
    """Return settings with these values.

    Raises:
        ParameterError: they are none; it has received what is wrong by its dotted name.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        refused = ParameterError(describe_validation_error(error, group))
        refused.received = {
            ".".join(map(str, filter(None, (group, *found["loc"])))): found["input"] for found in error.errors()
        }
        raise refused from error
