"""Whatever is wrong about a stored object is one kind of error, which names it."""

import json

import pytest
from pydantic import BaseModel, ConfigDict

from aepipe.errors import CorruptObjectError, NewerObjectError
from aepipe.store.parsing import parse_stored


class Thing(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    parts: tuple["Thing", ...] = ()
    size: float = 0


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'{"name": 1}',
        b'{"name": "x", "size": NaN}',
        b'{"name": "x", "size": 1e999}',
        b'{"name": "\\ud800"}',
        b'{"name": "x", "size": ' + b"1" * 5000 + b"}",
        b'{"name": "x", "other": ' + b"[" * 100_000,
        b'{"name": "x", "other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"name": "x", "schema_version": "2", "size": {}}',
    ],
    ids=range(13),
)
def test_damage_of_any_kind_is_one_error_that_names_the_object_in_one_line(data):
    with pytest.raises(CorruptObjectError, match=r"key='things/a.json'.*Restore it from a backup") as refused:
        parse_stored(data, Thing, "things/a.json")
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 700


def test_a_newer_version_is_named_as_such():
    with pytest.raises(NewerObjectError, match=r"key='things/a.json', schema_version=2\. A newer aepipe wrote it"):
        parse_stored(b'{"name": ["another form"], "schema_version": 2}', Thing, "things/a.json")


def test_fields_that_a_newer_version_added_are_passed_over_at_every_depth():
    data = {"name": "x", "new": 1, "parts": [{"name": "y", "new": 2}]}
    assert parse_stored(json.dumps(data).encode(), Thing, "a") == Thing(name="x", parts=(Thing(name="y"),))
