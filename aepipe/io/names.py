"""Names from outside as a terminal, a log or a page may show them."""

LONGEST = 120


def printable(name: str) -> str:
    """Return a name in which nothing can steer a terminal or begin a line; bytes that are no text are escaped, too.

    Different names stay different, unless they are longer than a line.
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    shown = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)
    return shown if len(shown) <= LONGEST else f"{shown[: LONGEST - 40]}...{shown[-37:]}"


def name_bytes(name: str) -> bytes:
    """Return a file's name as the file system has it."""
    return name.encode("utf-8", "surrogateescape")
