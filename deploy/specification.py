"""What deploy/prefect.yaml asks of a Prefect server, checked: Prefect itself takes unknown names without a word."""

import importlib
import json
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools import validate
from prefect.utilities.schema_tools.validation import ValidationError as SchemaError
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, field_validator

from aepipe.errors import ParameterError

FOLDER = Path(__file__).parent
FILE = FOLDER / "prefect.yaml"
PoolType = Literal["process", "docker", "kubernetes"]
# Whoever starts children must not wait in the queue that they wait in, so there are two pools.
POOLS: Mapping[str, str] = {
    "aepipe-cpu": "Pipelines, sweeps and everything else that trains nothing.",
    "aepipe-gpu": "Trainings, one at a time on each GPU.",
}
# What one pool's template has other than the other's, where the template has such a variable.
GPU_DEFAULTS: Mapping[str, Any] = {"gpu": 1, "image": "aepipe:0.1.0-gpu"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleSpec(_Part):
    """When a deployment runs by itself."""

    slug: str = Field(min_length=1, description="The schedule's name within its deployment.")
    cron: str = Field(description="Minute, hour, day, month, weekday.")
    timezone: str = Field(description="An IANA name, such as Europe/Paris.")
    active: bool = Field(True, description="Whether a new schedule starts active; operators may pause it.")
    parameters: dict[str, JsonValue] = Field({}, description="What differs from the deployment's parameters.")

    def schedule(self) -> CronSchedule:
        """Return it as Prefect has it. Raises ValueError where cron or timezone is none."""
        return CronSchedule(cron=self.cron, timezone=self.timezone)

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        CronSchedule(cron="0 0 * * *", timezone=name)
        return name

    @field_validator("cron")
    @classmethod
    def _is_a_cron(cls, cron: str) -> str:
        CronSchedule(cron=cron, timezone="UTC")
        return cron


class LimitSpec(_Part):
    """How many runs of a deployment there are at once, and what becomes of one more."""

    limit: int = Field(ge=1, description="Runs at once.")
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"] = Field("ENQUEUE", description="One more waits or goes.")


class PoolReference(_Part):
    """Where a deployment runs."""

    name: Literal["aepipe-cpu", "aepipe-gpu"] = Field(description="The work pool.")
    job_variables: dict[str, JsonValue] = Field({}, description="What differs from the pool's template.")


class DeploymentSpec(_Part):
    """One deployment as the file has it."""

    name: str = Field(min_length=1, description="Its name within its flow.")
    entrypoint: str = Field(description="Module and function, such as flows.pipeline.pipeline.")
    description: str = Field("", description="What the UI says about it.")
    tags: list[str] = Field([], description="Tags of its runs.")
    parameters: dict[str, JsonValue] = Field({}, description="Defaults of the form.")
    schedules: list[ScheduleSpec] = Field([], description="When it runs by itself.")
    concurrency_limit: LimitSpec | None = Field(None, description="Runs at once.")
    work_pool: PoolReference = Field(description="Where it runs.")

    @property
    def flow(self) -> Flow:
        """The flow that the entrypoint leads to."""
        module, _, name = self.entrypoint.rpartition(".")
        return getattr(importlib.import_module(module), name)

    @property
    def full_name(self) -> str:
        """Flow and deployment, as Prefect writes it."""
        return f"{self.flow.name}/{self.name}"

    def parameter_schema(self) -> dict[str, Any]:
        """Return what the server checks parameters against, and the UI makes the form of."""
        return deepcopy(_form(self.flow))


@cache
def _form(flow: Flow) -> dict[str, Any]:
    # Several deployments have one flow, and each schema takes tens of milliseconds.
    schema = parameter_schema(flow).model_dump_for_openapi()
    for name, field in schema["properties"].items():
        field["title"] = name.replace("_", " ").capitalize()
    return schema


def load_deployments(file: Path, store: str, pool_type: PoolType) -> list[DeploymentSpec]:
    """Return the file's deployments, each checked against its flow and its pool's template.

    Args:
        file: In the format of prefect.yaml.
        store: What stands in for $AEPIPE_STORE.
        pool_type: Which template the job variables are for.

    Raises:
        ParameterError: a field, a parameter, a job variable or a schedule is not what it must be.
    """
    content = yaml.safe_load(file.read_text())
    entries = [_with_store(entry, store) for entry in content["deployments"]]
    specs = [_parse(file, entry) for entry in entries]
    template = pool_template(pool_type)
    for spec in specs:
        _check_parameters(spec, spec.parameters, "parameters")
        for schedule in spec.schedules:
            _check_parameters(spec, schedule.parameters, f"schedules.{schedule.slug}.parameters")
        known = template["variables"]["properties"]
        _refuse_unknown(spec, spec.work_pool.job_variables, known, "job_variables")
    return specs


def pool_template(pool_type: PoolType, pool: str = "aepipe-cpu") -> dict[str, Any]:
    """Return a work pool's base job template."""
    template = json.loads((FOLDER / "pools" / f"{pool_type}.json").read_text())
    if pool == "aepipe-gpu":
        for name, value in GPU_DEFAULTS.items():
            if name in template["variables"]["properties"]:
                template["variables"]["properties"][name]["default"] = value
    return template


def _with_store(entry: dict[str, Any], store: str) -> dict[str, Any]:
    parameters = {
        name: store if value == "{{ $AEPIPE_STORE }}" else value for name, value in entry.get("parameters", {}).items()
    }
    return {**entry, "parameters": parameters}


def _parse(file: Path, entry: dict[str, Any]) -> DeploymentSpec:
    try:
        spec = DeploymentSpec.model_validate(entry)
        if not isinstance(spec.flow, Flow):
            raise ParameterError("An entrypoint leads to a flow.", "Name module.function.", entrypoint=spec.entrypoint)
    except ValidationError as error:
        finding = error.errors(include_url=False)[0]
        where = ".".join(str(step) for step in finding["loc"])
        name = f"{entry.get('name')}: {where}"
        raise ParameterError(
            f"{name} in {file}: {finding['msg']}.", **{str(finding["loc"][-1]): finding["input"]}
        ) from error
    except (ImportError, AttributeError, ValueError) as error:
        raise ParameterError(
            "An entrypoint is a module and a function of the installed package.",
            f"Correct it in {file}.",
            deployment=entry.get("name"),
            entrypoint=entry.get("entrypoint"),
        ) from error
    return spec


def _check_parameters(spec: DeploymentSpec, parameters: Mapping[str, Any], where: str) -> None:
    schema = spec.parameter_schema()
    _refuse_unknown(spec, parameters, schema["properties"], where)
    try:
        validate(dict(parameters), schema, raise_on_error=True, ignore_required=True)
    except SchemaError as error:
        raise ParameterError(f"{spec.full_name}: {where}: {error}", **{where: dict(parameters)}) from error


def _refuse_unknown(spec: DeploymentSpec, given: Mapping[str, Any], known: Mapping[str, Any], where: str) -> None:
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise ParameterError(f"{spec.full_name}: {where} are some of {', '.join(known)}.", **{where: unknown})
