"""Record of a run that nothing was done for, on a server that others look at: no engine is started for it."""

from collections.abc import Mapping

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import FlowRunCreate
from prefect.states import Completed, Running, to_state_create
from pydantic import JsonValue


def record_completed(flow: str, name: str, parameters: Mapping[str, JsonValue], message: str) -> None:
    """Let the server know of a flow run that has completed.

    Args:
        flow: The flow's name.
        name: The run's.
        parameters: All of the flow's, as the run has them.
        message: What it came to.

    Raises:
        PrefectException: the server does not take it.
    """
    with get_client(sync_client=True) as client:
        run = FlowRunCreate(
            flow_id=client.create_flow_from_name(flow),
            name=name,
            parameters=dict(parameters),
            # A run that was never running would have no time at which it started.
            state=to_state_create(Running()),
        )
        # What the client has for this wants the flow itself, which takes longer to import than all of this.
        answer = client.request("POST", "/flow_runs/", json=run.model_dump(mode="json", exclude_unset=True))
        client.set_flow_run_state(answer.json()["id"], Completed(message=message))
