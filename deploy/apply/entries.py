"""Entries of the operator's own file: what those of every kind have in common."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from aepipe.deploy.apply.refusals import refusal
from aepipe.deploy.apply.specification import ScheduleSpec
from aepipe.errors import ParameterError
from aepipe.flows.limits import IMAGES
from aepipe.suggestions import did_you_mean

EVERYWHERE = "Etc/UTC"


class EntrySpec(BaseModel):
    """What an entry says beside the parameters of its flow."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern="^[^/%&<>]+$", description="What the deployment is called within its flow.")
    cron: str = Field(description="Minute, hour, day, month, weekday.")
    timezone: str = Field(EVERYWHERE, description="An IANA name, such as Europe/Paris.")
    active: bool = Field(True, description="Whether a new schedule starts active; operators may pause it.")
    job_variables: dict[str, JsonValue] = Field({}, description="What differs from the pool's template.")

    def schedule(self, slug: str) -> ScheduleSpec:
        """Return the schedule of its deployment.

        Raises:
            ValidationError: it can't be one.
        """
        return ScheduleSpec(slug=slug, cron=self.cron, timezone=self.timezone, active=self.active)


Spec = TypeVar("Spec", bound=EntrySpec)


def read_entry(
    file: Path, where: str, entry: Mapping[str, Any], kind: type[Spec], parameters: list[str], slug: str
) -> tuple[Spec, ScheduleSpec]:
    """Return what an entry says beside its flow's parameters, and its schedule.

    Raises:
        ParameterError: it has another name, or a value that it can't have.
    """
    known = [*kind.model_fields, *parameters]
    unknown = next((str(name) for name in entry if name not in known), None)
    if unknown is not None:
        way_out = " ".join(filter(None, [did_you_mean(unknown, known), f"Correct it in {file}."]))
        raise ParameterError(f"{where}: an entry has some of {', '.join(known)}.", way_out, unknown=unknown)
    try:
        found = kind.model_validate({name: value for name, value in entry.items() if name in kind.model_fields})
        return found, found.schedule(slug)
    except ValidationError as error:
        raise refusal(file, where, error) from error


def from_any_folder(file: Path, data_set: str) -> str:
    """Return a data set's name for workers in any folder: a relative path is meant from the file's."""
    location = data_set.removeprefix(IMAGES)
    if location == data_set:
        return data_set
    return f"{IMAGES}{path_from_any_folder(file, location)}"


def path_from_any_folder(file: Path, location: str) -> str:
    """Return where pictures are for workers in any folder: a relative path is meant from the file's."""
    if "://" in location or location.startswith("~"):
        return location
    return str((file.parent / location).resolve())
