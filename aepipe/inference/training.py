"""Training of a model to use at once: the stages of a run, without Prefect, a store, or anything that is left."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from pydantic import BaseModel, ValidationError

from aepipe import datasets
from aepipe.choices import names_of, unknown_name
from aepipe.datasets.images import ImageData
from aepipe.errors import ParameterError
from aepipe.findings import describe_validation_error
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.loading import PARTS
from aepipe.io.temporary import temporary_folder
from aepipe.recipes import complete_name
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides, TrainingPlan
from aepipe.recipes.trained import TrainedRecipe
from aepipe.splits import Split
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataSettings, DataStage, load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import FactsT, StageResult, forget_locks
from aepipe.stages.split import SplitStage, load_split
from aepipe.stages.stage import Stage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.store.local_files import local_file

if TYPE_CHECKING:
    from aepipe.training.runtime import keras

logger = logging.getLogger(__name__)

# What the release of a model is called that was never published.
UNPUBLISHED = "unpublished"
ARRAYS, CLEAN_ARRAYS = "arrays.npz", "clean.npz"

ModelT = TypeVar("ModelT", bound=BaseModel)


def train(
    images: np.ndarray | str | Path,
    recipe: str = "faces-conv",
    labels: np.ndarray | None = None,
    *,
    clean: np.ndarray | str | Path | None = None,
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data: Mapping[str, Any] | None = None,
    split: Mapping[str, Any] | None = None,
    verbose: bool = True,
    **overrides: Any,
) -> LoadedModel:
    """Train a model and calibrate its scores, and return it; nothing is kept but what is returned.

    It is what a run does, with the same weights for the same images, seed and settings: parts by the images' own
    pixels, held-out images that train nothing. `aepipe run` evaluates, judges and publishes as well.

    >>> import aepipe
    >>> from sklearn.datasets import load_digits
    >>> images = load_digits().images.astype("uint8")
    >>> loaded = aepipe.train(images, "mnist-dense", max_steps=30, verbose=False)
    >>> loaded
    <LoadedModel mnist-dense@images-arrays, unpublished: images of 8 x 8 x 1, codes of 8 values>

    Args:
        images: (n, height, width), with 1 or 3 channels at the end or none: uint8, uint16, or floats from 0 to 1. Or
            where they are, as `images:` takes it: a folder, zip, tar or npz file, an s3:// prefix; or the name of a
            data set.
        recipe: The recipe's name, or its short name.
        labels: (n,) integers or texts, the images' classes, for arrays; each class is then in every part.
        clean: What noisy images are to become, in the same way: each row, or each file's path, has its own.
        setting: Which of the recipe's settings.
        preset: quick: few steps.
        data: What is chosen about the images, as `--set data.*` has it: {"size": "64"}.
        split: What is chosen about the parts, as `--set split.*` has it: {"seed": 1}.
        verbose: Print what a run would say of images, parts and calibration.
        **overrides: What is changed about the setting, as `--set` has it: epochs, code_size, learning_rate, seed, ...

    Raises:
        ParameterError: there is no such recipe, setting or override, or it does not go with these images.
        DataError: the images can't be read.
        TrainingError: the training came to nothing.
    """
    tell: Callable[[str], object] = print if verbose else logger.info
    with temporary_folder("train") as folder:
        chosen = {
            "recipe": complete_name(recipe),
            "setting": setting,
            "preset": preset,
            "data_set": _data_set(images, labels, folder),
            "overrides": _checked(Overrides, overrides),
            "data": _checked(DataSettings, {**(data or {}), **_clean(clean, folder)}),
            "split": _checked(SplitOverrides, split or {}),
        }
        request = _checked(TrainingRequest, chosen)
        return _train(request, folder, tell)


def _data_set(images: np.ndarray | str | Path, labels: np.ndarray | None, folder: Path) -> str:
    """Return the name of the data set that the images are; arrays become a file of it."""
    if isinstance(images, str | Path):
        if labels is not None:
            raise ParameterError("Labels go with arrays; those of files are their folders, or a table.")
        text = str(images)
        return text if text in datasets.DATA_SETS or datasets.is_own(text) else f"images:{text}"
    if labels is None:
        np.savez(folder / ARRAYS, images=images)
    else:
        np.savez(folder / ARRAYS, images=images, labels=labels)
    return f"images:{folder / ARRAYS}"


def _clean(clean: np.ndarray | str | Path | None, folder: Path) -> dict[str, str]:
    """Return what is chosen about images that clean ones are named for; arrays become a file."""
    if not isinstance(clean, np.ndarray):
        return {} if clean is None else {"clean": str(clean)}
    np.savez(folder / CLEAN_ARRAYS, images=clean)
    return {"clean": str(folder / CLEAN_ARRAYS)}


def _checked(kind: type[ModelT], chosen: Mapping[str, Any]) -> ModelT:
    unknown = [name for name in chosen if name not in names_of(kind)]
    if unknown:
        raise ParameterError(*unknown_name(kind, unknown[0]), chosen=unknown[0])
    try:
        return kind(**chosen)
    except ValidationError as error:
        raise ParameterError(describe_validation_error(error)) from None


def _train(request: TrainingRequest, folder: Path, tell: Callable[[str], object]) -> LoadedModel:
    store, done = open_store(folder / "store"), list[StageResult[Any]]()

    def run(stage: Stage[FactsT]) -> StageResult[FactsT]:
        result = stage.produce(store)
        done.append(result)
        for line in stage.lines(result):
            tell(line)
        return result

    try:
        data = run(DataStage(request.data_parameters()))
        plan = request.training_plan(data)
        split = run(SplitStage(data, request.split_settings(data)))
        trained = run(TrainStage(plan, data, split))
        calibrated = run(CalibrateStage(data, split, trained))
    finally:
        forget_locks(store, done)
    if trained.facts.collapsed:
        tell("The code is the same for all images: train again with another seed, or a lower learning_rate.")
    files = [{name: local_file(store, file) for name, file in result.files.items()} for result in (trained, calibrated)]
    return _loaded(request.model, files[0], files[1], load_data(store, data), load_split(store, split))


def _loaded(
    name: str, trained: Mapping[str, Path], calibrated: Mapping[str, Path], data: ImageData, split: Split
) -> LoadedModel:
    """Return a model that lies in files which are about to go, as its images do."""
    # Here, because they import TensorFlow and SciPy.
    from aepipe.generation.mixture import CodeMixture
    from aepipe.scoring.files import read_scoring
    from aepipe.training.saving import load_model

    scoring = read_scoring(calibrated)
    parts = {part: load_model(trained[f"{part}.keras"]) for part in PARTS}
    recipe = TrainedRecipe.model_validate_json(trained["recipe.json"].read_bytes())
    codes = _codes_to_fit(recipe.plan, parts, data, split)
    return LoadedModel(
        release=UNPUBLISHED,
        name=name,
        **parts,
        trained=recipe,
        read_scoring=lambda: scoring,
        read_mixture=lambda: CodeMixture.fit(*codes),
    )


def _codes_to_fit(
    plan: TrainingPlan, parts: Mapping[str, "keras.Model"], data: ImageData, split: Split
) -> tuple[np.ndarray, np.ndarray]:
    """Return codes of the images, as a release's mixture of a variational model is fitted to them."""
    from aepipe.evaluation.subject import predict
    from aepipe.generation.image_maker import ImageMaker, codes_to_fit

    if plan.is_generative:
        return codes_to_fit(ImageMaker.of(plan, parts["encoder"], parts["decoder"]).draw, data, split)
    return codes_to_fit(lambda images, _: predict(parts["encoder"], images), data, split)
