"""The program of a run's own Prefect server. It ends with the run, however that ended: its standard input closes then.

Started by path, so that it stands without this project: python server_process.py SOCKET FOLDER
"""

import os
import shutil
import socket
import sys
import threading
import time

import uvicorn

END_SECONDS = 5


def main() -> None:
    """Serve on a socket that is bound already."""
    descriptor, folder = int(sys.argv[1]), sys.argv[2]
    config = uvicorn.Config(
        "prefect.server.api.server:create_app",
        factory=True,
        log_level="error",
        lifespan="on",
        timeout_graceful_shutdown=END_SECONDS,
    )
    server = uvicorn.Server(config)
    is_left_alone = threading.Event()
    threading.Thread(target=_end_with_standard_input, args=(server, is_left_alone, folder), daemon=True).start()
    server.run(sockets=[socket.socket(fileno=descriptor)])
    if is_left_alone.is_set():
        shutil.rmtree(folder, ignore_errors=True)


def _end_with_standard_input(server: uvicorn.Server, is_left_alone: threading.Event, folder: str) -> None:
    """Wait until whoever started this is gone; then nobody else removes the folder."""
    while os.read(0, 1):
        pass
    is_left_alone.set()
    server.should_exit = True
    # What waits for something must not outlive the run.
    time.sleep(2 * END_SECONDS)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


if __name__ == "__main__":
    main()
