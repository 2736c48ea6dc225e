"""Whom the server tells of trouble: a block that is there, one that is still to be made, or a webhook by its URL."""

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import typer
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient

from aepipe.deploy.apply.automations import NoBlockError, apply_automations, find_block
from aepipe.deploy.apply.change import Change
from aepipe.errors import ParameterError

LOOK_EVERY_SECONDS = 30.0
# The block that is made of a URL.
OWN_BLOCK = "webhook/aepipe"


def notify_block(client: SyncPrefectClient, notify: str | None, check: bool = False) -> str | None:
    """Return the block that is told of trouble, as type/name; of a URL a Webhook block is made, which keeps it secret.

    Args:
        client: Of the server.
        notify: type/name, or a URL; None for nobody.
        check: Make nothing.

    Raises:
        NoBlockError: there is no such block.
        ParameterError: the URL is none.
    """
    if notify is None:
        return None
    if "://" not in notify:
        find_block(client, notify)
        return notify
    if not check:
        _save_webhook(notify)
    return OWN_BLOCK


def block_if_there(client: SyncPrefectClient, notify: str | None, check: bool) -> str | None:
    """Return the same; where the block is not there, say how it is made, and let all else be applied."""
    try:
        return notify_block(client, notify, check)
    except NoBlockError as error:
        typer.echo(f"Nobody is notified yet. {error} Then apply again.", err=True)
        return None


def _save_webhook(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # What chat services call a URL has a secret in it.
        way_out = "Name a block as type/name, or a URL that begins with https://."
        raise ParameterError("A webhook's URL is http or https.", way_out, scheme=parts.scheme)
    Webhook(url=url).save(OWN_BLOCK.partition("/")[2], overwrite=True, _sync=True)


class Notifications:
    """Whom a machine's server tells: where the block is not there yet, the server starts, and it is looked for again.

    Args:
        notify: type/name, or a URL; None for nobody.
    """

    def __init__(self, notify: str | None):
        self._notify, self._is_missing, self._looked_at = notify, False, 0.0

    def block(self, client: SyncPrefectClient) -> str | None:
        """Return the block where it is there; where it is not, say once how it is made."""
        self._looked_at = time.monotonic()
        try:
            block = notify_block(client, self._notify)
        except ParameterError as error:
            if not self._is_missing:
                typer.echo(f"Nobody is notified yet. {error} It is looked for until then.", err=True)
            self._is_missing = True
            return None
        self._is_missing = False
        return block

    def is_time_to_look(self) -> bool:
        """Whether a block is missing and was not looked for lately."""
        return self._is_missing and time.monotonic() - self._looked_at > LOOK_EVERY_SECONDS

    def apply(self, client: SyncPrefectClient) -> Iterator[Change]:
        """Create the automations that notify as soon as the block is there."""
        block = self.block(client)
        if block is not None:
            yield from apply_automations(client, "process", block, check=False)
