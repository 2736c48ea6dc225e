"""A port of another address that leads to the same port of loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def forwarding(host: str, port: int) -> Iterator[None]:
    """Forward connections to host:port to 127.0.0.1:port until the block ends."""
    loop, is_listening = asyncio.new_event_loop(), threading.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(host, port, is_listening),), daemon=True)
    thread.start()
    assert is_listening.wait(10)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])
        thread.join()
        loop.close()


async def _serve(host: str, port: int, is_listening: threading.Event) -> None:
    server = await asyncio.start_server(lambda *client: _forward(*client, port), host, port)
    is_listening.set()
    try:
        await asyncio.Future()
    except asyncio.CancelledError:
        server.close()


async def _forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    writers = [writer]
    try:
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(server_writer)
        await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))
    except (OSError, asyncio.CancelledError):
        pass
    finally:
        for each in writers:
            each.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()
