"""The operator's own file: data sets that a night's run takes, and uses of models, each an entry, each a deployment.

    - name: photos
      data_set: images:/srv/photos

An entry may have any parameter of the pipeline beside what `NightSpec` says.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from aepipe.deploy.apply.entries import EntrySpec, from_any_folder, path_from_any_folder, read_entry
from aepipe.deploy.apply.job_templates import PoolType
from aepipe.deploy.apply.refusals import read_yaml, refuse_repeated
from aepipe.deploy.apply.specification import (
    FILE,
    DeploymentSpec,
    LimitSpec,
    PoolReference,
    check_specs,
    load_deployments,
)
from aepipe.deploy.apply.uses import use_deployment
from aepipe.errors import ParameterError
from aepipe.flows.limits import IMAGES, places_beside
from aepipe.flows.nightly import nightly

ENTRYPOINT = "aepipe.flows.nightly.nightly"
TWO_O_CLOCK = "0 2 * * *"
# Of pictures of any kind; all of aepipe's recipes every night are what nobody means by two lines.
RECIPES = ["faces-conv"]


class NightSpec(EntrySpec):
    """What an entry says beside the pipeline's parameters."""

    data_set: str = Field(description="Which images; those of one's own as images:PATH.")
    cron: str = Field(TWO_O_CLOCK, description="Minute, hour, day, month, weekday.")
    model: str | None = Field(None, description="What the models are called instead of recipe@data-set.")
    channel: str | None = Field(None, description="Short for publishing: {channel: NAME}.")


def load_all(file: Path | None, nights: Path | None, store: str, pool_type: PoolType) -> list[DeploymentSpec]:
    """Return every deployment that a server should have.

    Args:
        file: In the format of prefect.yaml; None for the project's own.
        nights: The operator's own data sets; None where there are none.
        store: What stands in for $AEPIPE_STORE, and the store of entries that name none.
        pool_type: Which template the job variables are for.

    Raises:
        ParameterError: something in one of the files is not what it must be.
    """
    specs = load_deployments(file or FILE, store, pool_type)
    return specs if nights is None else [*specs, *load_nights(nights, store, pool_type)]


def load_nights(file: Path, store: str, pool_type: PoolType) -> list[DeploymentSpec]:
    """Return the deployment of each entry of an operator's file.

    Raises:
        ParameterError: an entry is not what it must be; the message names it, its field and what it may be.
    """
    content = read_yaml(file, "The file of nightly data sets", "--nightly")
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        rule = "Nightly data sets are a list of entries, each with a name and a data_set, or a use."
        raise ParameterError(rule, f"Correct it in {file}.", content=type(content).__name__)
    specs = [_deployment(file, number, entry, store) for number, entry in enumerate(content, 1)]
    refuse_repeated(file, "entries", [spec.full_name for spec in specs])
    check_specs(file, specs, pool_type)
    return specs


def _deployment(file: Path, number: int, entry: Mapping[str, Any], store: str) -> DeploymentSpec:
    where = str(entry.get("name") or f"entry {number}")
    make = _night if entry.get("use") is None else use_deployment
    return make(file, where, entry, store)


def _night(file: Path, where: str, entry: Mapping[str, Any], store: str) -> DeploymentSpec:
    parameters = list(nightly.parameters.properties)
    _refuse_accepting(file, where, entry)
    night, schedule = read_entry(file, where, entry, NightSpec, parameters, "nightly")
    chosen = {name: value for name, value in entry.items() if name in parameters}
    # In an entry a name is the deployment's.
    chosen.pop("name", None)
    if night.model is not None:
        chosen["name"] = night.model
    chosen["data_set"] = from_any_folder(file, night.data_set)
    beside = places_beside(chosen)
    if beside:
        found = {name: path_from_any_folder(file, place.removeprefix(IMAGES)) for name, place in beside.items()}
        chosen["data"] = {**chosen["data"], **found}
    recipes = chosen.get("recipes", RECIPES)
    given: dict[str, Any] = {"store": store, "execution": "pool", **chosen}
    given["recipes"] = [recipes] if isinstance(recipes, str) else recipes
    _refuse_one_name_of_many(file, where, night, given["recipes"])
    if night.channel is not None:
        given["publishing"] = _with_channel(file, where, chosen.get("publishing", {}), night.channel)
    return DeploymentSpec(
        name=night.name,
        entrypoint=ENTRYPOINT,
        description=f"{night.data_set} every night, as {file.name} says; where nothing changed, nothing is done.",
        tags=["aepipe"],
        parameters=given,
        schedules=[schedule],
        # One night after the other: of nights that wait, one stands for all.
        concurrency_limit=LimitSpec(limit=1),
        work_pool=PoolReference(name="aepipe-cpu", job_variables=night.job_variables),
    )


def _with_channel(file: Path, where: str, publishing: Any, channel: str) -> Any:
    if not isinstance(publishing, dict):
        return publishing
    if "channel" in publishing:
        rule = f"{where}: a channel is named once, as channel or in publishing."
        raise ParameterError(rule, f"Correct it in {file}.", channel=channel, publishing=publishing)
    return {**publishing, "channel": channel}


def _refuse_one_name_of_many(file: Path, where: str, night: NightSpec, recipes: Any) -> None:
    if night.model is not None and isinstance(recipes, list) and len(recipes) > 1:
        rule = f"{where}: a model's name is for one recipe."
        way_out = f"Make an entry for each recipe, or leave the name out. Correct it in {file}."
        raise ParameterError(rule, way_out, model=night.model, recipes=recipes)


def _refuse_accepting(file: Path, where: str, entry: Mapping[str, Any]) -> None:
    if entry.get("accept_data") is not None:
        rule = f"{where}: images that break a check are accepted for one run, not for every night."
        way_out = f"Raise the limit in data.checks instead, or start one run with accept_data. Correct it in {file}."
        raise ParameterError(rule, way_out, accept_data=entry["accept_data"])
