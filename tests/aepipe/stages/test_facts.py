"""Facts stay what was stored, whoever reads them, and go to other processes with their results."""

import pickle
import subprocess
import sys

import pytest
from pydantic import ValidationError
from results import result

from aepipe.io.hashing import canonical_json
from aepipe.stages.facts import DataFacts, EvaluationFacts, SplitFacts, TrainedFacts
from aepipe.stages.results import EvaluationResult, SplitResult, find_stage
from aepipe.store import open_store

# As 0.1.0 wrote them.
OLD_SPLIT = {
    "name": "digits-fraction",
    "settings": {
        "method": "fraction",
        "test_fraction": 0.3,
        "validation_fraction": 0.1,
        "shuffle": True,
        "seed": 0,
    },
    "test_sha256": "a" * 64,
    "num_train": 7,
    "num_validation": 1,
    "num_test": 2,
}


def put_split(store, facts: dict):
    manifest = {"stage": "split", "fingerprint": "f", "files": {}, "facts": facts, "seconds": 1.0}
    store.put("stages/split/f/manifest.json", canonical_json(manifest))
    return find_stage(store, "split", "f", SplitResult)


def test_what_an_older_version_did_not_know_is_none_and_no_part_of_the_digest(tmp_path):
    found = put_split(open_store(str(tmp_path)), OLD_SPLIT)
    assert (found.facts.num_test, found.facts.num_left_out) == (2, None)
    assert found.facts.as_stored() == OLD_SPLIT


def test_what_a_newer_version_added_is_part_of_the_digest(tmp_path):
    store = open_store(str(tmp_path))
    older = put_split(store, OLD_SPLIT)
    assert put_split(store, {**OLD_SPLIT, "num_blurred": 3}).digest != older.digest


def test_a_metric_that_no_field_is_named_after_is_kept():
    facts = result(EvaluationResult, mae_per_pixel=0.05).facts
    assert facts.metrics["mae_per_pixel"] == facts.as_stored()["mae_per_pixel"] == 0.05
    assert "collapsed" not in facts.metrics


def test_a_metric_is_a_number():
    with pytest.raises(ValidationError, match="mae_per_pixel"):
        result(EvaluationResult, mae_per_pixel="low")


@pytest.mark.parametrize("kind", [DataFacts, SplitFacts, TrainedFacts])
def test_a_fact_is_not_invented(kind):
    with pytest.raises(ValidationError, match="colour"):
        kind.model_validate({"colour": "blue"})
    assert "mse_per_pixel" in EvaluationFacts.model_fields


def test_a_result_is_the_same_in_another_process():
    sent = result(EvaluationResult, mae_per_pixel=0.05)
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).digest)"
    told = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(sent), capture_output=True, check=True)
    assert told.stdout.decode().strip() == sent.digest
