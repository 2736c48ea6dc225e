"""One thing on a server that is not as the files say, or was brought to it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """What `apply` did or would do.

    Attributes:
        subject: What it is about: a work pool, a deployment, a schedule, an automation, by its full name.
        what: What is or was the matter with it, as `missing` or `updated`.
    """

    subject: str
    what: str

    def __str__(self) -> str:
        """Return it as a line for operators."""
        return f"{self.subject}: {self.what}"
