"""Findings of pydantic, as one line that a user can act on."""

import re
from collections.abc import Iterable, Iterator

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from aepipe.suggestions import did_you_mean

# The type of a finding that is a whole line by itself.
UNKNOWN_NAME = "unknown_name"


def describe_validation_error(error: ValidationError, inside: str = "") -> str:
    """Return pydantic's findings as one line: where, the rule, what was received, and what may have been meant.

    Args:
        error: What pydantic raised.
        inside: The group that was validated by itself.
    """
    return " ".join(said for _, said in describe_findings(error, inside))


def describe_findings(error: ValidationError, inside: str = "") -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where each of pydantic's findings is, and what it says."""
    findings = error.errors(include_url=False)
    for finding in findings:
        if not _follows_from_another(finding, findings):
            unknown = finding.get("ctx", {}).get("name")
            yield (*finding["loc"], *([unknown] if unknown else [])), _describe(finding, inside)


def _describe(finding: ErrorDetails, inside: str) -> str:
    where = ".".join(str(step) for step in ([inside] if inside else []) + list(finding["loc"]))
    expected = re.findall(r"'([^']+)'", str(finding.get("ctx", {}).get("expected", "")))
    question = did_you_mean(str(finding["input"]), expected)
    # What a validator of our own says is the rule by itself.
    rule = finding["msg"].removeprefix("Value error, ")
    if finding["type"] == UNKNOWN_NAME:
        return rule
    return f"{rule[:1].upper()}{rule[1:]}. Received: {where}={finding['input']!r}. {question}".rstrip()


def _follows_from_another(finding: ErrorDetails, findings: Iterable[ErrorDetails]) -> bool:
    """Tell whether a list is too short only because something in it was refused."""
    depth = len(finding["loc"])
    inner = (other["loc"] for other in findings if len(other["loc"]) > depth)
    return finding["type"] == "too_short" and any(loc[:depth] == finding["loc"] for loc in inner)
