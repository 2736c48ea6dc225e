"""The gate's decisions as they are stored beside a release, in decision.json."""

from collections.abc import Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aepipe.checks.verdict import DataVerdict
from aepipe.gate.verdicts import Verdict
from aepipe.releases.manifest import as_json
from aepipe.store.parsing import parse_stored

SCHEMA_VERSION = 2


class Decision(BaseModel):
    """What was decided about each data set and each recipe of a run. Version 1 is the bare list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[2] = 2
    verdicts: tuple[Verdict, ...] = Field(description="One for each recipe, in the run's order.")
    data: tuple[DataVerdict, ...] = Field((), description="Checks of the user's own images, before anything trained.")

    @model_validator(mode="before")
    @classmethod
    def _from_list(cls, stored: Any) -> Any:
        return {"verdicts": stored} if isinstance(stored, list) else stored


def decision_bytes(verdicts: Sequence[Verdict], data: Sequence[DataVerdict] = ()) -> bytes:
    """Return the decisions as they are stored, for people to read."""
    return as_json(Decision(verdicts=tuple(verdicts), data=tuple(data)).model_dump(mode="json"))


def parse_decision(data: bytes, key: str) -> tuple[Verdict, ...]:
    """Return the decisions from what is stored of them.

    Raises:
        CorruptObjectError: it is not what was written.
        NewerObjectError: a newer aepipe wrote it.
    """
    return parse_stored(data, Decision, key, schema_version=SCHEMA_VERSION).verdicts
