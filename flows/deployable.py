"""First steps of every flow that has a deployment, before its first task."""

import functools
from collections.abc import Callable
from inspect import signature
from typing import ParamSpec, TypeVar

from aepipe.flows.limits import check_limits
from aepipe.flows.missed_runs import cancel_missed_runs
from aepipe.flows.parameters.words import docstring_of
from aepipe.tasks.ending import ending_run_in_time
from aepipe.tasks.failures import tell_failures_in_one_line
from aepipe.tasks.timeouts import TimeoutSettings, use_timeouts

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def deployable(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a flow begin only with a store and images that its worker allows, as the one run of its schedule, and end in
    time.

    Who calls the flow by hand, on a machine of their own, is limited by nothing.
    """
    own = signature(function)

    @functools.wraps(function)
    def begin(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        tell_failures_in_one_line()
        bound = own.bind(*args, **kwargs)
        bound.apply_defaults()
        check_limits(bound.arguments)
        cancel_missed_runs()
        use_timeouts(bound.arguments.get("timeouts", TimeoutSettings()))
        with ending_run_in_time("the run"):
            return function(*args, **kwargs)

    begin.__doc__ = docstring_of(function)
    return begin
