"""The noisy-input test set of a data set, without training anything.

prefect deployment run noisy-test-set/weekly
"""

from prefect import flow

from aepipe.datasets import DataSetName
from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.noise import NoiseParameters
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataSettings, recommended_split
from aepipe.stages.stage import NoiseResult
from aepipe.tasks.data import prepare_data, split_data
from aepipe.tasks.noise import make_noisy_test_set


@flow(name="noisy-test-set", flow_run_name=named("noisy {data_set}"))
@deployable
def noisy_test_set(
    data_set: DataSetName = "mnist",
    data: DataSettings = DataSettings(),  # noqa: B008
    split: SplitSettings | None = None,
    noise: NoiseParameters = NoiseParameters(),  # noqa: B008
    store: str = "./store",
    refresh: bool = False,
) -> NoiseResult:
    """Corrupt the held-out images of a data set.

    Args:
        data_set: Which images: mnist, mnist-csv, fashion-mnist, cifar10, olivetti, digits or images:PATH.
        data: How much of one's own images may be left out; more is an error.
        split: How the held-out part is chosen; by default the way that the data set is best judged by.
        noise: Kinds and levels of noise, and the seed.
        store: Where the set goes: a folder, file:///path or s3://bucket/prefix.
        refresh: Do it even if it has been done.
    """
    images = prepare_data(store, DataParameters(data_set=data_set, settings=data), refresh)
    parts = split_data(store, images, split or recommended_split(images), refresh)
    return make_noisy_test_set(store, images, parts, noise, refresh)
