"""What is found of what a page in a browser could do; a server of `aepipe up` is asked in tests/e2e/test_up.py."""

import pytest

from aepipe.deploy.doctor.web_pages import PAGE, check_pages, judge_pages

REFUSED = {"of another origin": 403, "to another name of the server": 421, "as text": 415}


def test_a_server_without_credentials_lets_pages_start_runs(prefect_server):
    from prefect.settings import PREFECT_API_URL

    (finding,) = check_pages(PREFECT_API_URL.value())
    assert (finding.state, finding.subject) == ("broken", "web pages")
    assert "of another origin 200" in finding.finding
    assert "to another name of the server 200" in finding.finding
    assert "PREFECT_SERVER_API_AUTH_STRING" in finding.way_out


def test_what_is_refused_is_ok():
    assert judge_pages(REFUSED, "").state == "ok"


@pytest.mark.parametrize("name", REFUSED)
def test_one_that_is_answered_is_enough(name):
    assert judge_pages({**REFUSED, name: 200}, "").state == "broken"


@pytest.mark.parametrize(("readers", "state"), [("", "ok"), ("*", "warning"), (PAGE, "warning")])
def test_who_may_read_the_answers_is_told(readers, state):
    assert judge_pages(dict.fromkeys(REFUSED, 401), readers).state == state


def test_nobody_there_is_one_line():
    (finding,) = check_pages("http://127.0.0.1:1/api")
    assert (finding.state, finding.way_out != "") == ("warning", True)
