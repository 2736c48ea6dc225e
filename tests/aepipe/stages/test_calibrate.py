"""The calibration of a model of one class says what it finds of the others, and that is measured of the model."""

import pandas as pd

from aepipe.recipes.plan import Overrides
from aepipe.stages.calibrate import CalibrateStage
from aepipe.stages.data import DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage, load_split
from aepipe.stages.train import TrainStage
from aepipe.store.local_files import local_file


def test_a_model_of_threes_is_measured_on_the_other_digits(store):
    request = TrainingRequest(
        recipe="mnist-dense",
        data_set="digits",
        data={"classes": "3"},
        overrides=Overrides(max_steps=30, learning_rate=0.01),
    )
    data = DataStage(request.data_parameters()).produce(store)
    split = SplitStage(data, request.split_settings(data)).produce(store)
    trained = TrainStage(request.training_plan(data), data, split).produce(store)
    stage = CalibrateStage(data, split, trained)
    result = stage.produce(store)
    facts, rows = result.facts, load_split(store, split)
    assert request.model == "mnist-dense@digits-normal-3"
    assert (facts.num_calibration, facts.num_anomalous, facts.num_masks) == (len(rows.test), len(rows.anomalous), 0)
    assert facts.detection["auroc"] > 0.9
    assert facts.detection["pca_auroc"] > 0.9
    assert f"AUROC against {len(rows.anomalous)} anomalous pictures: " in stage.lines(result)[-1]
    table = pd.read_csv(local_file(store, result.files["detection.csv"]), dtype={"class_name": str})
    assert set(table["class_name"]) == {"all", *"012456789"}
    assert set(table["evaluation_set"]) == {"digits-normal-3-fraction"}
    assert result.files["figures/detection.png"].kind == "figure"
