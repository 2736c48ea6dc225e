"""Children: the runs that a run started, found, cancelled, marked as crashed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentFlowRunId
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import PrefectException, PrefectHTTPStatusError
from prefect.runtime import flow_run
from prefect.states import Cancelled, Cancelling, Crashed, Failed, State
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_exponential

from aepipe.stages.request import TrainingRequest
from aepipe.tasks.ending import TIMED_OUT
from aepipe.tasks.failures import message_of

SERVER_PATIENCE_SECONDS = 900
PAGE = 200
# How a run ends that nobody and nothing has to end: what crashed may be started again.
ENDED = (StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED)


def patiently() -> Retrying:
    """Return the tries around one call of the Prefect server: a server that restarts must not end a run."""
    return Retrying(
        retry=retry_if_exception(_is_the_servers),
        stop=stop_after_delay(SERVER_PATIENCE_SECONDS),
        wait=wait_exponential(multiplier=1, max=15),
        reraise=True,
    )


def read_children(client: SyncPrefectClient) -> list[FlowRun]:
    """Return every run that this run started."""
    return read_children_of(client, UUID(flow_run.id))


def read_children_of(client: SyncPrefectClient, parent: UUID) -> list[FlowRun]:
    """Return every run that a run started, page by page."""
    return read_runs(client, FlowRunFilter(parent_flow_run_id=FlowRunFilterParentFlowRunId(any_=[parent])))


def read_runs(client: SyncPrefectClient, wanted: FlowRunFilter) -> list[FlowRun]:
    """Return every run that a filter finds, page by page."""
    found: list[FlowRun] = []
    while True:
        page = client.read_flow_runs(flow_run_filter=wanted, limit=PAGE, offset=len(found))
        found += page
        if len(page) < PAGE:
            return found


@contextmanager
def cancelled_children(stop: Callable[[], None]) -> Iterator[None]:
    """Cancel the children of this run where the block is left by any error or signal.

    Args:
        stop: Ends what runs on this machine, once the server knows that it is to be cancelled.
    """
    try:
        yield
    except BaseException:
        ending = ExitStack()
        ending.callback(stop)
        # Whatever the server says, what runs here is stopped, and once: a second SIGTERM would come between a training
        # and its checkpoint. A client that has not connected yet gives up at once where there is no server any more.
        with ending, suppress(httpx.HTTPError, PrefectException), get_client(sync_client=True) as client:
            live = [child for child in read_children(client) if not is_over(child)]
            _set_all(client, live, Cancelling)
            ending.close()
            stopped = [client.read_flow_run(child.id) for child in live]
            # Of itself a process that was told to stop says that it crashed.
            _set_all(client, [child for child in stopped if child.state_type not in ENDED], Cancelled)
            confirm_cancelled(client)
        raise


def confirm_cancelled(client: SyncPrefectClient) -> None:
    """Say that this run is cancelled, if it was told to be: nothing of it is left.

    Its worker would say so seconds later, after it has looked for hooks in a process of their own.
    """
    own = client.read_flow_run(UUID(flow_run.id))
    if own.state_type is StateType.CANCELLING:
        client.set_flow_run_state(own.id, Cancelled(message="It was stopped; its state is saved."), force=True)


def end_child(request: TrainingRequest) -> str | None:
    """Mark the child that trained a request as crashed: its process could not say so itself.

    Returns:
        Why the latest child of the request was ended, where it took too long.
    """
    _set_children(request, Crashed(message="Its process was killed; it goes on from its last checkpoint."))
    with get_client(sync_client=True) as client:
        children = [child for child in patiently()(read_children, client) if _is_of(child, request)]
    latest = max(children, key=lambda child: child.created or datetime.min.replace(tzinfo=UTC), default=None)
    state = None if latest is None else latest.state
    return message_of(state) if state is not None and state.name == TIMED_OUT else None


def fail_child(request: TrainingRequest, message: str) -> None:
    """Mark the child that trains a request as one that took too long: its process, which hangs, does not say so."""
    _set_children(request, Failed(name=TIMED_OUT, message=message))


def _set_children(request: TrainingRequest, state: State) -> None:
    with get_client(sync_client=True) as client:
        for child in patiently()(read_children, client):
            if not is_over(child) and _is_of(child, request):
                patiently()(client.set_flow_run_state, child.id, state, force=True)


def _is_of(child: FlowRun, request: TrainingRequest) -> bool:
    return TrainingRequest.of(child.parameters) == request


def is_over(run: FlowRun) -> bool:
    """Tell whether a run has ended, however it did."""
    return run.state is not None and run.state.is_final()


def _set_all(client: SyncPrefectClient, children: Sequence[FlowRun], kind: Callable[..., State]) -> None:
    for child in children:
        client.set_flow_run_state(child.id, kind(message="The run that waits for it was stopped."), force=True)


def _is_the_servers(error: BaseException) -> bool:
    if isinstance(error, PrefectHTTPStatusError):
        return error.response.status_code >= 500
    return isinstance(error, httpx.TransportError)
