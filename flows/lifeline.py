"""A training ends when nobody waits for it any more. It saves its checkpoint first, so nothing is lost."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from uuid import UUID

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError, TerminationSignal
from prefect.logging import get_run_logger
from prefect.runtime import deployment, flow_run
from prefect.states import Cancelled

from aepipe.flows.children import confirm_cancelled
from aepipe.flows.interruption import end_child_at_once

LOOK_EVERY_SECONDS = 15


def end_with_process(process: BaseProcess) -> None:
    """Tell this process to stop as soon as another one has ended, however it ended."""

    def watch() -> None:
        wait([process.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="aepipe-lifeline", daemon=True).start()


@contextmanager
def ending_in_good_order() -> Iterator[None]:
    """Within the block, stop this run with the run that started it, and say at once when it was cancelled."""
    try:
        with ending_with_parent():
            yield
    except TerminationSignal:
        end_child_at_once()
        try:
            with get_client(sync_client=True) as client:
                confirm_cancelled(client)
        except httpx.HTTPError:
            # The server is away: the worker tells it of the run that ended once it is back.
            pass
        raise


@contextmanager
def ending_with_parent() -> Iterator[None]:
    """Within the block, stop this run when the run that started it on a work pool has ended.

    A parent that is cancelled cancels its children itself; this is for one that was killed. A server that does not
    answer says nothing about the parent.
    """
    parent_id = flow_run.parent_flow_run_id if deployment.id else None
    if parent_id is None:
        yield
        return
    left, logger = threading.Event(), get_run_logger()
    own_id = flow_run.id
    with get_client(sync_client=True) as client:
        # The first answer also builds what it is parsed by: not in a thread, where that could meet a compilation.
        _state_name_if_ended(client, UUID(parent_id))

        def watch() -> None:
            while not left.wait(LOOK_EVERY_SECONDS):
                try:
                    ended = _state_name_if_ended(client, UUID(parent_id))
                    if ended is None:
                        continue
                    logger.warning("The run that waits for this one is %s; this one saves its state and stops.", ended)
                    client.set_flow_run_state(own_id, Cancelled(message=f"Its parent is {ended}."), force=True)
                except (httpx.HTTPError, PrefectHTTPStatusError):
                    continue
                os.kill(os.getpid(), signal.SIGTERM)
                return

        thread = threading.Thread(target=watch, name="aepipe-lifeline", daemon=True)
        thread.start()
        try:
            yield
        finally:
            left.set()
            thread.join()


def _state_name_if_ended(client: SyncPrefectClient, run_id: UUID) -> str | None:
    try:
        state = client.read_flow_run(run_id).state
    except ObjectNotFound:
        return "gone"
    return state.name if state is not None and state.is_final() else None
