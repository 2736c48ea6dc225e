"""A served model in a thread of its own, behind a real server."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
from PIL import Image
from published_models import RECIPE
from sklearn.datasets import load_digits

from aepipe.inference.serve.server import ModelServer
from aepipe.inference.serve.service import Service
from aepipe.inference.serve.settings import ServeSettings
from aepipe.io.listening import listen, url_of
from aepipe.store import Store

DIGITS = load_digits().images[:20].astype(np.uint8) * 15
PNG = {"Content-Type": "image/png"}


def png_of(pixels: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


@contextmanager
def running(store: Store, **chosen) -> Iterator[httpx.Client]:
    """Serve the model in production, and give a client once it is loaded."""
    settings = ServeSettings(port=0, poll_seconds=0.1, **chosen)
    service = Service(store, RECIPE, "production", settings)
    server = ModelServer(service)
    with listen("127.0.0.1", 0) as listening:
        url = url_of("127.0.0.1", listening.getsockname()[1])
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        try:
            with httpx.Client(base_url=url, timeout=60) as client:
                wait_for(lambda: client.get("/healthz").status_code == 200)
                yield client
        finally:
            server.should_exit = True
            thread.join()


def wait_for(holds: Callable[[], bool], seconds: int = 20) -> None:
    for _ in range(50 * seconds):
        if holds():
            return
        threading.Event().wait(0.02)
    pytest.fail("It never came.")
