"""Runs Python in a process of its own, for what must be set before Keras or TensorFlow are imported."""

import os
import subprocess
import sys


def python(code: str, **variables: str) -> str:
    """Return what the code printed."""
    environment = {**os.environ, **variables}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return run.stdout
