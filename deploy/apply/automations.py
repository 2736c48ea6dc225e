"""The automations of a server, which it acts on by itself: what differs between them and automations.yaml."""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import BlockDocument
from prefect.events.schemas.automations import Automation, AutomationCore
from prefect.exceptions import ObjectNotFound

from aepipe.deploy.apply.change import Change, Kind
from aepipe.deploy.apply.job_templates import PoolType
from aepipe.errors import ParameterError

FILE = Path(__file__).parents[1] / "automations.yaml"
OURS = "aepipe: "
# An automation as the file has it.
Entry = dict[str, Any]
FIELDS = ("name", "description", "enabled", "tags", "trigger", "actions")


class NoBlockError(ParameterError):
    """The block that tells people is not there; it may still be made."""


def plan_automations(client: SyncPrefectClient, pool_type: PoolType, block: str | None) -> Iterator[Change]:
    """Yield a change for each of this project's automations that is not there or not as the file says.

    Args:
        client: Of the server.
        pool_type: What starts the runs.
        block: What tells people, as type/name; where None, automations that notify stay as they are.
    """
    entries = {entry["name"]: entry for entry in read_entries() if entry.pop("pools", pool_type) == pool_type}
    there: dict[str, Automation] = {}
    for found in client.read_automations():
        # Where two applied the file at once, there may be two of a name.
        if found.name.startswith(OURS) and (found.name in there or found.name not in entries):
            yield Change(f"automation {found.name}", Kind.SURPLUS, partial(client.delete_automation, found.id))
        elif found.name.startswith(OURS):
            there[found.name] = found
    for name, entry in entries.items():
        if block is not None or not _notifies(entry):
            yield from _plan(client, entry, block, there.get(name))


def _plan(client: SyncPrefectClient, entry: Entry, block: str | None, there: Automation | None) -> Iterator[Change]:
    subject = f"automation {entry['name']}"
    # The block may be made by a change before, so what names it is put together when the change is mended.
    if there is None:
        yield Change(subject, Kind.MISSING, lambda: client.create_automation(_wanted(client, entry, block)))
    elif not _is_as_wanted(client, entry, block, there):
        mend = partial(_update, client, entry, block, there)
        yield Change(subject, Kind.DIFFERENT, mend)


def _update(client: SyncPrefectClient, entry: Entry, block: str | None, there: Automation) -> None:
    client.update_automation(there.id, _wanted(client, entry, block))


def _is_as_wanted(client: SyncPrefectClient, entry: Entry, block: str | None, there: Automation) -> bool:
    try:
        return _content(there) == _content(_wanted(client, entry, block))
    except NoBlockError:
        return False


def _wanted(client: SyncPrefectClient, entry: Entry, block: str | None) -> AutomationCore:
    return AutomationCore.model_validate({"enabled": True, "tags": [], **_with_block(client, entry, block)})


def find_block(client: SyncPrefectClient, block: str, with_secrets: bool = False) -> BlockDocument:
    """Return the block that is called type/name.

    Raises:
        NoBlockError: there is none.
    """
    kind, _, name = block.partition("/")
    try:
        return client.read_block_document_by_name(name, kind, include_secrets=with_secrets)
    except ObjectNotFound as error:
        way_out = "Create it in the UI under Blocks, or name another as type/name, such as slack-webhook/operations."
        raise NoBlockError("Whom to notify is a block of the server.", way_out, notify=block) from error


def names_that_notify() -> list[str]:
    """Return the names of the automations that tell people, which are there where a block was named."""
    return [entry["name"] for entry in read_entries() if _notifies(entry)]


def read_entries() -> list[Entry]:
    """Return what the file says of each automation, as Prefect takes it but for `pools` and the action `notify`."""
    entries: list[Entry] = yaml.safe_load(FILE.read_text())["automations"]
    return entries


def _notifies(entry: Entry) -> bool:
    return any(action["type"] == "notify" for action in entry["actions"])


def _content(automation: AutomationCore) -> dict[str, Any]:
    content = automation.model_dump(mode="json", include=set(FIELDS))
    content["trigger"] = {
        name: sorted(value) if isinstance(value, list) else value
        for name, value in content["trigger"].items()
        if name != "id"
    }
    return content


def _with_block(client: SyncPrefectClient, entry: Entry, block: str | None) -> Entry:
    if block is None or not _notifies(entry):
        return entry
    block_id, kind = str(find_block(client, block).id), block.partition("/")[0]
    return {**entry, "actions": [_action(kind, block_id, action) for action in entry["actions"]]}


def _action(kind: str, block_id: str, action: Mapping[str, str]) -> Mapping[str, str]:
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
