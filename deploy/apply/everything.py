"""Everything that this project has on a Prefect server: planned from the files, then printed or mended."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import typer
from prefect.client.orchestration import SyncPrefectClient

from aepipe.deploy.apply.automations import NoBlockError, plan_automations
from aepipe.deploy.apply.change import Change, mend_all
from aepipe.deploy.apply.deployments import default_store, list_paused, plan_abandoned, plan_deployments
from aepipe.deploy.apply.job_templates import PoolType
from aepipe.deploy.apply.nightly import load_all
from aepipe.deploy.apply.notify import block_of, plan_block, require_block
from aepipe.deploy.apply.specification import DeploymentSpec
from aepipe.deploy.apply.work_pools import plan_pools


def apply_all(
    client: SyncPrefectClient,
    store: str,
    pool_type: PoolType,
    notify: str | None,
    file: Path | None,
    nights: Path | None = None,
) -> Iterator[str]:
    """Bring the server to what the files say; yield a line for each change, and for what stays paused.

    Nothing is changed before all of it is planned.

    Args:
        client: Of the server.
        store: What deployments get as their store.
        pool_type: What starts the runs.
        notify: Who is told of trouble: a block, as type/name, or a webhook's URL.
        file: Deployments; None for deploy/prefect.yaml.
        nights: The operator's own data sets; None where there are none.

    Raises:
        ParameterError: the file asks for something that can't be.
    """
    specs = load_all(file, nights, default_store(store), pool_type)
    for change in mend_all(plan_all(client, specs, pool_type, notify)):
        yield f"{change.subject}: {change.done}"
    yield from (f"{name}: paused, and left so" for name in list_paused(client, specs))


def check_all(
    client: SyncPrefectClient,
    store: str,
    pool_type: PoolType,
    notify: str | None,
    file: Path | None,
    nights: Path | None = None,
) -> Iterator[str]:
    """Yield a line for each change that `apply_all` would make with the same arguments; change nothing."""
    specs = load_all(file, nights, default_store(store), pool_type)
    for change in plan_all(client, specs, pool_type, notify):
        yield f"{change.subject}: {change.found}"


def plan_all(
    client: SyncPrefectClient, specs: Sequence[DeploymentSpec], pool_type: PoolType, notify: str | None
) -> list[Change]:
    """Return every change that brings the server to what the files say, in the order in which they can be made.

    Args:
        client: Of the server.
        specs: The deployments.
        pool_type: What starts the runs.
        notify: Who is told of trouble; a block that is not there is said, and keeps nothing else from being planned.

    Raises:
        ParameterError: a pool has another type, or the webhook's URL is none.
    """
    return [
        *plan_pools(client, pool_type, specs),
        *plan_deployments(client, specs),
        *plan_abandoned(client, specs),
        *_plan_automations(client, pool_type, notify),
    ]


def _plan_automations(client: SyncPrefectClient, pool_type: PoolType, notify: str | None) -> Iterator[Change]:
    whom = notify
    try:
        if notify is not None:
            require_block(client, notify)
    except NoBlockError as error:
        typer.echo(f"Nobody is notified yet. {error} Then apply again.", err=True)
        whom = None
    if whom is not None:
        yield from plan_block(client, whom)
    yield from plan_automations(client, pool_type, None if whom is None else block_of(whom))
