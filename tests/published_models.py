"""A small release in any store, made with the pipeline's own stages and manifest."""

from collections.abc import Mapping
from pathlib import Path

from releases import describe

from aepipe.preprocess import Preprocessing
from aepipe.recipes.plan import Overrides
from aepipe.releases.channels import point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.releases.writing import complete_release
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.generation import GenerationStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import Store
from aepipe.store.local_files import local_file

RELEASE = "20260101T020000Z-1a2b3c"
RECIPE = "mnist-dense"
PREPROCESSING = Preprocessing(class_name="3")
NAMES = ("model.keras", "encoder.keras", "decoder.keras", "recipe.json")


def train_on_digits(store: Store, recipe: str = RECIPE) -> dict[str, Path]:
    """Train a few steps and calibrate; return what a model is loaded from and scores and generates with, by name."""
    overrides = Overrides(max_steps=30, epochs=40, batch_size=150, learning_rate=0.01, optimizer={"name": "adam"})
    request = TrainingRequest(recipe=recipe, data_set="digits", overrides=overrides)
    data = DataStage(DataParameters(data_set="digits", preprocessing=PREPROCESSING)).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    plan = request.training_plan(data)
    trained = TrainStage(plan, data, split).produce(store)
    files = {name: trained.files[name] for name in NAMES} | CalibrateStage(data, split, trained).produce(store).files
    if plan.is_generative:
        files |= GenerationStage(plan, data, split, trained).produce(store).files
    return {name: local_file(store, ref) for name, ref in files.items()}


def publish(
    store: Store,
    files: Mapping[str, Path],
    verdicts: Mapping[str, str],
    recipe: str = RECIPE,
    release: str = RELEASE,
    **said: str,
) -> None:
    """Write a release with these files of a recipe, of which the manifest says this, and let `production` name it."""
    files = {f"models/{recipe}/{name}": path for name, path in files.items()}
    store.put_files({f"releases/{release}/{name}": path for name, path in files.items()})
    facts = {recipe: {"verdict": verdict, **said} for recipe, verdict in verdicts.items()}
    contents = {name: path.read_bytes() for name, path in files.items()}
    manifest = describe(release, contents, recipes=facts)
    complete_release(store, manifest)
    digest = manifest_sha256(manifest)
    point_channel(store, "production", release, digest, action="promoted", why="tests", by="tests")
