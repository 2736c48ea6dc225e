"""The work pools of a server: what differs between them and their templates, and how it is mended."""

from collections.abc import Iterator, Sequence
from functools import partial

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.change import Change, Kind
from aepipe.deploy.apply.job_templates import POOLS, PoolType, pool_template
from aepipe.deploy.apply.job_variables import closed
from aepipe.deploy.apply.specification import DeploymentSpec
from aepipe.errors import ParameterError


def plan_pools(client: SyncPrefectClient, pool_type: PoolType, specs: Sequence[DeploymentSpec]) -> Iterator[Change]:
    """Yield a change for each work pool that is not there or not as its template says.

    Args:
        client: Of the server.
        pool_type: What runs the flows: processes of the worker's machine, Docker or Kubernetes.
        specs: The deployments, whose job variables runs may have, too.

    Raises:
        ParameterError: a pool is there with another type, which can't be changed.
    """
    for name, description in POOLS.items():
        subject = f"work pool {name}"
        template = closed(
            pool_template(pool_type, name),
            [spec.work_pool.job_variables for spec in specs if spec.work_pool.name == name],
        )
        try:
            pool = client.read_work_pool(name)
        except ObjectNotFound:
            new = WorkPoolCreate(name=name, type=pool_type, description=description, base_job_template=template)
            yield Change(subject, Kind.MISSING, partial(client.create_work_pool, new))
            continue
        if pool.type != pool_type:
            way_out = f"Drain it and delete it: prefect work-pool delete {name}; or name its type: --pools {pool.type}."
            raise ParameterError("A work pool keeps its type.", way_out, pool=name, type=pool_type)
        if (pool.base_job_template, pool.description) != (template, description):
            update = WorkPoolUpdate(description=description, base_job_template=template)
            yield Change(subject, Kind.DIFFERENT, partial(client.update_work_pool, name, update))
