"""What a failed run says to people."""

from prefect.states import State

from aepipe import errors
from aepipe.errors import AepipeError


def failure_of(state: State) -> str:
    """Return why a run failed, in one line: an error of this project as it is, any other with its type."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, AepipeError):
        return str(error)
    if isinstance(error, Exception):
        return " ".join(f"{type(error).__name__}: {error}".split())
    return " ".join((state.message or f"it ended {state.name}").split())


def message_of(state: State) -> str:
    """Return why a run on another machine failed, in one line; its exception stayed there."""
    message = (state.message or f"it ended {state.name}").removeprefix("Flow run encountered an exception: ")
    line = " ".join(message.split())
    name, _, rest = line.partition(": ")
    kind = getattr(errors, name, None)
    is_ours = isinstance(kind, type) and issubclass(kind, AepipeError)
    return rest if is_ours else line
