"""The server of one model: it listens until somebody stops it, and ends what it has begun."""

import asyncio
import logging
import math
import signal
import socket
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from aepipe.inference.serve.app import make_app
from aepipe.inference.serve.service import Service
from aepipe.inference.serve.settings import ServeSettings
from aepipe.io.listening import listen, url_of
from aepipe.notation import counted
from aepipe.store import Store, open_store

LOOK_SECONDS = 0.05
logger = logging.getLogger(__name__)


def serve(store: Store | str | Path, model: str, channel: str, settings: ServeSettings) -> None:
    """Serve a published model until SIGTERM or Ctrl-C; what was asked by then is answered first.

    Args:
        store: An open store, or its URL.
        model: The model's name.
        channel: A channel's name, or a release's id.
        settings: Where it listens, and how much it takes.

    Raises:
        ParameterError: it would listen to other machines without a token.
        ListenError: the address can't be had.
        AepipeError: there is no such model; a store that is away is waited for.
    """
    settings.require_token()
    opened = open_store(store) if isinstance(store, str | Path) else store
    service = Service(opened, model, channel, settings)
    server = ModelServer(service)
    # Pillow's warnings are of pictures, which are judged here; filters are all threads' own, and can't be set in each.
    warnings.filterwarnings("ignore", module="PIL")
    with _stopped_in_good_order(server), listen(settings.host, settings.port) as listening:
        url = url_of(settings.host, listening.getsockname()[1])
        logger.info("%s of %s in %s is loaded, and will answer at %s", model, channel, opened.url, url)
        server.run([listening])
    if service.following.hopeless is not None:
        raise service.following.hopeless


class ModelServer(uvicorn.Server):
    """A server that is stopped in good order: it lets nobody else in, says so, and answers those who are in.

    Args:
        service: What it serves.
    """

    def __init__(self, service: Service):
        self._service = service
        super().__init__(
            uvicorn.Config(
                make_app(service),
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                callback_notify=self._give_up,
                timeout_notify=0,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End: it listens until all who were let in have an answer, so that it is told apart from one that crashed."""
        admission, ends = self._service.admission, time.monotonic() + self._service.settings.drain_seconds
        admission.close()
        while admission.num_requests and time.monotonic() < ends and not self.force_exit:
            await asyncio.sleep(LOOK_SECONDS)
        if admission.num_requests:
            logger.warning("It ends without an answer to %s.", counted(admission.num_requests, "request"))
        # Answers are on their way still.
        self.config.timeout_graceful_shutdown = max(1, math.ceil(ends - time.monotonic()))
        await super().shutdown(sockets)

    async def _give_up(self) -> None:
        if self._service.following.hopeless is not None:
            self.should_exit = True


@contextmanager
def _stopped_in_good_order(server: ModelServer) -> Iterator[None]:
    """Let the block end by SIGTERM or Ctrl-C, also by one that comes before the server runs.

    While it runs uvicorn hears both, and raises them again when it has ended.
    """
    before = signal.signal(signal.SIGTERM, server.handle_exit)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
