"""Service of one model: from the bytes of a picture to its answer, many at a time."""

import asyncio
import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, ExitStack, nullcontext
from typing import Any, ParamSpec, TypeVar

import numpy as np
from fastapi import HTTPException, Response
from fastapi.responses import JSONResponse

from aepipe.hardware import usable_cores
from aepipe.inference.decoding import Picture, Wanted
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.restored import restored_image
from aepipe.inference.serve import uses
from aepipe.inference.serve.admission import RETRY, Admission
from aepipe.inference.serve.batching import Batcher
from aepipe.inference.serve.following import Following
from aepipe.inference.serve.metrics import Metrics
from aepipe.inference.serve.settings import ServeSettings
from aepipe.inference.serve.taking import num_pixels, take
from aepipe.inference.serve.uses import Answer, Asked, UseName
from aepipe.store import Store

# Pictures that come back at their own size stay in memory at it; few of more pixels than these do at a time.
SMALL_PIXELS, MAX_LARGE = 250_000, 2

P = ParamSpec("P")
R = TypeVar("R")


class Service:
    """A model that follows its channel, the pictures that wait for it, and what is counted.

    Pictures are decoded by as many threads as there are cores, and computed by one.

    Args:
        store: Where releases are.
        model: The model's name.
        channel: A channel's name, or a release's id.
        settings: Where it listens, and how much it takes.
    """

    def __init__(self, store: Store, model: str, channel: str, settings: ServeSettings):
        self.settings, self.metrics = settings, Metrics()
        self.admission = Admission(settings.max_waiting, settings.max_bytes)
        self.metrics.waiting.set_function(lambda: self.admission.num_requests)
        self.following = Following(store, model, channel, settings.poll_seconds, self.metrics)
        self._batcher: Batcher[Asked, Picture, Answer] = Batcher(
            self._compute, settings.batch_size, settings.batch_ms / 1000
        )
        self._large = asyncio.Semaphore(MAX_LARGE)
        self._opened = ExitStack()

    def __enter__(self) -> "Service":
        self._threads = self._opened.enter_context(ThreadPoolExecutor(usable_cores(), "aepipe-pictures"))
        self._opened.enter_context(self._batcher)
        self._opened.enter_context(self.following)
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    async def answer(self, use: UseName, data: bytes, **options: Any) -> Response:
        """Return what a use comes to for a picture's bytes: JSON, or a PNG of a restored picture.

        Args:
            use: What is done.
            data: The bytes.
            **options: Of the use, as `Asked` has them.

        Raises:
            HTTPException: no model is there yet.
            BrokenFileError: the bytes are no PNG or JPEG, or a damaged one.
            AepipeError: the model can't do it.
        """
        loaded = self._model()
        is_whole = use == "restore"
        async with self._room_for(data) if is_whole else nullcontext():
            picture = await self._in_thread(take, data, Wanted(loaded.trained, keeps_originals=is_whole))
            form = (picture.original.shape, picture.white) if is_whole else None
            asked = Asked(use, loaded.release, loaded, form=form, **options)
            found = await asyncio.wrap_future(self._batcher.submit(asked, picture))
            if isinstance(found, np.ndarray):
                headers = {"X-Aepipe-Model": loaded.name, "X-Aepipe-Release": loaded.release}
                return Response(await self._in_thread(_png, found, picture), media_type="image/png", headers=headers)
        return JSONResponse({"model": loaded.name, "release": loaded.release, **found})

    def health(self) -> dict[str, Any]:
        """Return which model answers, and what keeps a later one from it."""
        following, loaded = self.following, self.following.current
        return {
            "status": "ending" if self.admission.is_closed else "loading" if loaded is None else "ok",
            "model": following.model,
            "channel": following.channel,
            "release": None if loaded is None else loaded.release,
            "problem": None if following.problem is None else str(following.problem),
        }

    def _model(self) -> LoadedModel:
        if self.following.current is None:
            raise HTTPException(503, "The model is being loaded. Come again.", RETRY)
        return self.following.current

    def _room_for(self, data: bytes) -> AbstractAsyncContextManager[object]:
        return self._large if num_pixels(data) > SMALL_PIXELS else nullcontext()

    async def _in_thread(self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return await asyncio.wrap_future(self._threads.submit(work, *args, **kwargs))

    def _compute(self, asked: Asked, pictures: Sequence[Picture]) -> Sequence[Answer]:
        self.metrics.batches.labels(asked.use).observe(len(pictures))
        return uses.compute(asked, pictures)


def _png(pixels: np.ndarray, picture: Picture) -> bytes:
    written = io.BytesIO()
    restored_image(pixels, picture).save(written, "PNG")
    return written.getvalue()
