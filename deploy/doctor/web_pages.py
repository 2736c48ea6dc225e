"""Checks of the server as a page in somebody's browser would try it: nothing of it may be answered."""

from collections.abc import Iterator, Mapping

import httpx

from aepipe.deploy.doctor.finding import Finding

ANSWER_SECONDS = 30.0
# Nobody's, by RFC 2606.
PAGE, NAME = "http://page.invalid", "page.invalid"
SUBJECT = "web pages"
PROTECT = (
    "Set PREFECT_SERVER_API_AUTH_STRING and PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS for the server, and "
    "PREFECT_API_AUTH_STRING for everybody else; `aepipe up` does it by itself."
)
# What a page can send without anybody's click: from another origin, to a name that it has bound to this address, and
# as text, which a browser sends to any server without asking it.
REQUESTS: Mapping[str, Mapping[str, str]] = {
    "of another origin": {"Origin": PAGE},
    "to another name of the server": {"Host": NAME},
    "as text": {"Content-Type": "text/plain"},
}


def check_pages(url: str) -> Iterator[Finding]:
    """Ask without credentials for what every page would begin with, the deployments, and tell what came back.

    Args:
        url: Of the API.
    """
    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            answers = {name: _ask(client, url, headers) for name, headers in REQUESTS.items()}
        except httpx.HTTPError as error:
            text = f"the server ended the connection: {type(error).__name__}"
            yield Finding("warning", SUBJECT, text, "Run it again; see the server's log.")
            return
    yield judge_pages({name: answer.status_code for name, answer in answers.items()}, _readers(answers))


def judge_pages(statuses: Mapping[str, int], readers: str) -> Finding:
    """Judge the answers to what a page would send.

    Args:
        statuses: Name of the request to HTTP status.
        readers: Whose scripts may read the answers, as the server says it; empty for nobody's.
    """
    said = ", ".join(f"{name} {status}" for name, status in statuses.items())
    if any(status < 300 for status in statuses.values()):
        text = f"any page in a browser can start runs here; asked without credentials it answers: {said}"
        return Finding("broken", SUBJECT, text, PROTECT)
    if readers in ("*", PAGE):
        text = f"refused without credentials ({said}), but scripts of any origin may read its answers"
        way_out = "Set PREFECT_SERVER_API_CORS_ALLOWED_ORIGINS for the server to the UI's address."
        return Finding("warning", SUBJECT, text, way_out)
    return Finding("ok", SUBJECT, f"what they could send is refused: {said}")


def _ask(client: httpx.Client, url: str, headers: Mapping[str, str]) -> httpx.Response:
    own = {"Content-Type": "application/json", **headers}
    return client.post(f"{url}/deployments/filter", content=b'{"limit": 1}', headers=own)


def _readers(answers: Mapping[str, httpx.Response]) -> str:
    allowed = [answer.headers.get("access-control-allow-origin", "") for answer in answers.values()]
    return next((origin for origin in allowed if origin in ("*", PAGE)), "")
