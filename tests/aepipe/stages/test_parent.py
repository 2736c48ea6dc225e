"""A training begins with a published model that is like its own: the channel's when the run begins, or a release's."""

import json

import numpy as np
import pytest
from published_models import PREPROCESSING, RECIPE, RELEASE, publish, train_on_digits
from pydantic import ValidationError

from aepipe.errors import CorruptObjectError, ObjectNotFoundError, ParameterError
from aepipe.recipes.plan import GOING_ON_RATE, Overrides, plan_training
from aepipe.stages.data import DataParameters, DataStage
from aepipe.stages.parent import MAX_ANCESTORS, Parent, find_parent, load_weights
from aepipe.stages.request import TrainingRequest, describe_request
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.training.saving import load_model

NAME = "mnist-dense@digits"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """A store whose channel production has one model, which an older version called by its recipe."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AEPIPE_CACHE", str(tmp_path_factory.mktemp("cache")))
        opened = open_store(tmp_path_factory.mktemp("store"))
        publish(opened, train_on_digits(opened), {RECIPE: "first"}, data="digits-fraction")
        yield opened


@pytest.fixture(scope="module")
def parent(store) -> Parent:
    return find_parent(store, "production", NAME)


def stage(store, parent, **changes) -> TrainStage:
    """A training on the data that the published model was trained on."""
    overrides = Overrides(**{"max_steps": 3, "learning_rate": 0.01, **changes})
    request = TrainingRequest(recipe=RECIPE, data_set="digits", overrides=overrides).with_parent(parent)
    data = DataStage(DataParameters(data_set="digits", preprocessing=PREPROCESSING)).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    return TrainStage(request.training_plan(data), data, split, parent=request.parent)


def test_a_channels_model_is_found_by_its_name_and_a_releases_by_either(store, parent):
    assert (parent.release, parent.model, parent.image_shape) == (RELEASE, RECIPE, (8, 8, 1))
    assert find_parent(store, RELEASE, NAME) == find_parent(store, RELEASE, RECIPE) == parent
    assert parent.line == (f"{RELEASE}/{RECIPE}",)


@pytest.mark.parametrize(("channel", "name"), [("staging", NAME), ("production", RECIPE), ("production", "shoes")])
def test_where_a_channel_has_no_such_model_a_training_begins_with_nothing(store, channel, name):
    assert find_parent(store, channel, name) is None


def test_a_release_that_is_named_must_have_the_model(store):
    with pytest.raises(ObjectNotFoundError, match=f"here: {NAME}. Received: start_from='{RELEASE}', model='shoes'"):
        find_parent(store, RELEASE, "shoes")
    with pytest.raises(ObjectNotFoundError, match="once its manifest is there"):
        find_parent(store, "20250101T000000Z-a", NAME)


@pytest.mark.parametrize("start_from", ["", "Production", "../x", "a/b", "2026", "20260101T020000Z"])
def test_what_is_no_channel_and_no_release_is_refused(start_from):
    request = {"recipe": RECIPE, "start_from": start_from}
    if start_from == "2026":
        assert TrainingRequest(**request).start_from == "2026"
        return
    with pytest.raises(ValidationError, match="start_from"):
        TrainingRequest(**request)


def test_it_begins_with_the_published_weights_and_its_name_depends_on_them(store, parent):
    cold, warm = (stage(store, begins_with, learning_rate=1e-12) for begins_with in (None, parent))
    published = load_model(store.path(f"releases/{RELEASE}/models/{RECIPE}/model.keras")).get_weights()
    for ours, theirs in zip(load_weights(store, parent, warm.plan), published, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert cold.fingerprint() != warm.fingerprint()
    assert warm.fingerprint() != stage(store, parent.model_copy(update={"sha256": "0" * 64})).fingerprint()
    trained = warm.produce(store)
    # Steps that change nothing leave what it began with.
    made = load_model(store.path(trained.files["model.keras"].uri.removeprefix(f"{store.url}/")))
    for ours, theirs in zip(made.get_weights(), published, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"options": {"code_size": 7}}, "code_size='7 there, 8 here'"),
        ({"options": {"hidden_widths": (9, 9)}}, r"hidden_widths='\[9, 9\] there"),
        ({"image_shape": (16, 16, 1)}, r"image_shape='\[16, 16, 1\] there, \[8, 8, 1\] here'"),
    ],
)
def test_a_model_of_another_form_is_refused_in_one_line_that_says_what_differs(store, parent, changes, message):
    options = json.dumps({**json.loads(parent.options), **changes.get("options", {})})
    other = parent.model_copy(update={**changes, "options": options})
    with pytest.raises(ParameterError, match=message) as refused:
        stage(store, other)
    assert "\n" not in str(refused.value)


def test_a_model_of_other_bytes_than_were_found_is_refused(store, parent):
    with pytest.raises(CorruptObjectError, match="A release never changes"):
        load_weights(store, parent.model_copy(update={"sha256": "0" * 64}), stage(store, parent).plan)


def test_it_takes_fewer_and_smaller_steps_unless_they_are_chosen():
    cold = plan_training(RECIPE, "tuned", "full", Overrides(), (28, 28, 1)).training
    warm = plan_training(RECIPE, "tuned", "full", Overrides(), (28, 28, 1), goes_on=True).training
    assert warm.epochs == cold.epochs // 3
    assert warm.learning_rate == pytest.approx(cold.learning_rate * GOING_ON_RATE)
    assert warm.keep == "best-or-start"
    chosen = plan_training(RECIPE, "tuned", "full", Overrides(epochs=9, learning_rate=0.1), (28, 28, 1), goes_on=True)
    assert (chosen.training.epochs, chosen.training.learning_rate) == (9, 0.1)


def test_what_its_parent_began_with_is_known_of_it_too(parent):
    old = parent.model_copy(update={"ancestors": tuple(f"{RELEASE}/{n}" for n in range(MAX_ANCESTORS))})
    assert old.line[:2] == (f"{RELEASE}/{RECIPE}", f"{RELEASE}/0")
    assert len(old.line) == MAX_ANCESTORS


def test_a_request_says_what_it_begins_with_and_survives_the_way_to_a_worker(parent):
    request = TrainingRequest(recipe=RECIPE, start_from="production").with_parent(parent)
    assert describe_request(request).endswith(f"from {RELEASE}")
    assert TrainingRequest.of(request.model_dump(mode="json")) == request
    assert TrainingRequest(recipe=RECIPE, start_from="production").with_parent(None).start_from == "nothing"
