"""The noisy-input test set of a data set, without training anything.

prefect deployment run noisy-test-set/weekly
"""

from prefect import flow

from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.flows.parameters import stores, trainings
from aepipe.noise import NoiseParameters
from aepipe.stages.data import DataParameters, DataSettings, DataStage
from aepipe.stages.noise import NoiseStage
from aepipe.stages.results import NoiseResult
from aepipe.stages.split import SplitStage, recommended_split
from aepipe.tasks.stages import produce
from aepipe.tasks.timeouts import TimeoutSettings


@flow(name="noisy-test-set", flow_run_name=named("noisy {data_set}"))
@deployable
def noisy_test_set(
    data_set: trainings.Images = "mnist",
    data: trainings.Data = DataSettings(),  # noqa: B008
    split: trainings.WholeSplit = None,
    noise: trainings.Noise = NoiseParameters(),  # noqa: B008
    store: stores.Store = "./store",
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
    refresh: trainings.Refresh = False,
) -> NoiseResult:
    """Corrupt the held-out images of a data set."""
    images = produce(store, DataStage(DataParameters(data_set=data_set, settings=data)), refresh)
    parts = produce(store, SplitStage(images, split or recommended_split(images)), refresh)
    return produce(store, NoiseStage(images, parts, noise), refresh)
