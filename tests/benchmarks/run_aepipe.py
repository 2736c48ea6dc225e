"""Every recipe as the pipeline trains them, two at a time with half of the cores each: python run_aepipe.py STORE."""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from whole_run import EPOCHS, request_for

from aepipe.stages.data import DataStage
from aepipe.stages.request import TrainingRequest, estimated_work
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store


def main(folder: str) -> None:
    """Train every recipe anew."""
    os.environ["AEPIPE_THREADS"] = str(max(1, os.cpu_count() // 2))
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as pool:
        requests = sorted((request_for(recipe) for recipe in EPOCHS), key=estimated_work, reverse=True)
        list(pool.map(train_one, [folder] * len(requests), requests))


def train_one(folder: str, request: TrainingRequest) -> None:
    """Train one recipe in this process."""
    store = open_store(folder)
    data = DataStage(request.data_parameters()).produce(store)
    parts = SplitStage(data, request.split_settings(data)).produce(store)
    TrainStage(request.training_plan(data), data, parts).produce(store, refresh=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
