"""A search for better settings of one recipe; what it finds is a table in the store, nothing is published.

aepipe tune mnist-dense --trials 20 --set learning_rate=0.002..0.05 --set batch_size=300,600
prefect deployment run tune/on-demand --param recipe=mnist-dense
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, Failed, State

from aepipe.experiments.search import Search, open_search
from aepipe.experiments.space import Range, SearchRanges
from aepipe.experiments.sweep import SweepValues
from aepipe.flows.deployable import deployable
from aepipe.flows.executors.executor import Shared
from aepipe.flows.executors.train_all import train_all
from aepipe.flows.names import name_of_recipe, named
from aepipe.flows.parameters import stores, trainings
from aepipe.recipes.plan import Overrides, SplitOverrides
from aepipe.stages.data import DataSettings, DataStage, image_shape_of
from aepipe.stages.request import TrainingRequest
from aepipe.stages.results import SearchResult
from aepipe.store import open_store
from aepipe.tasks.results import take_images
from aepipe.tasks.stages import produce
from aepipe.tasks.tables import save_study, tabulate_study
from aepipe.tasks.timeouts import TimeoutSettings
from aepipe.training.settings import CheckpointSettings

DEFAULT_RANGES = SearchRanges.model_validate({"learning_rate": Range(low=1e-4, high=1e-2)})
AT_ONCE = {"local": 2, "pool": 8}


def _run_name() -> str:
    return f"{flow_run.parameters['setting']} {name_of_recipe(flow_run.parameters)} search"


@flow(name="tune", flow_run_name=named(_run_name))
@deployable
def tune(
    recipe: trainings.Recipe = None,
    recipe_file: trainings.RecipeFile = None,
    ranges: trainings.Ranges = DEFAULT_RANGES,
    values: trainings.Values = SweepValues(),  # noqa: B008 - frozen
    trials: trainings.Trials = 20,
    rungs: trainings.Rungs = 3,
    setting: trainings.Setting = "tuned",
    preset: trainings.Preset = "full",
    data_set: trainings.DataSet = None,
    overrides: trainings.Overrides = Overrides(),  # noqa: B008
    data: trainings.Data = DataSettings(),  # noqa: B008
    split: trainings.Split = SplitOverrides(),  # noqa: B008
    store: stores.Store = "./store",
    execution: trainings.Execution = "local",
    at_once: trainings.CandidatesAtOnce = None,
    checkpoints: trainings.Checkpoints = CheckpointSettings(),  # noqa: B008
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
) -> State[SearchResult]:
    """Search for better settings; run again with the same parameters, or more trials, it goes on where it was."""
    request = TrainingRequest(
        recipe=recipe,
        recipe_file=recipe_file,
        setting=setting,
        preset=preset,
        data_set=data_set,
        overrides=overrides,
        data=data,
        split=split,
    )
    (request,) = take_images(store, [request], refresh=False)
    images = produce(store, DataStage(request.data_parameters()))
    with open_search(
        open_store(store), request, ranges, values, rungs, image_shape_of(images), images.facts.num_images
    ) as search:
        shared = Shared(store=store, checkpoints=checkpoints, timeouts=timeouts)
        while search.num_tried < trials:
            _try(search, min(at_once or AT_ONCE[execution], trials - search.num_tried), execution, shared)
        table = tabulate_study(store, search)
        if search.best() is None:
            return Failed(message=f"None of {search.num_tried} candidates could be trained to its end.")
        return Completed(message=table.facts.best, data=table)


def _try(search: Search, num_candidates: int, execution: trainings.Execution, shared: Shared) -> None:
    """Train some candidates side by side, rung by rung, as long as they are not behind."""
    alive = search.ask(num_candidates)
    save_study(search)
    for budget in search.budgets:
        requests = [search.request_for(candidate, budget) for candidate in alive]
        outcomes = train_all(requests, execution, num_candidates, shared)
        alive = [one for one, outcome in zip(alive, outcomes, strict=True) if search.tell(one, budget, outcome)]
        save_study(search)
        if not alive:
            return
