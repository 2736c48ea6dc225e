"""One training as the pipeline does it, for tests that kill it: python train_once.py STORE EPOCHS."""

import sys

from aepipe.recipes.plan import Overrides
from aepipe.stages.data import DataStage
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage
from aepipe.stages.train import TrainStage
from aepipe.store import open_store
from aepipe.training.runtime import tf  # noqa: F401 - imported before "started" is said
from aepipe.training.settings import CheckpointSettings


def main(folder: str, epochs: str) -> None:
    """Train mnist-denoising on the embedded digits, and print what resumed and the model's digest."""
    store = open_store(folder)
    request = TrainingRequest(
        recipe="mnist-denoising", setting="published", data_set="digits", overrides=Overrides(epochs=int(epochs))
    )
    data = DataStage(request.data_parameters()).produce(store)
    parts = SplitStage(data, request.split_settings(data)).produce(store)
    print("started", flush=True)
    saving = CheckpointSettings(every_seconds=0, every_epochs=4)
    result = TrainStage(request.training_plan(data), data, parts, saving).produce(store)
    print(result.facts.resumed_at_step, result.facts.kept_epoch, result.files["model.keras"].sha256, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
