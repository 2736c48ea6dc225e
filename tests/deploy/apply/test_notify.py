"""Whom a server tells of trouble may be made after it has started, or of a URL."""

import pytest
from prefect.blocks.webhook import Webhook

from aepipe.deploy.apply.everything import apply_all, check_all
from aepipe.deploy.apply.notify import Notifications, require_block
from aepipe.errors import ParameterError

STORE = "s3://models/aepipe"


@pytest.fixture
def notifying(client):
    """The names of the automations that tell somebody."""
    return lambda: {found.name for found in client.read_automations() if "notify" in found.name}


def test_a_machine_starts_without_the_block_and_notifies_once_it_is_there(client, notifying, capsys, monkeypatch):
    name = "made-later"
    notifications = Notifications(f"webhook/{name}")
    list(apply_all(client, STORE, "process", notifications.whom(client), None))
    assert "Create it in the UI under Blocks" in capsys.readouterr().err
    assert notifying() == set()
    assert not notifications.is_time_to_look()
    monkeypatch.setattr("aepipe.deploy.apply.notify.LOOK_EVERY_SECONDS", 0.0)
    assert notifications.is_time_to_look()
    assert list(notifications.apply(client)) == []
    # It is said once.
    assert capsys.readouterr().err == ""
    Webhook(url="http://127.0.0.1:9/x").save(name, overwrite=True, _sync=True)
    assert len(list(notifications.apply(client))) == len(notifying()) == 5
    assert not notifications.is_time_to_look()


def test_a_url_becomes_a_block_that_keeps_it_secret(client, notifying):
    notify = "http://127.0.0.1:9/secret-of-the-chat"
    lines = list(apply_all(client, STORE, "process", notify, None))
    assert not [line for line in lines if "secret" in line]
    assert len(notifying()) == 5
    block = client.read_block_document_by_name("aepipe", "webhook", include_secrets=False)
    assert "secret-of-the-chat" not in str(block.data)
    assert list(check_all(client, STORE, "process", notify, None)) == []


@pytest.mark.parametrize("notify", ["ftp://host/x", "https://"])
def test_a_url_that_is_none_is_refused(client, notify):
    with pytest.raises(ParameterError, match="A webhook's URL is http or https"):
        require_block(client, notify)


def test_what_else_is_in_the_file_is_applied_without_the_block(client, notifying, capsys):
    lines = list(apply_all(client, STORE, "process", "slack-webhook/not-made", None))
    line = capsys.readouterr().err
    assert line.startswith("Nobody is notified yet.")
    assert ("notify='slack-webhook/not-made'" in line, line.count("\n")) == (True, 1)
    assert lines
    assert notifying() == set()


def test_a_url_is_planned_before_its_block_is_there_and_another_one_is_taken_over(client, notifying):
    for block in client.read_block_documents():
        client.delete_block_document(block.id)
    first, second = (f"http://127.0.0.1:9/{name}" for name in ("first", "second"))
    told = [line for line in check_all(client, STORE, "process", first, None) if "block" in line or "notify" in line]
    assert sorted({line.rpartition(": ")[2] for line in told}) == ["missing"]
    assert (len(told), told[0]) == (6, "block webhook/aepipe: missing")
    assert notifying() == set()
    list(apply_all(client, STORE, "process", first, None))
    assert list(check_all(client, STORE, "process", second, None)) == ["block webhook/aepipe: not as in the file"]
    assert list(apply_all(client, STORE, "process", second, None)) == ["block webhook/aepipe: updated"]
    block = client.read_block_document_by_name("aepipe", "webhook", include_secrets=True)
    assert block.data["url"] == second
