"""The server of one model: it listens until somebody stops it, and ends what it has begun."""

import logging
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from aepipe.inference.serve.app import make_app
from aepipe.inference.serve.service import Service
from aepipe.inference.serve.settings import ServeSettings
from aepipe.io.listening import listen, url_of
from aepipe.store import Store, open_store

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
    server = _server_of(service)
    # Pillow's warnings are of pictures, which are judged here; filters are all threads' own, and can't be set in each.
    warnings.filterwarnings("ignore", module="PIL")
    with _stopped_in_good_order(), listen(settings.host, settings.port) as listening:
        url = url_of(settings.host, listening.getsockname()[1])
        logger.info("%s of %s in %s is loaded, and will answer at %s", model, channel, opened.url, url)
        server.run([listening])
    if service.following.hopeless is not None:
        raise service.following.hopeless


def _server_of(service: Service) -> uvicorn.Server:
    async def give_up() -> None:
        if service.following.hopeless is not None:
            server.should_exit = True

    server = uvicorn.Server(
        uvicorn.Config(
            make_app(service),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=service.settings.drain_seconds,
            callback_notify=give_up,
            timeout_notify=0,
        )
    )
    return server


@contextmanager
def _stopped_in_good_order() -> Iterator[None]:
    """Let the block end by SIGTERM or Ctrl-C: uvicorn raises both once more when it has ended."""
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
