"""Data that is checked before anything trains on it: what a broken check says, and the page of what changed."""

from collections.abc import Sequence

from aepipe.checks.facts import Checked, CheckFacts
from aepipe.errors import ParameterError
from aepipe.notation import counted
from aepipe.releases.facts import Accepted
from aepipe.stages.results import stage_prefix
from aepipe.store.interface import Store


def accept(why: str | None, by: str) -> Accepted | None:
    """Return who takes data that breaks a check; None where nobody does.

    Raises:
        ParameterError: there is no reason.
    """
    if why is None:
        return None
    if not why.strip():
        raise ParameterError(
            "Data that breaks a check is taken with a reason, for the record.",
            'Give one: --accept-data "why".',
            accept_data=why,
        )
    return Accepted(why=why.strip(), by=by)


def put_page(store: Store, checked: Checked) -> str:
    """Write the page of what changed beside the stage's files, and return its address."""
    # Here, because pages bring Jinja2.
    from aepipe.pages.data import render_check

    key = f"{stage_prefix(checked.result.stage, checked.result.fingerprint)}/report.html"
    store.put(key, render_check(checked).encode())
    return f"{store.url}/{key}"


def say_broken(facts: CheckFacts, page: str) -> str:
    """Return why nothing trains on a data set: a line for each broken check, the way out, and where the page is."""
    broken = [line for line in facts.lines if not line.holds]
    checks = counted(len(broken), "check is", "checks are")
    lines = [f"{facts.name}: {checks} broken, so nothing was trained.", *(line.line for line in broken)]
    others = "" if facts.error else ', raise a limit, or take them as they are: --accept-data "why"'
    return "\n".join([*lines, f"Mend the images{others}. What changed: {page}"])


def say_all(problems: Sequence[str]) -> str:
    """Return the message of a run whose data are not taken; an empty one where they are."""
    return f"data: {' '.join(problems)}" if problems else ""
