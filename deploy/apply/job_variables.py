"""Job variables, by which a run chooses how it is started: its resources, and else what a deployment of the file names.

Whoever can start a run could otherwise let the worker execute any command, in any image, with any folder of the host.
The server checks a run's job variables against the schema of its pool, and knows no other limit.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

# Amounts: what they can do wrong is take too much.
CHOSEN_BY_RUNS = frozenset(
    {
        *("cpu_limit", "cpu_request", "gpu", "mem_limit", "memory_limit", "memory_request", "memswap_limit"),
        *("nano_cpus", "scratch_size", "shared_memory", "stream_output"),
    }
)


def closed(template: Mapping[str, Any], named: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a base job template whose other variables have only the values that it or a deployment gives them.

    Args:
        template: With every variable that deployments may name.
        named: The job variables of the deployments.
    """
    made, named = deepcopy(dict(template)), list(named)
    properties = made["variables"]["properties"]
    for name in [name for name in properties if name not in CHOSEN_BY_RUNS]:
        field = properties[name]
        given = [field["default"]] if "default" in field else []
        given += [variables[name] for variables in named if name in variables]
        if given:
            field["enum"] = [value for n, value in enumerate(given) if value not in given[:n]]
        else:
            # Nobody names it, so nobody may: it goes, with what it would fill in.
            del properties[name]
            made["job_configuration"] = _without(made["job_configuration"], f"{{{{ {name} }}}}")
    return made


def _without(content: Any, placeholder: str) -> Any:
    if isinstance(content, dict):
        return {name: _without(value, placeholder) for name, value in content.items() if value != placeholder}
    if isinstance(content, list):
        return [_without(value, placeholder) for value in content if value != placeholder]
    return content
