"""Listening at an address of this machine."""

import os
import socket

from aepipe.errors import AepipeError

# The names by which no other machine can reach a server.
THIS_MACHINE = ("127.0.0.1", "localhost", "::1")
BACKLOG = 2048


class ListenError(AepipeError):
    """An address is not this machine's, or somebody else listens there."""


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Args:
        host: A name, an address, or one that stands for all of them.
        port: The port; 0 for any that is free.

    Raises:
        ListenError: the address is not this machine's, or somebody else listens there.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # It sets SO_REUSEADDR: else the port of a server that has just ended is taken for a minute.
        return socket.create_server((str(place[0]), int(place[1])), family=family, backlog=BACKLOG)
    except OSError as error:
        # Those of the system alone have no address in their text; those of look-ups are negative.
        reason = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
        rule = f"The server must be able to listen: {reason}; nothing was changed."
        way_out = "Stop what listens there, or name another: --port, --host."
        raise ListenError(rule, way_out, host=host, port=port) from error


def url_of(host: str, port: int) -> str:
    """Return the URL of a server."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
