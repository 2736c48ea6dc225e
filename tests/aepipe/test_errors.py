"""What an error says is one line that steers no terminal, whatever it was told."""

import pytest

from aepipe.errors import AepipeError, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain \u732b text", "plain \u732b text"),
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("a\nINFO forged", "a\\nINFO forged"),
        ("\x9b1A\x7f\u202e\u2028", "\\x9b1A\\x7f\\u202e\\u2028"),
        ("\udcff.png", "\\udcff.png"),
    ],
)
def test_what_steers_a_terminal_is_escaped(text, shown):
    assert printable(text) == shown
    error = AepipeError(f"The rule about {text}.", f"Way out of {text}.", value=text)
    assert str(error).isprintable()
    assert error.problem.isprintable()
    assert error.problem + " " + error.way_out == str(error)
