"""Entries of the operator's own file that use a published model, each a deployment with a schedule.

    - name: inbox
      use: score
      images: /srv/inbox
      model: conv@photos

An entry may have any parameter of the flow beside what `UseSpec` says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from prefect import Flow
from pydantic import Field

from aepipe.deploy.apply.entries import EntrySpec, path_from_any_folder, read_entry
from aepipe.deploy.apply.specification import DeploymentSpec, LimitSpec, PoolReference
from aepipe.errors import ParameterError
from aepipe.flows import uses
from aepipe.flows.limits import IMAGES, PLACES

FLOWS: dict[str, Flow[..., Any]] = {flow.name: flow for flow in (uses.score, uses.encode, uses.restore, uses.generate)}
EVERY_HOUR = "0 * * * *"


class UseSpec(EntrySpec):
    """What an entry that uses a model says beside its flow's parameters."""

    use: Literal["score", "encode", "restore", "generate"] = Field(description="The flow; the deployment is USE/NAME.")
    cron: str = Field(EVERY_HOUR, description="Minute, hour, day, month, weekday.")


def use_deployment(file: Path, where: str, entry: Mapping[str, Any], store: str) -> DeploymentSpec:
    """Return the deployment of an entry; pictures that the store has results of are passed over.

    Args:
        file: The operator's.
        where: What the entry is called in messages.
        entry: What it says.
        store: The store of entries that name none.

    Raises:
        ParameterError: it is not what it must be.
    """
    use = entry["use"]
    flow = FLOWS.get(str(use))
    if flow is None:
        rule = f"{where}: a model is used to {', '.join(FLOWS)}."
        raise ParameterError(rule, f"Correct it in {file}.", use=use)
    parameters = list(flow.parameters.properties)
    spec, schedule = read_entry(file, where, entry, UseSpec, parameters, "uses")
    chosen = {name: value for name, value in entry.items() if name in parameters}
    _refuse_missing(file, where, chosen, flow)
    for name in PLACES:
        if isinstance(chosen.get(name), str):
            chosen[name] = path_from_any_folder(file, chosen[name].removeprefix(IMAGES))
    new_only = {"new_only": True} if "new_only" in parameters else {}
    return DeploymentSpec(
        name=spec.name,
        entrypoint=f"{uses.__name__}.{spec.use}",
        description=f"{spec.use} with {chosen['model']}, as {file.name} says.",
        tags=["aepipe"],
        parameters={"store": store, **new_only, **chosen},
        schedules=[schedule],
        # One after the other: of those that wait, one stands for all.
        concurrency_limit=LimitSpec(limit=1),
        work_pool=PoolReference(name="aepipe-cpu", job_variables=spec.job_variables),
    )


def _refuse_missing(file: Path, where: str, chosen: Mapping[str, Any], flow: Flow[..., Any]) -> None:
    missing = [name for name in flow.parameters.required if name not in chosen]
    has_pictures = "images" not in flow.parameters.properties or (
        (chosen.get("images") is None) != (chosen.get("rows") is None)
    )
    if missing or not has_pictures:
        pictures = " and either images or rows" if "images" in flow.parameters.properties else ""
        rule = f"{where}: to {flow.name} takes {', '.join(flow.parameters.required)}{pictures}."
        raise ParameterError(rule, f"Correct it in {file}.", names=list(chosen))
