"""A search for better settings of one recipe; what it finds is a table in the store, nothing is published.

aepipe tune mnist-dense --trials 20 --set learning_rate=0.0001..0.01 --set batch_size=50,150
prefect deployment run tune/on-demand --param recipe=mnist-dense
"""

from typing import Annotated

from prefect import flow
from prefect.states import Completed, Failed, State
from pydantic import Field

from aepipe.datasets import DataSetName
from aepipe.experiments.search import Search, open_search
from aepipe.experiments.space import Range, SearchRanges
from aepipe.experiments.sweep import SweepValues
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.train_all import Execution, train_all
from aepipe.flows.names import named
from aepipe.recipes import RecipeName
from aepipe.recipes.plan import Overrides, Preset, SettingName, SplitOverrides
from aepipe.stages.data import DataSettings, image_shape_of
from aepipe.stages.request import TrainingRequest
from aepipe.stages.stage import SearchResult
from aepipe.store import open_store
from aepipe.tasks.data import prepare_data, take_images
from aepipe.tasks.study import save_study, tabulate_study
from aepipe.training.settings import CheckpointSettings

DEFAULT_RANGES = SearchRanges(learning_rate=Range(low=1e-4, high=1e-2))
AT_ONCE = {"local": 2, "pool": 8}


@flow(name="tune", flow_run_name=named("{setting} {recipe} search"))
@deployable
def tune(
    recipe: RecipeName,
    ranges: SearchRanges = DEFAULT_RANGES,
    values: SweepValues = SweepValues(),  # noqa: B008 - frozen
    trials: Annotated[int, Field(ge=1, le=1000)] = 20,
    rungs: Annotated[int, Field(ge=1, le=5)] = 3,
    setting: SettingName = "tuned",
    preset: Preset = "full",
    data_set: DataSetName | None = None,
    overrides: Overrides = Overrides(),  # noqa: B008
    data: DataSettings = DataSettings(),  # noqa: B008
    split: SplitOverrides = SplitOverrides(),  # noqa: B008
    store: str = "./store",
    execution: Execution = "local",
    at_once: Annotated[int, Field(ge=1)] | None = None,
    checkpoints: CheckpointSettings = CheckpointSettings(),  # noqa: B008
) -> State[SearchResult]:
    """Search for better settings; run again with the same parameters, or more trials, it goes on where it was.

    Args:
        recipe: What to train.
        ranges: What to try anywhere in a range; by default the learning rate.
        values: Lists of values to try.
        trials: How many candidates in all, those of earlier runs of the same search included.
        rungs: A candidate first trains for a ninth of the epochs, then a third, then all, where this is 3; those that
            are behind end early.
        setting: What the candidates start from.
        preset: quick trains a few steps only, for demonstrations.
        data_set: Instead of its own: mnist, mnist-csv, fashion-mnist, cifar10, olivetti, digits or images:PATH.
        overrides: What to change about the setting of every candidate; None leaves it as the setting has it.
        data: How much of one's own images may be left out; more is an error.
        split: What to change about the split.
        store: Where results go: a folder, file:///path or s3://bucket/prefix.
        execution: local trains in processes of this machine; pool starts a run of train/gpu for each candidate.
        at_once: How many candidates at a time; by default 2 here, 8 on a pool.
        checkpoints: How often a training's state is saved.
    """
    chosen = {"setting": setting, "preset": preset, "overrides": overrides}
    chosen |= {"data_set": data_set, "data": data, "split": split}
    (request,) = take_images(store, [TrainingRequest(recipe=recipe, **chosen)], refresh=False)
    images = prepare_data(store, request.data_parameters())
    with open_search(open_store(store), request, ranges, values, rungs, image_shape_of(images)) as search:
        shared = {"store": store, "checkpoints": checkpoints}
        while search.num_tried < trials:
            _try(search, min(at_once or AT_ONCE[execution], trials - search.num_tried), execution, shared)
        table = tabulate_study(store, search)
        if search.best() is None:
            return Failed(message=f"None of {search.num_tried} candidates could be trained to its end.")
        return Completed(message=table.facts.best, data=table)


def _try(search: Search, num_candidates: int, execution: Execution, shared: dict) -> None:
    """Train some candidates side by side, rung by rung, as long as they are not behind."""
    alive = search.ask(num_candidates)
    save_study(search)
    for budget in search.budgets:
        requests = [search.request_for(candidate, budget) for candidate in alive]
        outcomes = train_all(requests, execution, num_candidates, False, **shared)
        alive = [one for one, outcome in zip(alive, outcomes, strict=True) if search.tell(one, budget, outcome)]
        save_study(search)
        if not alive:
            return
