"""Checks side by side: their order, one that hangs, one with a mistake."""

import threading

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from aepipe.deploy.doctor import finding as finding_module
from aepipe.deploy.doctor.finding import Finding, failure, gather
from aepipe.errors import ParameterError

FIRST, SECOND = Finding("ok", "first", "fine"), Finding("warning", "second", "odd", "Look.")


def test_findings_come_in_the_checks_order_whoever_ends_first():
    second_is_done = threading.Event()

    def slow():
        second_is_done.wait(30)
        yield FIRST

    def quick():
        yield SECOND
        second_is_done.set()

    assert gather({"a": slow, "b": quick}, 30) == [FIRST, SECOND]


def test_a_check_that_hangs_is_a_finding_beside_what_it_found_and_what_others_did():
    never = threading.Event()

    def hangs():
        yield FIRST
        never.wait(30)

    findings = gather({"disk": hangs, "rest": lambda: iter([SECOND])}, 0.2)
    assert [(finding.state, finding.subject) for finding in findings] == [
        ("ok", "first"),
        ("broken", "disk"),
        ("warning", "second"),
    ]
    never.set()


def test_a_check_that_is_slow_is_said_to_be_slow_and_what_it_found_counts(monkeypatch):
    monkeypatch.setattr(finding_module, "SLOW_SECONDS", 0.0)
    found, slow = gather({"store": lambda: iter([FIRST])}, 30)
    assert found == FIRST
    assert (slow.state, slow.subject) == ("warning", "speed of: store")
    assert "this machine's load is" in slow.finding


def test_a_mistake_in_a_check_is_not_taken_for_a_finding():
    with pytest.raises(ZeroDivisionError):
        gather({"wrong": lambda: iter([FIRST, 1 / 0])}, 30)


def test_checks_have_the_settings_of_whoever_asks():
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        found = gather({"url": lambda: iter([Finding("ok", "url", PREFECT_API_URL.value())])}, 30)
    assert found[0].finding == "http://127.0.0.1:1/api"


def test_an_errors_way_out_is_apart_from_what_is_wrong():
    error = ParameterError("It must be so.", "Do this.", name=1)
    assert failure("it", error) == Finding("broken", "it", "It must be so. Received: name=1.", "Do this.")
    assert failure("it", ParameterError("It must be so.")).finding == "It must be so."
