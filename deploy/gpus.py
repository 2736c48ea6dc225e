"""How many GPUs this machine has, as its driver says."""

import shutil
import subprocess


def count_gpus() -> int:
    """Return how many GPUs of this machine the driver shows."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    done = subprocess.run([program, "--list-gpus"], capture_output=True, text=True, check=False)
    return len(done.stdout.splitlines()) if done.returncode == 0 else 0
