"""Uploads to SeaweedFS on loopback, beside boto3's upload_file in a loop: make bench-store.

200 files of 100 kB and one of 200 MB, with and without 30 ms added to every round trip. Figures are medians over the
rounds, in alternating order.
"""

import os
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import boto3
import typer
from rich.console import Console
from rich.table import Table
from servers.proxy import Proxy, serving
from servers.seaweedfs import seaweedfs_server

from aepipe.store import open_store


class Delaying(Proxy):
    """Forwards each request after a while."""

    def __init__(self, endpoint_url: str, delay_seconds: float):
        super().__init__(endpoint_url)
        self.delay_seconds = delay_seconds

    def answer(self, *_) -> None:
        """Wait, then forward."""
        time.sleep(self.delay_seconds)


def by_aepipe(store_url: str, files: dict[str, Path]) -> None:
    """Upload as a release is."""
    open_store(store_url).put_files(files)


def by_upload_file(store_url: str, files: dict[str, Path]) -> None:
    """Upload as most scripts do."""
    bucket, _, prefix = store_url.removeprefix("s3://").partition("/")
    client = boto3.client("s3")
    for key, path in files.items():
        client.upload_file(str(path), bucket, f"{prefix}/{key}")


def seconds(upload, bucket: str, files: dict[str, Path]) -> float:
    """Time one upload to an empty prefix."""
    started = time.perf_counter()
    upload(f"s3://{bucket}/{uuid.uuid4().hex}", files)
    return time.perf_counter() - started


def main(rounds: int = 3) -> None:
    """Measure and print."""
    table = Table(title=f"Uploads, seconds; {os.cpu_count()} cores shared with the server, medians of {rounds}")
    for column in ("files", "added delay", "aepipe", "upload_file", "ratio"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name, seaweedfs_server(Path(name) / "server", None) as server:
        os.environ.update(server.environment())
        small, large = {}, {"large": Path(name) / "large"}
        for number in range(200):
            small[f"{number:03}"] = Path(name) / f"{number:03}"
            small[f"{number:03}"].write_bytes(os.urandom(100_000))
        large["large"].write_bytes(os.urandom(200_000_000))
        for delay in (0.0, 0.03):
            with serving(Delaying(server.endpoint_url, delay)) as proxy:
                os.environ["AWS_ENDPOINT_URL_S3"] = proxy.endpoint_url if delay else server.endpoint_url
                for words, files in (("200 x 100 kB", small), ("1 x 200 MB", large)):
                    times = {by_aepipe: [], by_upload_file: []}
                    for number in range(rounds):
                        for upload in list(times)[:: 1 if number % 2 == 0 else -1]:
                            times[upload].append(seconds(upload, server.bucket, files))
                    ours, theirs = (statistics.median(values) for values in times.values())
                    row = (words, f"{1000 * delay:.0f} ms", f"{ours:.2f}", f"{theirs:.2f}", f"{theirs / ours:.2f}")
                    table.add_row(*row)
    Console(width=100).print(table)


if __name__ == "__main__":
    typer.run(main)
