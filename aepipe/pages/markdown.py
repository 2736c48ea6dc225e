"""Text in Markdown."""

import re

MARKUP = re.compile(r"([\\`*_{}\[\]()#|~!$^])")
ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def escape_markdown(text: str) -> str:
    """Return the text so that Markdown shows it as it is, on one line: no markup, no HTML, no end of a table cell."""
    return MARKUP.sub(r"\\\1", " ".join(text.split())).translate(ENTITIES)
