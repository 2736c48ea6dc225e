"""One file from one source to a partial file, resumed after a break, also by a later process."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aepipe.datasets.sources import Body, InterruptedDownloadError, Source, open_source
from aepipe.errors import DataError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How often a broken download is tried, and how long is waited before the first, doubled each time."""

    attempts: int = 5
    first_wait_seconds: float = 0.5
    longest_wait_seconds: float = 20


def download(source: Source, part: Path, max_bytes: int, patience: Patience, progress: bool) -> bool:
    """Bring a file to `part`, which goes on where an earlier download of the same source broke off.

    Returns:
        Whether bytes from an earlier attempt are in it, so that wrong bytes may not be the source's fault.

    Raises:
        DataError: the source does not have it, has more than `max_bytes`, or stays out of reach.
    """
    from tenacity import Retrying, before_sleep_log, retry_if_exception_type, stop_after_attempt
    from tenacity.wait import wait_exponential, wait_random

    retrying = Retrying(
        stop=stop_after_attempt(patience.attempts),
        wait=wait_exponential(patience.first_wait_seconds, patience.longest_wait_seconds)
        + wait_random(0, patience.first_wait_seconds),
        retry=retry_if_exception_type(InterruptedDownloadError),
        before_sleep=before_sleep_log(logger, logging.INFO),
        reraise=True,
    )
    try:
        return retrying(_continue_part, source, part, max_bytes, progress)
    except InterruptedDownloadError as error:
        raise DataError(f"Out of reach after {patience.attempts} attempts: {error}.") from error


def _continue_part(source: Source, part: Path, max_bytes: int, progress: bool) -> bool:
    offset = part.stat().st_size if part.exists() else 0
    with open_source(source.url, offset) as body:
        name = source.label.rpartition("/")[2]
        with open(part, "ab" if body.start else "wb") as stream, _progress_bar(name, body, progress) as advance:
            written = body.start
            for chunk in body.chunks:
                written += len(chunk)
                if written > max_bytes:
                    break
                stream.write(chunk)
                advance(len(chunk))
    if written > max_bytes:
        part.unlink()
        raise DataError(f"The file must have at most {max_bytes} bytes.")
    return body.start > 0


@contextmanager
def _progress_bar(name: str, body: Body, is_wanted: bool) -> Iterator[Callable[[int], None]]:
    from rich.console import Console

    console = Console(stderr=True)
    if not (is_wanted and console.is_terminal):
        yield lambda _: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as bars:
        bar = bars.add_task(name, total=body.total_bytes, completed=body.start)
        yield lambda count: bars.advance(bar, count)
