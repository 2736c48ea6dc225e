"""Results of a flow run: their ids tell of which, so that the run finds them when it is retried."""

import hashlib
from datetime import UTC, datetime
from uuid import uuid4

from aepipe.results.latest import complete_latest, read_latest
from aepipe.results.manifest import Kind, ResultsManifest
from aepipe.results.reading import list_runs, read_results
from aepipe.store.interface import Store


def make_run_id(started: str, flow_run: str | None) -> str:
    """Return an id for results: the time at which they were begun, something of their own, and of their flow run.

    Args:
        started: The time, ISO 8601 to the microsecond: the order of ids is that of times.
        flow_run: Id of the flow run that they are of, if any.
    """
    begun = f"{datetime.fromisoformat(started).astimezone(UTC):%Y%m%dT%H%M%SZ-%f}-{uuid4().hex[:8]}"
    return begun if flow_run is None else begun + _end_of(flow_run)


def find_own(store: Store, model: str, kind: Kind, flow_run: str) -> ResultsManifest | None:
    """Return the results of this kind that a flow run has completed; None where it has none.

    Raises:
        CorruptObjectError: a manifest is damaged.
    """
    # They are complete, also where their writer was killed before their manifest.
    complete_latest(store, read_latest(store, model, kind))
    for run in list_runs(store, model):
        if run.endswith(_end_of(flow_run)):
            found = read_results(store, model, run)
            if (found.kind, found.flow_run) == (kind, flow_run):
                return found
    return None


def _end_of(flow_run: str) -> str:
    return f"-{hashlib.sha256(flow_run.encode()).hexdigest()[:8]}"
