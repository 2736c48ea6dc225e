"""Stored JSON, read by one function: whatever is wrong about it is one kind of error, which names the object."""

import json
import math
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from aepipe.errors import CorruptObjectError, NewerObjectError

SCHEMA_VERSION = 1
RESTORE = "Restore it from a backup, or remove it."
MAX_LISTED = 3

Stored = TypeVar("Stored")


def parse_stored(
    data: bytes, kind: type[Stored], key: str, way_out: str = RESTORE, schema_version: int = SCHEMA_VERSION
) -> Stored:
    """Return what an object of the store says, as this type.

    Fields that a newer version added are passed over.

    Args:
        data: The object's bytes.
        kind: A pydantic model, or another type that pydantic knows.
        key: The object's key, for the error.
        way_out: What to do where it can't be read.
        schema_version: The latest that the type can read; an object without one has version 1.

    Raises:
        NewerObjectError: a newer aepipe wrote it, in a form that this one does not know.
        CorruptObjectError: it is no JSON, or not what it should be.
    """
    try:
        found = json.loads(data, parse_constant=_finite, parse_float=_finite)
        version = found.get("schema_version", SCHEMA_VERSION) if isinstance(found, dict) else SCHEMA_VERSION
        if type(version) is int and version > schema_version:
            raise NewerObjectError(
                f"This aepipe reads schema versions up to {schema_version} of it.",
                "A newer aepipe wrote it: update this one.",
                key=key,
                schema_version=version,
            )
        return TypeAdapter(kind).validate_json(data, extra="ignore")
    # Nested deeper than Python can follow is as good as cut short.
    except (ValueError, RecursionError) as error:
        raise corrupt_object(key, error, way_out) from None


def corrupt_object(key: str, error: Exception, way_out: str = RESTORE) -> CorruptObjectError:
    """Return the error that an object is not what it should be.

    Args:
        key: The object's key.
        error: What was found: of JSON or of pydantic.
        way_out: What to do about it.
    """
    rule = "An object in the store must be what was written."
    return CorruptObjectError(rule, way_out, key=key, problem=_problem(error))


def _finite(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"{text[:20]} is no finite number")
    return float(text)


def _problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    errors: list[Any] = error.errors(include_url=False, include_input=False, include_context=False)
    more = f" and {len(errors) - MAX_LISTED} more" if len(errors) > MAX_LISTED else ""
    listed = [": ".join(filter(None, (".".join(map(str, e["loc"])), e["msg"]))) for e in errors[:MAX_LISTED]]
    return "; ".join(listed)[:300] + more
