"""A served model under 200 requests at a time for a minute while its channel moves: none lost, and how long they take.

make bench-serve
"""

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
from PIL import Image
from published_models import RECIPE, publish, train_on_digits
from servers.server import free_ports

from aepipe.store import open_store

LATER = ("20260102T020000Z-2b3c4d", "20260103T020000Z-3c4d5e")
START_SECONDS = 120
COLUMNS = ("use", "requests", "lost", "a second", "p50 ms", "p95 ms", "p99 ms", "longest ms", "releases", "behind s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="how long each use is asked for")
    parser.add_argument("--clients", type=int, default=200, help="requests at a time")
    parser.add_argument("--uses", default="score,encode,restore", help="what is asked for")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["AEPIPE_CACHE"] = f"{folder}/cache"
        store = open_store(f"{folder}/store")
        files = train_on_digits(store)
        print(f"{chosen.clients} clients, {chosen.seconds:g} s a use, {os.cpu_count()} cores", flush=True)
        print("| " + " | ".join(COLUMNS) + " |\n|" + " --- |" * len(COLUMNS), flush=True)
        for use in chosen.uses.split(","):
            publish(store, files, {RECIPE: "promoted"})
            with served(Path(folder)) as port:
                cells = asyncio.run(
                    measure(port, use, chosen, lambda one: publish(store, files, {RECIPE: "promoted"}, release=one))
                )
            print("| " + " | ".join(str(cell) for cell in (use, *cells)) + " |", flush=True)
            store.delete("channels/production.json")


@contextmanager
def served(folder: Path) -> Iterator[int]:
    """Give the port of a server in a process of its own, which ends in good order."""
    (port,) = free_ports(1)
    command = ["aepipe", "serve", "--model", RECIPE, "--store", f"{folder}/store", "--port", str(port)]
    process = subprocess.Popen([str(Path(sys.executable).parent / command[0]), *command[1:]])
    try:
        ends = time.monotonic() + START_SECONDS
        while not is_healthy(port):
            if process.poll() is not None or time.monotonic() > ends:
                sys.exit("The server did not start.")
            time.sleep(0.2)
        yield port
    finally:
        process.terminate()
        code = process.wait()
    assert code == 0, code


def is_healthy(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
    except httpx.TransportError:
        return False


async def measure(port: int, use: str, chosen: argparse.Namespace, promote) -> list[object]:
    """Ask for a use by so many clients, and promote a release in each third of the time; return a row of the table."""
    seen: list[tuple[float, float, bool, str]] = []
    ends = time.monotonic() + chosen.seconds
    asking = [asyncio.create_task(ask(port, use, ends, seen)) for _ in range(chosen.clients)]
    promoted: dict[str, float] = {}
    for release in LATER:
        await asyncio.sleep(chosen.seconds / 3)
        await asyncio.to_thread(promote, release)
        promoted[release] = time.monotonic()
    await asyncio.gather(*asking)
    first = {release: min((end for _, end, _, by in seen if by == release), default=np.inf) for release in LATER}
    seconds = np.array([end - start for start, end, _, _ in seen]) * 1000
    behind = max(first[release] - promoted[release] for release in LATER)
    return [
        len(seen),
        sum(not is_answer for _, _, is_answer, _ in seen),
        round(len(seen) / chosen.seconds),
        *(round(float(value), 1) for value in np.percentile(seconds, [50, 95, 99, 100])),
        len({by for *_, by in seen}),
        round(float(behind), 1),
    ]


async def ask(port: int, use: str, ends: float, seen: list[tuple[float, float, bool, str]]) -> None:
    """Ask one thing after the other over one connection; note begin, end, whether there was an answer, and by whom."""
    body = picture()
    head = f"POST /{use} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/png\r\nContent-Length: {len(body)}\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.monotonic() < ends:
        started = time.monotonic()
        try:
            writer.write(head.encode() + body)
            is_answer, release = await answer_of(reader)
        except (OSError, EOFError):
            is_answer, release = False, "none"
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        seen.append((started, time.monotonic(), is_answer, release))
    writer.close()


async def answer_of(reader: asyncio.StreamReader) -> tuple[bool, str]:
    """Return whether an answer is one, and the release that gave it."""
    status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    body = await reader.readexactly(int(headers["content-length"]))
    named = headers.get("x-aepipe-release") or body.partition(b'"release":"')[2].partition(b'"')[0].decode()
    return status.split()[1] == "200", named


def picture() -> bytes:
    written = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)).save(written, "PNG")
    return written.getvalue()


if __name__ == "__main__":
    main()
