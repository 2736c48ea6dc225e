"""Every recipe as the pipeline trains them, two at a time with half of the cores each: python run_aepipe.py STORE."""

import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

from whole_run import EPOCHS, request_for

from aepipe.stages.data import prepare_data, split_data
from aepipe.stages.request import TrainingRequest, estimated_work
from aepipe.stages.train import train_recipe
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
    data = prepare_data(store, request.data_parameters())
    parts = split_data(store, data, request.split_settings(data))
    train_recipe(store, request.training_plan(data), data, parts, refresh=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
