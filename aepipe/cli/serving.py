"""aepipe serve: a published model behind HTTP."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from aepipe.cli.options import StoreOption
from aepipe.flows.parameters.words import words
from aepipe.inference.serve.settings import ServeSettings, read_token
from aepipe.recipes.naming import spelled_out_model

DEFAULTS = ServeSettings()


def serve(
    model: Annotated[
        str, typer.Option("--model", "--recipe", help="Its name; the recipe's short name will do: conv@digits.")
    ],
    store: StoreOption = "./store",
    channel: Annotated[str, typer.Option(help="A channel, which is followed, or a release's id.")] = "production",
    host: Annotated[str, typer.Option(help=words(ServeSettings, "host"))] = DEFAULTS.host,
    port: Annotated[int, typer.Option(min=0, max=65535, help=words(ServeSettings, "port"))] = DEFAULTS.port,
    token_file: Annotated[
        Path | None, typer.Option(help="A file that holds the token; otherwise AEPIPE_SERVE_TOKEN has it.")
    ] = None,
    max_bytes: Annotated[int, typer.Option(min=1, help=words(ServeSettings, "max_bytes"))] = DEFAULTS.max_bytes,
    batch_ms: Annotated[float, typer.Option(min=0, help=words(ServeSettings, "batch_ms"))] = DEFAULTS.batch_ms,
    batch_size: Annotated[int, typer.Option(min=1, help=words(ServeSettings, "batch_size"))] = DEFAULTS.batch_size,
    max_waiting: Annotated[int, typer.Option(min=1, help=words(ServeSettings, "max_waiting"))] = DEFAULTS.max_waiting,
    poll_seconds: Annotated[
        float, typer.Option(min=0.1, max=60, help=words(ServeSettings, "poll_seconds"))
    ] = DEFAULTS.poll_seconds,
    drain_seconds: Annotated[
        int, typer.Option(min=1, max=3600, help=words(ServeSettings, "drain_seconds"))
    ] = DEFAULTS.drain_seconds,
) -> None:
    """Serve a published model: POST a PNG or JPEG to /score, /encode or /restore; GET /healthz and /metrics."""
    from aepipe.inference.serve.server import serve as serve_model

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    settings = ServeSettings(
        host=host,
        port=port,
        token=read_token(token_file),
        max_bytes=max_bytes,
        batch_ms=batch_ms,
        batch_size=batch_size,
        max_waiting=max_waiting,
        poll_seconds=poll_seconds,
        drain_seconds=drain_seconds,
    )
    serve_model(store, spelled_out_model(model), channel, settings)
