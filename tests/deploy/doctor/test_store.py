"""What is found of stores and their servers' clocks."""

import http.server

import pytest
from servers.proxy import serving
from servers.server import free_ports

from aepipe.deploy.doctor.store import check_store, judge_clock


def states(url: str) -> dict[str, str]:
    return {finding.subject: finding.state for finding in check_store(url)}


def broken(url: str):
    (finding,) = [finding for finding in check_store(url) if finding.state == "broken"]
    return finding


def test_stores_that_do_what_they_must_are_ok(store_url):
    found = states(store_url)
    assert found == ({"clock": "ok", "store": "ok"} if store_url.startswith("s3:") else {"store": "ok"})


def test_wrong_keys_are_told_without_their_secret(s3_store_url, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "geheim")
    finding = broken(s3_store_url)
    assert "refuses these credentials" in finding.finding
    assert "AWS_SECRET_ACCESS_KEY" in finding.way_out
    assert "geheim" not in repr(finding)


def test_a_bucket_that_is_not_there(s3_store_url):
    finding = broken("s3://no-such-bucket-of-ours/x")
    assert "bucket must exist" in finding.finding
    assert "Create it" in finding.way_out


def test_a_server_that_ignores_conditions(start_server, lead_to):
    server = start_server("rclone", "http")
    lead_to(server)
    finding = broken(f"s3://{server.bucket}/doctor")
    assert "ignores create-once and compare-and-swap" in finding.finding


def test_no_server(s3_store_url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_ports(1)[0]}")
    finding = broken(s3_store_url)
    assert finding.finding.startswith("The server did not answer.")
    assert "AWS_ENDPOINT_URL_S3" in finding.way_out


def test_an_endpoint_that_is_no_url(s3_store_url, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "garbage")
    assert "endpoint" in broken(s3_store_url).finding


def test_a_url_that_is_none():
    assert broken("ftp://user:geheim@host/x").finding.count("geheim") == 0


class Refusing(http.server.BaseHTTPRequestHandler):
    """Answers everything with one status and one text."""

    status, text = 503, b"<Error><Code>SlowDown</Code><Message>Too many asks.</Message></Error>"

    def refuse(self):
        body = b"" if self.command == "HEAD" else self.text
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET = do_PUT = do_POST = do_DELETE = refuse

    def log_message(self, *_):
        pass


class OfLongAgo(Refusing):
    """Refuses with a date that no signature fits."""

    status, text = 403, b"<Error><Code>RequestTimeTooSkewed</Code></Error>"

    def date_time_string(self, timestamp=None):
        return "Thu, 01 Jan 2026 00:00:00 GMT"


def test_a_clock_that_is_wrong_is_found_though_the_server_refuses(s3_store_url, monkeypatch):
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), OfLongAgo)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        clock, store = check_store(s3_store_url)
    assert (clock.state, clock.subject) == ("broken", "clock")
    assert "ahead of" in clock.finding
    assert "clock must be right" in store.finding


def test_a_server_in_trouble_is_told_in_its_own_words_and_not_waited_for(s3_store_url, monkeypatch):
    with serving(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{server.server_port}")
        *_, store = check_store(s3_store_url)
    assert (store.state, store.subject) == ("broken", "store")
    assert "the server answers 503 SlowDown: Too many asks." in store.finding


@pytest.mark.parametrize(
    ("seconds_ahead", "state", "text"),
    [
        (0.9, "ok", "as the store's server has it"),
        (-59, "ok", "59 s behind"),
        (61, "warning", "61 s ahead of"),
        (-299, "warning", "299 s behind"),
        (301, "broken", "301 s ahead of"),
        (-301, "broken", "301 s behind"),
    ],
)
def test_how_wrong_a_clock_may_be(seconds_ahead, state, text):
    finding = judge_clock(seconds_ahead)
    assert finding.state == state
    assert text in finding.finding
    assert bool(finding.way_out) == (state != "ok")
