"""A request: what is asked of one recipe in one run."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from aepipe import datasets
from aepipe.errors import ParameterError
from aepipe.exports.formats import ExportFormat, formats_of
from aepipe.io.hashing import canonical_json
from aepipe.models.options import count_multiplications
from aepipe.noise import MIN_LEVEL, NoiseParameters, NoiseSpec
from aepipe.recipes import OWN_RECIPES, RecipeName
from aepipe.recipes.changes import check_changes
from aepipe.recipes.file import find_recipe, read_recipe
from aepipe.recipes.naming import ChosenName, check_chosen, model_name
from aepipe.recipes.overrides import Overrides, SplitOverrides
from aepipe.recipes.plan import Preset, SettingName, TrainingPlan, plan_own_split, plan_split, plan_training
from aepipe.recipes.recipe import Recipe
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataSettings, image_shape_of
from aepipe.stages.export import ExportParameters
from aepipe.stages.outcome import Failed
from aepipe.stages.parent import NOTHING, Parent, StartFrom
from aepipe.stages.results import DataResult


class TrainingRequest(BaseModel):
    """One recipe with everything that a user can choose about it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Annotated[str, BeforeValidator(str)] = Field(description="What to train.")
    recipe_file: str | None = Field(None, description="The text of the file that says the recipe, where one does.")
    setting: SettingName = Field("tuned", description="Which of the recipe's settings.")
    preset: Preset = Field("full", description="quick: few steps, for demonstrations and tests.")
    data_set: str | None = Field(None, description="Another data set than the recipe's own.")
    overrides: Overrides = Field(Overrides(), description="What is changed about the setting.")
    data: DataSettings = Field(DataSettings(), description="What is chosen about the images.")
    split: SplitOverrides = Field(SplitOverrides(), description="What is changed about the split.")
    noise: NoiseParameters = Field(NoiseParameters(), description="The noisy-input test set.")
    name: ChosenName | None = Field(
        None, description="What the model is called; by default as its recipe, or recipe@data-set on another data set."
    )
    start_from: StartFrom = Field(
        NOTHING, description="Whose published model of this name it begins with: nothing, a channel, a release's id."
    )
    parent: Parent | None = Field(
        None, description="That model; a run finds it when it begins, and gives it to the runs that it starts."
    )
    evaluate: bool = Field(
        True, description="Measure on held-out images; a search, which they must not decide, doesn't."
    )
    exports: tuple[ExportFormat, ...] | None = Field(
        None, description="Formats beside Keras'; all in preset full and none in quick where None."
    )

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> "TrainingRequest":
        """Return the request that a run of the train flow with these parameters answers."""
        return cls(**{name: value for name, value in parameters.items() if name in cls.model_fields})

    def as_parameters(self) -> dict[str, Any]:
        """Return the parameters of a run of the train flow that answers this request."""
        return {**dict(self), "recipe": self.recipe if self.recipe_file is None else None}

    @property
    def definition(self) -> Recipe:
        """The recipe itself."""
        return find_recipe(self.recipe, self.recipe_file)

    @property
    def digest(self) -> str:
        """A name for exactly this request."""
        return hashlib.sha256(canonical_json(self.model_dump(mode="json"))).hexdigest()[:16]

    @property
    def model(self) -> str:
        """What its model is called."""
        return self.name or model_name(self.definition, self.data_parameters().name)

    @property
    def is_of_denoiser(self) -> bool:
        """Whether it is trained to remove noise that is put on clean images."""
        return self.judged_on is not None

    @property
    def judged_on(self) -> NoiseSpec | None:
        """The noise that a denoiser is judged on; None for another model."""
        plan = _native_plan(self)
        corruption = None if plan is None or self.data.clean is not None else plan.training.corruption
        if corruption is None or corruption.is_blind_spot:
            return None
        return NoiseSpec(kind=corruption.judged_kind, level=max(MIN_LEVEL, corruption.level))

    @model_validator(mode="before")
    @classmethod
    def _called_as_its_file_says(cls, given: Any) -> Any:
        if not isinstance(given, Mapping) or given.get("recipe") is not None:
            return given
        text = given.get("recipe_file")
        if text is None:
            raise ParameterError("A training has a recipe by its name, or by the text of its file.", recipe=None)
        return {**given, "recipe": read_recipe(text).name}

    @field_validator("data_set")
    @classmethod
    def _is_known(cls, data_set: str | None) -> str | None:
        if data_set is not None:
            datasets.module_of(data_set)
        return data_set

    @field_validator("name")
    @classmethod
    def _is_free(cls, name: str | None) -> str | None:
        return None if name is None else check_chosen(name)

    @model_validator(mode="after")
    def _has_one_kind_of_noise(self) -> "TrainingRequest":
        by_name = self.overrides.by_dotted_name()
        chosen = {name: value for name, value in by_name.items() if name.startswith("corruption.")}
        if self.data.clean is not None and chosen:
            raise ParameterError(
                "The noise of pairs is that of their noisy pictures: there is none to put on them.",
                "Leave out the corruption, or data.clean.",
                **chosen,
            )
        return self

    @model_validator(mode="after")
    def _setting_can_be_changed_so(self) -> "TrainingRequest":
        check_changes(self.definition.variant(self.setting), self.overrides)
        return self

    def data_parameters(self) -> DataParameters:
        """Return which images; the recipe's preprocessing is for its own data set alone, and gives way to a choice."""
        recipe = self.definition
        if self.data_set is None or self.data_set == recipe.data_set:
            preprocessing = recipe.preprocessing.without(self.data)
            return DataParameters(data_set=recipe.data_set, preprocessing=preprocessing, settings=self.data)
        return DataParameters(data_set=self.data_set, settings=self.data)

    def failed(self, error: str) -> Failed:
        """Return the outcome of this request where it came to nothing.

        Args:
            error: Why, in one line.
        """
        return Failed(recipe=self.recipe, model=self.model, setting=self.setting, error=error)

    def with_identity(self, identity: str | None) -> "TrainingRequest":
        """Return this request for images of this identity; None for those that are there when it is asked."""
        return self.model_copy(update={"data": self.data.model_copy(update={"identity": identity})})

    def with_parent(self, parent: Parent | None) -> "TrainingRequest":
        """Return this request for a training that begins with this model, or with nothing."""
        start_from = NOTHING if parent is None else parent.release
        return self.model_copy(update={"start_from": start_from, "parent": parent})

    def without_limit(self) -> "TrainingRequest":
        """Return this request with no limit to what may be left out of the images."""
        return self.model_copy(update={"data": self.data.model_copy(update={"most_left_out": 1.0})})

    def split_settings(self, data: DataResult) -> SplitSettings:
        """Return how this data is divided."""
        facts = data.facts
        if self.data_set is not None and datasets.is_own(self.data_set):
            return plan_own_split(self.split)
        return plan_split(self.definition, self.setting, self.split, facts.has_official_parts, facts.has_persons)

    def export_parameters(self) -> ExportParameters | None:
        """Return which formats are made beside Keras', if any."""
        formats = formats_of(self.preset) if self.exports is None else self.exports
        return ExportParameters(formats=formats) if formats else None

    def training_plan(self, data: DataResult) -> TrainingPlan:
        """Return what is trained on this data.

        Raises:
            ParameterError: the code would be no bottleneck, or the model is not like the one that it begins with.
        """
        shape, goes_on = image_shape_of(data), self.parent is not None
        plan = plan_training(
            self.definition, self.setting, self.preset, self.overrides, shape, goes_on, data.facts.num_images
        )
        if data.facts.clean is not None:
            plan = plan.for_pairs()
        if self.parent is not None:
            self.parent.check_fits(plan)
        return plan


