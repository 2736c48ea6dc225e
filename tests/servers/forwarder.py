"""A port of another address that leads to the same port of loopback."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def forwarding(host: str, port: int) -> Iterator[None]:
    """Forward connections to host:port to 127.0.0.1:port until the block ends."""
    with socket.create_server((host, port), backlog=64) as listener:
        threading.Thread(target=_accept, args=(listener, port), daemon=True).start()
        yield
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        try:
            server = socket.create_connection(("127.0.0.1", port))
        except OSError:
            client.close()
            continue
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(1 << 16):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        source.close()
        target.close()
