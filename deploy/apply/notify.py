"""The block that tells people of trouble: one that is there, one that is still to be made, or a webhook by its URL."""

import time
from collections.abc import Iterator
from functools import partial
from urllib.parse import urlsplit

import typer
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient
from pydantic import SecretStr

from aepipe.deploy.apply.automations import NoBlockError, find_block, plan_automations
from aepipe.deploy.apply.change import Change, Kind, mend_all
from aepipe.errors import ParameterError

LOOK_EVERY_SECONDS = 30.0
# The block that is made of a URL.
OWN_BLOCK = "webhook/aepipe"


def block_of(notify: str) -> str:
    """Return the block that is told of trouble, as type/name; of a URL a Webhook block is made.

    Args:
        notify: type/name, or a URL.

    Raises:
        ParameterError: the URL is none.
    """
    if "://" not in notify:
        return notify
    parts = urlsplit(notify)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # What chat services call a URL has a secret in it.
        way_out = "Name a block as type/name, or a URL that begins with https://."
        raise ParameterError("A webhook's URL is http or https.", way_out, scheme=parts.scheme)
    return OWN_BLOCK


def plan_block(client: SyncPrefectClient, notify: str) -> Iterator[Change]:
    """Yield a change where a URL's block, which keeps it secret, is not there or has another URL.

    Args:
        client: Of the server.
        notify: type/name, or a URL.
    """
    block = block_of(notify)
    if block == notify:
        return
    mend = partial(_save_webhook, notify)
    try:
        found = find_block(client, block, with_secrets=True)
    except NoBlockError:
        yield Change(f"block {block}", Kind.MISSING, mend)
    else:
        if found.data.get("url") != notify:
            yield Change(f"block {block}", Kind.DIFFERENT, mend)


def require_block(client: SyncPrefectClient, notify: str) -> None:
    """Check that whom to notify can be told: a block that is named must be there, one of a URL can be made.

    Raises:
        NoBlockError: there is no such block.
        ParameterError: the URL is none.
    """
    block = block_of(notify)
    if block == notify:
        find_block(client, block)


def _save_webhook(url: str) -> None:
    webhook = Webhook(url=SecretStr(url))
    webhook.save(OWN_BLOCK.partition("/")[2], overwrite=True)


class Notifications:
    """Whom a machine's server tells: where the block is not there yet, the server starts, and it is looked for again.

    Args:
        notify: type/name, or a URL; None for nobody.
    """

    def __init__(self, notify: str | None):
        self._notify, self._is_missing, self._looked_at = notify, False, 0.0

    def whom(self, client: SyncPrefectClient) -> str | None:
        """Return who can be told; where the block is not there, say once how it is made."""
        self._looked_at = time.monotonic()
        try:
            if self._notify is not None:
                require_block(client, self._notify)
        except ParameterError as error:
            if not self._is_missing:
                typer.echo(f"Nobody is notified yet. {error} It is looked for until then.", err=True)
            self._is_missing = True
            return None
        self._is_missing = False
        return self._notify

    def is_time_to_look(self) -> bool:
        """Whether a block is missing and was not looked for lately."""
        return self._is_missing and time.monotonic() - self._looked_at > LOOK_EVERY_SECONDS

    def apply(self, client: SyncPrefectClient) -> Iterator[Change]:
        """Create the automations that notify as soon as the block is there."""
        notify = self.whom(client)
        if notify is not None:
            yield from mend_all(plan_block(client, notify))
            yield from mend_all(plan_automations(client, "process", block_of(notify)))
