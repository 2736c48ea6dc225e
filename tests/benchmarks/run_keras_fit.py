"""Every recipe with Keras' own fit, one after the other in one process: python run_keras_fit.py STORE."""

import sys

import as_installed  # noqa: F401 - before Keras
import keras
from whole_run import EPOCHS, request_for

from aepipe.models import build
from aepipe.models.corruption import Corruption
from aepipe.stages.data import DataStage, load_data
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store
from aepipe.training.losses import loss_of


def main(folder: str) -> None:
    """Train every recipe as its source does."""
    store = open_store(folder)
    for recipe in EPOCHS:
        keras.backend.clear_session()
        request = request_for(recipe)
        data = DataStage(request.data_parameters()).produce(store)
        plan, parts = request.training_plan(data), SplitStage(data, request.split_settings(data)).produce(store)
        settings, images = plan.training, load_data(store, data).scaled(load_split(store, parts).train)
        model = build(plan.model, plan.image_shape).model
        if settings.corruption:
            inputs = keras.Input(plan.image_shape)
            corrupted = Corruption(settings.corruption.kind, settings.corruption.level)(inputs)
            model = keras.Model(inputs, model(corrupted))
        model.compile(keras.optimizers.Adam(settings.learning_rate), loss_of(settings))
        model.fit(
            images,
            images,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            shuffle=settings.shuffle,
            verbose=0,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
