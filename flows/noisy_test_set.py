"""The noisy-input test set of a data set, without training anything.

prefect deployment run noisy-test-set/weekly
"""

from prefect import flow

from aepipe.flows import parameters
from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.noise import NoiseParameters
from aepipe.stages.data import DataParameters, DataSettings, recommended_split
from aepipe.stages.stage import NoiseResult
from aepipe.tasks.data import prepare_data, split_data
from aepipe.tasks.noise import make_noisy_test_set


@flow(name="noisy-test-set", flow_run_name=named("noisy {data_set}"))
@deployable
def noisy_test_set(
    data_set: parameters.Images = "mnist",
    data: parameters.Data = DataSettings(),  # noqa: B008
    split: parameters.WholeSplit = None,
    noise: parameters.Noise = NoiseParameters(),  # noqa: B008
    store: parameters.Store = "./store",
    refresh: parameters.Refresh = False,
) -> NoiseResult:
    """Corrupt the held-out images of a data set."""
    images = prepare_data(store, DataParameters(data_set=data_set, settings=data), refresh)
    parts = split_data(store, images, split or recommended_split(images), refresh)
    return make_noisy_test_set(store, images, parts, noise, refresh)
