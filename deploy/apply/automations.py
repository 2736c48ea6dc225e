"""Automations: what the server does by itself, from automations.yaml."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import BlockDocument
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.change import Change
from aepipe.deploy.apply.work_pools import PoolType
from aepipe.errors import ParameterError

FILE = Path(__file__).parents[1] / "automations.yaml"
OURS = "aepipe: "
FIELDS = ("name", "description", "enabled", "tags", "trigger", "actions")


def apply_automations(
    client: SyncPrefectClient, pool_type: PoolType, notify: str | None, check: bool
) -> Iterator[Change]:
    """Create, update and remove this project's automations; yield a change for each change.

    Args:
        client: Of the server.
        pool_type: What starts the runs.
        notify: The block that tells people, as type/name; where None, automations that notify stay as they are.
        check: Change nothing.

    Raises:
        ParameterError: there is no such block.
    """
    entries = [entry for entry in read_entries() if entry.pop("pools", pool_type) == pool_type]
    names = {entry["name"] for entry in entries}
    there: dict[str, Automation] = {}
    for found in client.read_automations():
        if not found.name.startswith(OURS):
            continue
        # Where two applied the file at once, there may be two of a name.
        if found.name in there or found.name not in names:
            yield Change(f"automation {found.name}", "not in the file" if check else "removed")
            if not check:
                client.delete_automation(found.id)
        else:
            there[found.name] = found
    for entry in entries:
        if notify is None and _notifies(entry):
            continue
        want = AutomationCore.model_validate({"enabled": True, "tags": [], **_with_block(client, entry, notify)})
        found = there.get(want.name)
        if found is None:
            yield Change(f"automation {want.name}", "missing" if check else "created")
            if not check:
                client.create_automation(want)
        elif _content(found) != _content(want):
            yield Change(f"automation {want.name}", "not as in the file" if check else "updated")
            if not check:
                client.update_automation(found.id, want)


class NoBlockError(ParameterError):
    """The block that tells people is not there; it may still be made."""


def find_block(client: SyncPrefectClient, notify: str) -> BlockDocument:
    """Return the block that is called type/name.

    Raises:
        NoBlockError: there is none.
    """
    kind, _, name = notify.partition("/")
    try:
        return client.read_block_document_by_name(name, kind, include_secrets=False)
    except ObjectNotFound as error:
        way_out = "Create it in the UI under Blocks, or name another as type/name, such as slack-webhook/operations."
        raise NoBlockError("Whom to notify is a block of the server.", way_out, notify=notify) from error


def names_that_notify() -> list[str]:
    """Return the names of the automations that tell people, which are there where a block was named."""
    return [entry["name"] for entry in read_entries() if _notifies(entry)]


def read_entries() -> list[dict[str, Any]]:
    """Return what the file says of each automation, as Prefect takes it but for `pools` and the action `notify`."""
    return yaml.safe_load(FILE.read_text())["automations"]


def _notifies(entry: dict[str, Any]) -> bool:
    return any(action["type"] == "notify" for action in entry["actions"])


def _content(automation: Any) -> dict[str, Any]:
    content = automation.model_dump(mode="json", include=set(FIELDS))
    content["trigger"] = {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in content["trigger"].items()
        if name != "id"
    }
    return content


def _with_block(client: SyncPrefectClient, entry: dict[str, Any], notify: str | None) -> dict[str, Any]:
    if not _notifies(entry):
        return entry
    block = find_block(client, str(notify))
    kind = str(notify).partition("/")[0]
    return {**entry, "actions": [_action(kind, str(block.id), action) for action in entry["actions"]]}


def _action(kind: str, block_id: str, action: dict[str, Any]) -> dict[str, Any]:
    if action["type"] != "notify":
        return action
    if kind == "webhook":
        # Whatever a message says, what is sent is JSON, in the form that chat services take.
        text = f"{{% set text %}}{action['subject']}\n{action['body']}{{% endset %}}"
        payload = text + '{"text": {{ text|tojson }}}'
        return {"type": "call-webhook", "block_document_id": block_id, "payload": payload}
    return {
        "type": "send-notification",
        "block_document_id": block_id,
        "subject": action["subject"],
        "body": action["body"],
    }
