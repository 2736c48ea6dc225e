"""What the guard before Prefect's server lets through; that it stands before a real one is in tests/e2e/test_up.py."""

import asyncio

import httpx
import pytest

from aepipe.deploy.up.guarded import ANY_ADDRESS, Guard

URL = "http://127.0.0.1:4200"
JSON = {"content-type": "application/json"}


async def answers(scope, receive, send):
    """Says yes to everything."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"yes"})


def ask(hosts: list[str] | None = None, **headers: str) -> int:
    """Post to it, and return the status."""
    guard = Guard(answers, hosts or ["127.0.0.1", "localhost", "::1"], [URL, "http://localhost:4200"])
    given = {name.replace("_", "-"): value for name, value in headers.items()}

    async def post() -> int:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url=URL) as client:
            return (await client.post("/api/deployments/filter", content=b"{}", headers=given)).status_code

    return asyncio.run(post())


@pytest.mark.parametrize("host", ["127.0.0.1:4200", "localhost:4200", "LOCALHOST:4200", "[::1]:4200", "localhost:8000"])
def test_its_own_names_are_answered(host):
    assert ask(host=host, **JSON) == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example:4200", "evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.5", "[::", ""],
)
def test_other_names_are_not(host):
    assert ask(host=host, **JSON) == 421


def test_where_it_listens_everywhere_every_address_is_its_own_and_no_name():
    everywhere = ["gpu-box", ANY_ADDRESS]
    assert [ask(everywhere, host=host) for host in ("10.0.0.5:4200", "[fe80::1]:4200", "gpu-box")] == [200, 200, 200]
    assert [ask(everywhere, host=host) for host in ("evil.example", "any-address.evil.example")] == [421, 421]


@pytest.mark.parametrize("origin", [URL, "http://localhost:4200"])
def test_its_own_pages_may_use_it(origin):
    assert ask(origin=origin, **JSON) == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:8000", "https://127.0.0.1:4200", f"{URL}.evil.example", ""],
)
def test_pages_of_others_may_not(origin):
    assert ask(origin=origin, **JSON) == 403


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/plain;charset=UTF-8",
        "TEXT/PLAIN",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ],
)
def test_what_a_browser_sends_without_asking_is_not_taken(kind):
    assert ask(content_type=kind) == 415


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", ""])
def test_what_programs_send_is_taken(kind):
    assert ask(content_type=kind) == 200


@pytest.mark.parametrize(
    ("origin", "answer"),
    [(URL, {"type": "websocket.accept"}), ("http://evil.example", {"type": "websocket.close", "code": 1008})],
)
def test_a_websocket_is_guarded_likewise(origin, answer):
    sent = []

    async def send(message):
        sent.append(message)

    headers = [(b"host", b"127.0.0.1:4200"), (b"origin", origin.encode())]
    scope = {"type": "websocket", "path": "/api/events/out", "headers": headers}
    asyncio.run(Guard(answers, ["127.0.0.1"], [URL])(scope, None, send))
    assert [{name: message[name] for name in answer} for message in sent] == [answer]
