"""Checks of the store: its server's clock, and whether it does what publishing depends on."""

import time
from collections.abc import Iterator

from aepipe.deploy.doctor.finding import Finding, failure
from aepipe.errors import StoreError
from aepipe.io.urls import without_secrets
from aepipe.store import open_store
from aepipe.store.preflight import preflight, require_safe

# Servers refuse requests whose time is off by 5 to 15 minutes.
SKEW_TO_WARN_SECONDS, SKEW_REFUSED_SECONDS = 60, 300


def check_store(url: str) -> Iterator[Finding]:
    """Write, read back, swap and delete small objects; before that, ask an S3 server for its time."""
    try:
        store = open_store(url)
        if store.url.startswith("s3:"):
            yield _check_clock(store.url)
            trouble = _trouble(store.url)
            if trouble:
                way_out = "See the server's own log and load: it is overloaded, out of room, or just starting."
                yield Finding("broken", "store", f"{without_secrets(store.url)}: the server answers {trouble}", way_out)
                return
        started = time.perf_counter()
        found = preflight(store)
        seconds = time.perf_counter() - started
        require_safe(found, allow_unsafe_pointer=False)
    except StoreError as error:
        yield failure("store", error)
        return
    done = f"{store.url}: written, read back, compared and swapped, deleted in {seconds:.1f} s"
    yield Finding("ok", "store", done)


def _trouble(url: str) -> str | None:
    from aepipe.store.s3.probe import trouble_of_server

    return trouble_of_server(url)


def _check_clock(url: str) -> Finding:
    # Importing boto3 takes time, which a store in a folder need not pay.
    from aepipe.store.s3.clock import seconds_ahead

    ahead = seconds_ahead(url)
    if ahead is None:
        return Finding("ok", "clock", "the store's server does not tell its time")
    return judge_clock(ahead)


def judge_clock(seconds_ahead: float) -> Finding:
    """Judge how far this machine's clock is ahead of the store's server."""
    seconds = abs(seconds_ahead)
    text = f"{seconds:.0f} s {'ahead of' if seconds_ahead > 0 else 'behind'} the store's server"
    way_out = "Set the clock of the one that is wrong; servers refuse requests of another time."
    if seconds > SKEW_REFUSED_SECONDS:
        return Finding("broken", "clock", text, way_out)
    if seconds > SKEW_TO_WARN_SECONDS:
        return Finding("warning", "clock", text, way_out)
    return Finding("ok", "clock", text if seconds >= 2 else "as the store's server has it")
