"""Refusals of what a file of deployments has: one line with the place, the rule and what was received."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from aepipe.errors import ParameterError
from aepipe.findings import UNKNOWN_NAME


def read_yaml(file: Path, subject: str, option: str) -> Any:
    """Return what a file has.

    Args:
        file: The file.
        subject: What it says, in words.
        option: The option that names another.

    Raises:
        ParameterError: it can't be read, or is no YAML.
    """
    try:
        return yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(
            f"{subject} must be readable: {error}.", f"Name another: {option}.", file=str(file)
        ) from error
    except yaml.YAMLError as error:
        problem = " ".join(str(error).split())
        raise ParameterError(f"{subject} must be YAML: {problem}.", "Correct it.", file=str(file)) from error


def refusal(file: Path, where: str, error: ValidationError, names: Mapping[int, str] = {}) -> ParameterError:
    """Return the error about the first thing in a file that is not as it must be.

    Args:
        file: The file.
        where: What stands there; pydantic's place within it is added.
        error: What pydantic found.
        names: What the file's deployments call themselves, by number.
    """
    finding = error.errors(include_url=False)[0]
    location = [*finding["loc"]]
    match location:
        case ["deployments", int(number), *_]:
            location[1] = names.get(number, number)
    path = ".".join(part for part in (where, *map(str, location)) if part) or "content"
    if finding["type"] == UNKNOWN_NAME:
        # It says by itself what was received, and what may have been meant.
        return ParameterError(f"{path}: {finding['msg']} Correct it in {file}.")
    given, message = finding["input"], finding["msg"].replace("Value error, ", "").partition(" or instance of")[0]
    if finding["type"] == "missing" and isinstance(given, dict):
        given = list(given)
    name = next(part for part in reversed(path.split(".")) if not part.isdecimal())
    return ParameterError(f"{path}: {message}.", f"Correct it in {file}.", **{name: given})


def refuse_unknown(file: Path, where: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Check that a place in a file has no other names than it may have.

    Raises:
        ParameterError: it has.
    """
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ParameterError(f"{where} are some of {', '.join(known)}.", f"Correct it in {file}.", unknown=unknown)


def refuse_repeated(file: Path, where: str, names: Sequence[str]) -> None:
    """Check that things of a file have a name of their own each.

    Raises:
        ParameterError: two have the same.
    """
    if len(set(names)) < len(names):
        raise ParameterError(f"{where} have a name of their own each.", f"Correct it in {file}.", names=list(names))
