"""The deployments of deploy/prefect.yaml, checked: Prefect itself takes unknown names without a word."""

import importlib
import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, Literal, get_type_hints

from prefect import Flow
from prefect.client.schemas.schedules import CronSchedule
from prefect.utilities.schema_tools import validate
from prefect.utilities.schema_tools.validation import ValidationError as SchemaError
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, field_validator

from aepipe.deploy.apply.form import form_of
from aepipe.deploy.apply.job_templates import PoolType, pool_template
from aepipe.deploy.apply.refusals import read_yaml, refusal, refuse_repeated, refuse_unknown
from aepipe.errors import ParameterError

FILE = Path(__file__).parents[1] / "prefect.yaml"


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
        return _accepted(name, CronSchedule, cron="0 0 * * *", timezone=name)

    @field_validator("cron")
    @classmethod
    def _is_a_cron(cls, cron: str) -> str:
        return _accepted(cron, CronSchedule, cron=cron, timezone="UTC")


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

    name: str = Field(pattern="^[^/%&<>]+$", description="Its name within its flow.")
    entrypoint: str = Field(description="Module and function, such as aepipe.flows.pipeline.pipeline.")
    description: str = Field("", description="What the UI says about it.")
    tags: list[str] = Field([], description="Tags of its runs.")
    parameters: dict[str, JsonValue] = Field({}, description="Defaults of the form.")
    schedules: list[ScheduleSpec] = Field([], description="When it runs by itself.")
    concurrency_limit: LimitSpec | None = Field(None, description="Runs at once.")
    work_pool: PoolReference = Field(description="Where it runs.")

    @field_validator("entrypoint")
    @classmethod
    def _leads_to_a_flow(cls, entrypoint: str) -> str:
        try:
            found = _import(entrypoint)
        except (ImportError, AttributeError, ValueError) as error:
            raise ValueError(f"no module and function that can be imported: {error}") from error
        if not isinstance(found, Flow):
            raise ValueError("this is no flow")
        return entrypoint

    @property
    def flow(self) -> Flow[..., Any]:
        """The flow that the entrypoint leads to."""
        found: Flow[..., Any] = _import(self.entrypoint)
        return found

    @property
    def full_name(self) -> str:
        """Flow and deployment, as Prefect writes it."""
        return f"{self.flow.name}/{self.name}"

    def parameter_schema(self) -> dict[str, Any]:
        """Return what the server checks parameters against, and the UI makes the form of."""
        return deepcopy(form_of(self.flow))


class _Content(_Part):
    name: str = ""
    definitions: JsonValue = None
    deployments: list[DeploymentSpec]


def load_deployments(file: Path, store: str, pool_type: PoolType) -> list[DeploymentSpec]:
    """Return the file's deployments, each checked against its flow and its pool's template.

    Args:
        file: In the format of prefect.yaml.
        store: What stands in for $AEPIPE_STORE.
        pool_type: Which template the job variables are for.

    Raises:
        ParameterError: a field, a parameter, a job variable or a schedule is not what it must be.
    """
    specs = _parse(file, _with_store(read_yaml(file, "The deployments", "--file"), store))
    check_specs(file, specs, pool_type)
    return specs


def check_specs(file: Path, specs: Sequence[DeploymentSpec], pool_type: PoolType) -> None:
    """Check deployments of a file against their flows and their pool's template.

    Raises:
        ParameterError: a parameter or a job variable is not what it must be, or two have one name.
    """
    template = pool_template(pool_type)
    for spec in specs:
        _check_parameters(file, spec, spec.parameters, "parameters")
        for schedule in spec.schedules:
            _check_parameters(file, spec, schedule.parameters, f"schedules.{schedule.slug}.parameters")
        refuse_repeated(file, f"{spec.full_name}: schedules", [schedule.slug for schedule in spec.schedules])
        _check_job_variables(file, spec, template["variables"])
    refuse_repeated(file, "deployments", [spec.full_name for spec in specs])


def _import(entrypoint: str) -> Any:
    module, _, name = entrypoint.rpartition(".")
    return getattr(importlib.import_module(module), name)


def _accepted(value: str, model: type[BaseModel], **fields: Any) -> str:
    try:
        model(**fields)
    except ValidationError as error:
        # Without this the location of what is wrong would name the other model's field as well.
        raise ValueError(error.errors()[0]["msg"]) from error
    return value


def _with_store(content: Any, store: str) -> Any:
    if isinstance(content, dict):
        return {name: _with_store(value, store) for name, value in content.items()}
    if isinstance(content, list):
        return [_with_store(value, store) for value in content]
    return store if content == "{{ $AEPIPE_STORE }}" else content


def _parse(file: Path, content: Any) -> list[DeploymentSpec]:
    try:
        return _Content.model_validate(content).deployments
    except ValidationError as error:
        raise refusal(file, "", error, _names(content)) from error


def _names(content: Any) -> Mapping[int, str]:
    """Return what the deployments call themselves: more use to a reader than their numbers."""
    entries = content.get("deployments") if isinstance(content, dict) else None
    entries = entries if isinstance(entries, list) else []
    return {n: str(entry["name"]) for n, entry in enumerate(entries) if isinstance(entry, dict) and "name" in entry}


def _check_parameters(file: Path, spec: DeploymentSpec, parameters: Mapping[str, Any], where: str) -> None:
    hints = get_type_hints(spec.flow.fn, include_extras=True)
    known = [name for name in hints if name != "return"]
    refuse_unknown(file, f"{spec.full_name}: {where}", parameters, known)
    for name, value in parameters.items():
        try:
            TypeAdapter(hints[name]).validate_json(json.dumps(value, default=str), strict=True)
        except ValidationError as error:
            raise refusal(file, f"{spec.full_name}: {where}.{name}", error) from error
        if "{{" in str(value):
            raise ParameterError(
                f"{spec.full_name}: {where}: nothing but {{{{ $AEPIPE_STORE }}}} is replaced, and it alone.",
                f"Correct it in {file}.",
                **{name: value},
            )


def _check_job_variables(file: Path, spec: DeploymentSpec, variables: dict[str, Any]) -> None:
    given, where = spec.work_pool.job_variables, f"{spec.full_name}: job_variables"
    refuse_unknown(file, where, given, variables["properties"])
    try:
        validate(given, variables, raise_on_error=True, ignore_required=True)
    except SchemaError as error:
        raise ParameterError(f"{where}: {error}.", f"Correct it in {file}.", job_variables=given) from error
