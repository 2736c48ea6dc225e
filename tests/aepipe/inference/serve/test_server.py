"""A server that is told to stop, as a terminal, a container or a cluster does it: by a signal to its process."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from published_models import RECIPE
from serving import DIGITS, PNG, png_of, wait_for

START_SECONDS, END_SECONDS = 120, 60
# Seconds of work for a model of 8 x 8 pixels.
LARGE = np.zeros((500, 500), np.uint8)


@contextmanager
def serving(store: str) -> Iterator[tuple[subprocess.Popen[str], httpx.Client]]:
    """Give a server in a process of its own, as soon as it listens, and a client of it."""
    command = [Path(sys.executable).with_name("aepipe"), "serve", "--model", RECIPE, "--store", store, "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        said = next(line for line in process.stderr if "will answer at" in line)
        threading.Thread(target=process.stderr.read, daemon=True).start()
        with httpx.Client(base_url=re.search(r"http://\S+", said).group(), timeout=END_SECONDS) as client:
            yield process, client
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def test_who_is_in_is_answered_and_nobody_else_is_let_in(digits_store):
    with serving(digits_store.url) as (process, client), ThreadPoolExecutor() as pool:
        wait_for(lambda: client.get("/healthz").status_code == 200, START_SECONDS)
        asked = pool.submit(client.post, "/restore", content=png_of(LARGE), headers=PNG)
        wait_for(lambda: "aepipe_waiting_requests 1.0" in client.get("/metrics").text, START_SECONDS)
        process.send_signal(signal.SIGTERM)
        wait_for(lambda: client.get("/healthz").json()["status"] == "ending", END_SECONDS)
        assert client.get("/healthz").status_code == 503
        refused = client.post("/encode", content=png_of(DIGITS[0]), headers=PNG)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "1")
        assert "is ending" in refused.json()["detail"]
        assert not asked.done()
        assert asked.result().status_code == 200
        assert process.wait(END_SECONDS) == 0


def test_one_that_loads_ends_in_good_order(digits_store):
    with serving(digits_store.url) as (process, _):
        process.terminate()
        assert process.wait(END_SECONDS) == 0
