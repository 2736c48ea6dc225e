"""One peer in its own process: python worker.py PEER WORKLOAD. A line on stdin is one epoch; its seconds come back."""

import importlib
import sys
import time

from workloads import WORKLOADS


def main(peer: str, workload: str) -> None:
    """Build, run one epoch unmeasured, then one for each line."""
    run_epoch = importlib.import_module(f"peers.{peer}").prepare(WORKLOADS[workload])
    run_epoch()
    print("ready", flush=True)
    for _ in sys.stdin:
        started = time.perf_counter()
        run_epoch()
        print(time.perf_counter() - started, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
