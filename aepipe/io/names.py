"""Names from outside as a terminal, a log or a page may show them."""

from aepipe.errors import printable

MAX_CHARACTERS = 120


def printable_name(name: str) -> str:
    """Return a name in which nothing can steer a terminal or begin a line; bytes that are no text are escaped, too.

    Different names stay different, unless they are longer than a line.
    """
    shown = printable(name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace"))
    return shown if len(shown) <= MAX_CHARACTERS else f"{shown[: MAX_CHARACTERS - 40]}...{shown[-37:]}"


def name_bytes(name: str) -> bytes:
    """Return a file's name as the file system has it."""
    return name.encode("utf-8", "surrogateescape")
