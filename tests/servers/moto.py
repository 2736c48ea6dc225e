"""moto's server: quick, with AWS's answers in detail and its token service, but it believes every signature."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.certificates import Certificates
from servers.server import S3Server, free_ports, running

PROGRAM = Path(__file__).with_name("moto_in_turn.py")


@contextmanager
def moto_server(folder: Path, certificates: Certificates | None = None) -> Iterator[S3Server]:
    """Run a server with its data in memory; it has one bucket. With certificates it speaks https."""
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    command = [sys.executable, "-P", str(PROGRAM), "-H", "127.0.0.1", "-p", str(port)]
    server = S3Server(f"http://127.0.0.1:{port}")
    if certificates:
        command += ["-s", "-c", str(certificates.certificate), "-k", str(certificates.key)]
        server = S3Server(f"https://127.0.0.1:{port}", ca_file=certificates.ca)
    with running(server, command, folder / "server.log"):
        yield server
