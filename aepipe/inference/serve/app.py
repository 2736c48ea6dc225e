"""The web application of a served model: what it answers, and to whom."""

import hmac
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from aepipe.errors import (
    AepipeError,
    BrokenFileError,
    ObjectNotFoundError,
    ParameterError,
    TransientStoreError,
    printable,
)
from aepipe.inference.serve.admission import RETRY
from aepipe.inference.serve.metrics import Metrics
from aepipe.inference.serve.service import Service
from aepipe.inference.serve.settings import ServeSettings
from aepipe.inference.serve.taking import SIGNATURES
from aepipe.inference.serve.uses import USES, UseName
from aepipe.io.listening import THIS_MACHINE

FAILED, UNAVAILABLE = 500, 503
STATUS: Mapping[type[AepipeError], int] = {
    BrokenFileError: 422,
    ParameterError: 422,
    ObjectNotFoundError: 404,
    TransientStoreError: UNAVAILABLE,
}
CHALLENGE = {"WWW-Authenticate": "Bearer"}


def make_app(service: Service) -> FastAPI:
    """Return the application; the service runs as long as it does."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        with service:
            yield

    # Its pages of documentation would fetch programs from elsewhere.
    app = FastAPI(title="aepipe", lifespan=running, docs_url=None, redoc_url=None)
    app.add_middleware(Measured, metrics=service.metrics)
    app.exception_handler(AepipeError)(_refuse)
    app.exception_handler(RequestValidationError)(_refuse_parameters)
    guarded = [Depends(_Guard(service.settings))]

    @app.post("/score", dependencies=guarded)
    async def score(
        request: Request,
        false_alarm_rate: Annotated[float, Query(gt=0, lt=1)] = 0.01,
        score: str | None = None,
    ) -> Response:
        return await _answer(service, request, "score", false_alarm_rate=false_alarm_rate, score=score)

    @app.post("/encode", dependencies=guarded)
    async def encode(request: Request) -> Response:
        return await _answer(service, request, "encode")

    @app.post("/restore", dependencies=guarded)
    async def restore(request: Request) -> Response:
        return await _answer(service, request, "restore")

    @app.get("/healthz")
    async def healthz() -> Response:
        health = service.health()
        return JSONResponse(health, 200 if health["status"] == "ok" else 503)

    @app.get("/metrics", dependencies=guarded)
    async def metrics() -> Response:
        return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)

    return app


async def _answer(service: Service, request: Request, use: UseName, **options: Any) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in SIGNATURES:
        raise HTTPException(415, f"A body is a picture: its Content-Type is {' or '.join(SIGNATURES)}.")
    with service.admission.admit(request):
        return await service.answer(use, await service.admission.body_of(request), **options)


class _Guard:
    """Lets those in who know the token; where there is none, those who call the server by a name of loopback.

    The latter keeps pages in a browser out, whose own names can be made to lead here.
    """

    def __init__(self, settings: ServeSettings):
        self._token = None if settings.token is None else settings.token.get_secret_value().encode()

    def __call__(self, request: Request) -> None:
        if self._token is None:
            if request.url.hostname not in THIS_MACHINE:
                raise HTTPException(403, f"Without a token it answers to {', '.join(THIS_MACHINE)} alone.")
            return
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            raise HTTPException(401, "A request must carry the token: Authorization: Bearer TOKEN.", CHALLENGE)


def _refuse(_: Request, error: Exception) -> JSONResponse:
    status = next((status for kind, status in STATUS.items() if isinstance(error, kind)), FAILED)
    return JSONResponse({"detail": str(error)}, status, RETRY if status == UNAVAILABLE else None)


def _refuse_parameters(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    lines = [f"{one['loc'][-1]}: {one['msg']}. Received: {one['input']!r}." for one in error.errors()]
    return JSONResponse({"detail": printable(" ".join(lines))}, 422)


class Measured:
    """The application with its uses counted and timed."""

    def __init__(self, app: ASGIApp, metrics: Metrics):
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        use = scope["path"].strip("/") if scope["type"] == "http" else ""
        if use not in USES:
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), FAILED

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._metrics.note_request(use, status, time.perf_counter() - started)
