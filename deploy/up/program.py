"""A process that is kept running: started in a session of its own, stopped in its turn."""

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_SECONDS = 20


@dataclass
class Program:
    """A process that is kept running; its output goes to a file.

    Attributes:
        name: What it is called in messages.
        command: What starts it.
        environment: What it gets beside this process's own.
        log: Where its output goes.
        descriptors: What it inherits of open files.
        umask: What nobody else may do with the files that it makes; -1 leaves that as it is.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    descriptors: Sequence[int] = ()
    umask: int = -1
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        """Start it. Ctrl-C at the terminal does not reach it: it is stopped in its turn."""
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=self.descriptors,
                umask=self.umask,
            )

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self.process is not None and self.process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What its process ended with; None while it lives."""
        return None if self.process is None else self.process.returncode

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    def stop(self) -> None:
        """Tell it to end, and end it where it does not."""
        process = self.process
        if process is None or not self.is_running:
            return
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
