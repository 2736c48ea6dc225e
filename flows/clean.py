"""Whatever grows with each night is bounded: in the store, in the worker's cache and on the Prefect server.

prefect deployment run clean/weekly --param delete=true
"""

from prefect import flow
from prefect.client.orchestration import get_client
from prefect.states import Completed, State

from aepipe.flows.deployable import deployable
from aepipe.flows.names import named
from aepipe.flows.old_runs import clean_runs
from aepipe.flows.parameters import stores
from aepipe.publishing.cleaning import CleanSettings, describe_cleaned
from aepipe.tasks.cleaning import clean as clean_store


@flow(name="clean", flow_run_name=named("clean"))
@deployable
def clean(
    keep: stores.Keep = 10,
    grace_hours: stores.GraceHours = 24,
    days: stores.Days = 30,
    delete: stores.Delete = False,
    store: stores.Store = "./store",
) -> State:
    """Remove releases, results, indices, blocks, checkpoints and runs that nothing needs any more, or count them."""
    done = clean_store(store, CleanSettings(keep=keep, grace_hours=grace_hours, days=days), delete)
    with get_client(sync_client=True) as client:
        done.append(clean_runs(client, days, delete))
    return Completed(message=describe_cleaned(done, delete))
