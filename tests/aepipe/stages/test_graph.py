"""The order of the stages is there once: for doing them, for finding them, and for what is said of them."""

import math

import pytest
from pydantic import TypeAdapter, ValidationError
from results import KINDS, done, result

from aepipe.models.options import DenseOptions
from aepipe.recipes.plan import Overrides
from aepipe.stages.fingerprint import source_digests
from aepipe.stages.generation import GenerationStage
from aepipe.stages.graph import STAGES, find_outcome, outcome_of, steps_saved
from aepipe.stages.outcome import Done, Failed, Outcome
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import DataResult, GenerationResult, SplitResult, TrainedResult
from aepipe.stages.stage import Stage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.training.checkpoints import Checkpoints
from aepipe.training.settings import CheckpointSettings

REQUEST = TrainingRequest(recipe="mnist-dense", preset="quick", data_set="digits", exports=("onnx",))


def stages_of(**changes) -> list[str]:
    """The names of the stages that a request comes to, in the order in which they are done."""
    names = []

    def run(stage):
        names.append(stage.name)
        return result(stage.kind)

    assert outcome_of(REQUEST.model_copy(update=changes), run).recipe == changes.get("recipe", "mnist-dense")
    return names


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({}, ["data", "split", "noise", "train", "evaluate", "calibrate", "export"]),
        ({"exports": ()}, ["data", "split", "noise", "train", "evaluate", "calibrate"]),
        ({"evaluate": False, "exports": ()}, ["data", "split", "train"]),
        (
            {"recipe": "mnist-variational", "exports": ()},
            ["data", "split", "noise", "train", "evaluate", "calibrate", "generation"],
        ),
        ({"recipe": "mnist-variational", "evaluate": False, "exports": ()}, ["data", "split", "train"]),
    ],
)
def test_a_request_comes_to_the_stages_that_it_asks_for_each_after_what_it_reads(changes, names):
    assert stages_of(**changes) == names


def test_an_outcome_has_a_result_for_each_stage_in_their_order():
    assert list(STAGES) == [name for name in Done.model_fields if name in STAGES]
    assert list(done("mnist-dense").results) == ["data", "split", "trained", "evaluated"]
    assert {stage.kind for stage in STAGES.values()} == set(KINDS)


def test_steps_of_a_training_are_those_of_its_last_checkpoint_or_all(tmp_path, monkeypatch):
    store, there, request = open_store(str(tmp_path)), ["data"], REQUEST.model_copy(update={"evaluate": False})
    monkeypatch.setattr(Stage, "find", lambda stage, _: result(stage.kind) if stage.name in there else None)
    training = TrainStage(request.training_plan(result(DataResult)), result(DataResult), result(SplitResult))
    assert steps_saved(store, request) == 0
    there.append("split")
    assert steps_saved(store, request) == 0
    for steps in (200, 1400):
        Checkpoints(store, training.fingerprint()).save(steps, b"")
    assert steps_saved(store, request) == 1400
    there.append("train")
    assert steps_saved(store, request) == math.inf


def test_what_the_store_has_not_is_not_found_nor_done(tmp_path):
    store = open_store(str(tmp_path))
    assert find_outcome(store, REQUEST) is None
    # What can't be trained is not found either: its own run says why.
    assert find_outcome(store, REQUEST.model_copy(update={"overrides": Overrides(code_size=63)})) is None
    assert list(store.list("")) == []


def test_how_often_a_training_is_saved_and_how_facts_are_held_changes_no_fingerprint():
    plan = done("mnist-dense").plan
    assert isinstance(plan.model, DenseOptions)
    stages = [
        TrainStage(plan, result(DataResult), result(SplitResult), saving)
        for saving in (CheckpointSettings(), CheckpointSettings(every_epochs=3))
    ]
    assert len({stage.fingerprint() for stage in stages}) == 1
    digests = source_digests(["aepipe.stages.evaluate"])
    assert "aepipe.stages.noise" in digests
    assert not {"aepipe.stages.facts", "aepipe.stages.results", "aepipe.stages.stage"} & digests.keys()


def test_an_outcome_is_done_or_failed_and_nothing_between():
    read = TypeAdapter(Outcome).validate_python
    assert isinstance(read({"kind": "failed", "recipe": "r", "setting": "tuned", "error": "no"}), Failed)
    with pytest.raises(ValidationError, match="trained"):
        read({"kind": "done", "recipe": "r", "setting": "tuned"})
    assert done("mnist-variational", generated=result(GenerationResult)).measured.metrics["elbo_nats"] == -98.8
    with pytest.raises(ValueError, match="evaluated"):
        _ = done("mnist-dense", evaluated=None).measured


def test_what_new_images_come_to_is_said_also_where_there_are_too_few_to_compare_with():
    plan = done("mnist-variational").plan
    stage = GenerationStage(plan, result(DataResult), result(SplitResult), result(TrainedResult))
    (line,) = stage.lines(result(GenerationResult, num_test_images=80))
    assert line == "ELBO -98.8 nats an image; too few held-out images for a Frechet distance: 80"
    far = {f"frechet_{name}_percent": 4.932 for name in ("mixture", "prior", "pca", "real")}
    (line,) = stage.lines(result(GenerationResult, **far))
    assert "mixture 4.93, prior 4.93, PCA 4.93, real 4.93" in line
