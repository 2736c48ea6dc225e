"""Forecast of a training: what would be trained, how large it is and how long it takes here; nothing is kept."""

from dataclasses import dataclass

from aepipe.io.temporary import temporary_folder
from aepipe.models.options import count_parameters
from aepipe.recipes.plan import TrainingPlan
from aepipe.stages.data import DataStage, load_data
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import forget_locks
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store


@dataclass(frozen=True)
class Forecast:
    """What a training would come to.

    Attributes:
        model: What its model would be called.
        plan: What would be trained.
        num_images: Of its training part.
        num_parameters: The model's weights.
        memory_bytes: What weights, gradients and the optimizer's moments take; batches come beside them.
        num_steps: At most; patience or a time limit may end it before.
        seconds: All these steps, as some were measured on this machine.
    """

    model: str
    plan: TrainingPlan
    num_images: int
    num_parameters: int
    memory_bytes: int
    num_steps: int
    seconds: float


def forecast(request: TrainingRequest) -> Forecast:
    """Return what a request would come to: its images are read, and a few of its steps are taken.

    Raises:
        AepipeError: the images can't be read, or the model can't be trained on them.
    """
    # Here, because the command line must start without TensorFlow.
    from aepipe.stages.fitting import bytes_to_train, check_size, seconds_a_step
    from aepipe.training.batches import total_steps

    with temporary_folder("forecast") as folder:
        store = open_store(folder)
        data = DataStage(request.data_parameters()).produce(store)
        split = SplitStage(data, request.split_settings(data)).produce(store)
        try:
            plan = request.training_plan(data)
            check_size(plan)
            images, rows = load_data(store, data), load_split(store, split)
            num_steps = total_steps(len(rows.train), plan.training)
            count = count_parameters(plan.model, plan.image_shape)
            return Forecast(
                model=request.model,
                plan=plan,
                num_images=len(rows.train),
                num_parameters=count,
                memory_bytes=bytes_to_train(plan),
                num_steps=num_steps,
                seconds=num_steps * seconds_a_step(plan, images, rows),
            )
        finally:
            forget_locks(store, [data, split])
