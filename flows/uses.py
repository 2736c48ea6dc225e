"""Published models in use, from the Prefect UI or by a schedule: the same as `aepipe score` and its siblings.

prefect deployment run score/on-demand --param model=conv@images-photos --param images=/srv/inbox
"""

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed, State

from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.flows.parameters import in_use, stores, trainings
from aepipe.inference.watch import WatchSettings
from aepipe.tasks import uses
from aepipe.tasks.timeouts import TimeoutSettings


def _title() -> str:
    chosen = flow_run.parameters
    return f"{flow_run.flow_name} {chosen.get('images') or chosen.get('rows')} with {chosen['model']}"


@flow(name="score", flow_run_name=named(_title))
@deployable
def score(
    model: in_use.Model,
    images: in_use.Pictures = None,
    rows: in_use.Rows = None,
    channel: in_use.ModelChannel = "production",
    false_alarm_rate: in_use.FalseAlarmRate = 0.01,
    score: in_use.ChosenScore = None,
    worst: in_use.Worst = 20,
    new_only: in_use.NewOnly = False,
    watching: in_use.Watching = WatchSettings(),  # noqa: B008
    store: stores.Store = "./store",
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
) -> State:
    """Tell how unlike its training pictures a model finds pictures, and watch how that changes over time."""
    used = uses.score(
        store, model, images, rows, channel, new_only, false_alarm_rate, score, worst=worst, watching=watching
    )
    if used.run is not None:
        uses.watch(store, used.model, used.run)
    return Completed(message=used.message)


@flow(name="encode", flow_run_name=named(_title))
@deployable
def encode(
    model: in_use.Model,
    images: in_use.Pictures = None,
    rows: in_use.Rows = None,
    channel: in_use.ModelChannel = "production",
    file_format: in_use.CodesFormat = "parquet",
    new_only: in_use.NewOnly = False,
    store: stores.Store = "./store",
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
) -> State:
    """Encode pictures: a table of their codes."""
    used = uses.encode(store, model, images, rows, channel, new_only, file_format)
    return Completed(message=used.message)


@flow(name="generate", flow_run_name=named("generate {num_images} with {model}"))
@deployable
def generate(
    model: in_use.Model,
    num_images: in_use.NumImages = 64,
    seed: in_use.DrawnBy = 0,
    origin: in_use.Origin = "mixture",
    channel: in_use.ModelChannel = "production",
    store: stores.Store = "./store",
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
) -> State:
    """Make new pictures with a model."""
    return Completed(message=uses.generate(store, model, channel, num_images, seed, origin).message)


@flow(name="restore", flow_run_name=named(_title))
@deployable
def restore(
    model: in_use.Model,
    images: in_use.Pictures = None,
    rows: in_use.Rows = None,
    channel: in_use.ModelChannel = "production",
    reference: in_use.CleanPictures = None,
    new_only: in_use.NewOnly = False,
    store: stores.Store = "./store",
    timeouts: trainings.Timeouts = TimeoutSettings(),  # noqa: B008
) -> State:
    """Restore noisy pictures, each at its own size."""
    used = uses.restore(store, model, images, rows, channel, new_only, reference)
    return Completed(message=used.message)
