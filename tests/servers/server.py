"""What every S3 server of the tests has: an address, keys, a process, and a bucket once it is ready."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

BUCKET = "aepipe-test"
ACCESS_KEY, SECRET_KEY = "testkey0001", "testsecret0001abcdefghijklmnopqrstuv"
START_SECONDS = 60


@dataclass(frozen=True)
class S3Server:
    """Where the server is, and the keys it knows."""

    endpoint_url: str
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY
    bucket: str = BUCKET
    ca_file: Path | None = None

    def environment(self) -> dict[str, str]:
        """The standard variables that lead boto3 to the server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
            **({"AWS_CA_BUNDLE": str(self.ca_file)} if self.ca_file else {}),
        }


def program(name: str, package: str) -> str:
    """The path of a server's program, which its package put beside Python."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert found, f"{package} is part of the dev extra"
    return found


@contextmanager
def running(
    server: S3Server, command: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[S3Server]:
    """Run a server's program until the block ends; the block starts when the server stores what it is sent."""
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **(variables or {})})
    try:
        _wait_until_it_stores(server, process, log)
        yield server
    finally:
        # Its data goes with the tests, and some take ten seconds for a polite stop.
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, under 32768: outgoing connections never get those.

    Processes that test side by side look in ranges of their own.
    """
    ports, number = [], int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20000 + number % 4 * 3000
    for port in range(first + os.getpid() % 2500, first + 3000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")


def make_client(server: S3Server):
    """A plain client of boto3, to look at a server from outside the store."""
    return boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(
            retries={"total_max_attempts": 1},
            connect_timeout=2,
            read_timeout=5,
            request_checksum_calculation="when_required",
        ),
        verify=str(server.ca_file) if server.ca_file else None,
    )


def _wait_until_it_stores(server: S3Server, process: subprocess.Popen, log: Path) -> None:
    """Create the bucket and an object as soon as the server can."""
    client = make_client(server)
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            if server.bucket not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
                client.create_bucket(Bucket=server.bucket)
            client.put_object(Bucket=server.bucket, Key="ready", Body=b"")
            client.close()
            return
        except (BotoCoreError, ClientError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the S3 server did not start: {error}\n{log.read_text()[-2000:]}") from error
            time.sleep(0.1)