def describe_request(request: TrainingRequest) -> str:
    """Return what a request trains in a few words: setting, recipe, length, and what else was chosen."""
    plan, chosen = _native_plan(request), request.overrides.by_dotted_name()
    length = []
    if request.preset == "quick" and not {"epochs", "max_steps"} & chosen.keys():
        length = ["quick"]
    elif plan is not None:
        settings = plan.training
        length = [f"{settings.epochs} epochs" if settings.max_steps is None else f"{settings.max_steps} steps"]
    others = [f"{name} {_short(value)}" for name, value in chosen.items() if name not in ("epochs", "max_steps")]
    data = [] if request.data_set is None else [f"on {request.data_set}"]
    name = [] if request.name is None else [f"called {request.name}"]
    start = [] if request.start_from == NOTHING else [f"from {request.start_from}"]
    return ", ".join([f"{request.setting} {request.recipe}", *length, *others, *data, *name, *start])


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def estimated_work(request: TrainingRequest) -> int:
    """Return about how many multiplications a training takes; 0 for one whose plan will be refused."""
    plan, recipe = _native_plan(request), request.definition
    if plan is None:
        return 0
    settings, sizes = plan.training, {spec.name: spec.num_images for spec in datasets.describe()}
    num_images = settings.epochs * (sizes.get(request.data_set or recipe.data_set) or 1)
    if settings.max_steps is not None:
        num_images = min(num_images, settings.max_steps * settings.batch_size)
    return num_images * count_multiplications(plan.model, plan.image_shape)


def _native_plan(request: TrainingRequest) -> TrainingPlan | None:
    """Return the plan for images of the recipe's own shape; None where it will be refused."""
    recipe = request.definition
    try:
        return plan_training(recipe, request.setting, request.preset, request.overrides, recipe.native_shape)
    except ParameterError:
        return None


def plan_requests(
    recipes: Iterable[RecipeName],
    overrides: Overrides,
    recipe_overrides: Mapping[RecipeName, Overrides],
    name: str | None = None,
    recipe_file: str | None = None,
    **shared: Any,
) -> list[TrainingRequest]:
    """Return a request for each recipe; what is overridden for one goes before what is overridden for all.

    Args:
        recipes: What to train, each once.
        overrides: What is changed about every recipe.
        recipe_overrides: What is changed about one recipe.
        name: What the model is called, where there is one recipe.
        recipe_file: The text of a recipe file, which is trained in the place of what is trained by default.
        **shared: The requests' other fields.

    Raises:
        ParameterError: a recipe is named twice, something is changed about one that is not trained, or several models
            would have one name.
    """
    names = [str(recipe) for recipe in recipes]
    if recipe_file is not None:
        names = _of_file(recipe_file, names)
    if not names or len(set(names)) < len(names):
        raise ParameterError("A run trains at least one recipe, and each once.", recipes=names)
    unused = [str(recipe) for recipe in recipe_overrides if str(recipe) not in names]
    if unused:
        raise ParameterError(
            "Only a recipe of the run can be changed.", "Add it to recipes, or leave the change out.", recipes=unused
        )
    if name is not None and len(names) > 1:
        raise ParameterError(
            "A name is for the model of one recipe.", "Run each recipe by itself, or leave the name out.", name=name
        )
    changes = {str(recipe): changed for recipe, changed in recipe_overrides.items()}
    shared = {**shared, "name": name, "recipe_file": recipe_file}
    return with_needed_noise(
        [
            TrainingRequest(recipe=recipe, overrides=overrides.replaced_by(changes.get(recipe)), **shared)
            for recipe in names
        ]
    )


def _of_file(recipe_file: str, names: Sequence[str]) -> list[str]:
    """Return the name of a file's recipe, the only one of its run."""
    if list(names) not in ([], [str(name) for name in OWN_RECIPES]):
        rule = "A run trains the recipe of a file, or recipes by name."
        raise ParameterError(rule, "Leave the names out.", recipes=list(names))
    return [read_recipe(recipe_file).name]


def with_needed_noise(requests: Sequence[TrainingRequest]) -> list[TrainingRequest]:
    """Return the requests with as much noise as they need: all kinds only for the data that a denoiser is trained on.

    Requests of the same data have the same noisy test set.
    """
    judged: dict[DataParameters, list[NoiseSpec]] = {}
    for request in requests:
        if request.judged_on is not None:
            judged.setdefault(request.data_parameters(), []).append(request.judged_on)
    needed = (judged.get(request.data_parameters()) for request in requests)
    return [
        request.model_copy(update={"noise": request.noise.with_needed_kinds(specs is not None, specs or ())})
        for request, specs in zip(requests, needed, strict=True)
    ]
