"""Notation of reports, cards and logs: numbers, counts, durations and settings."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

ABSENT = "\N{EN DASH}"
MIN_FIXED = 1e-5
MAX_FIXED = 1e6

Notation = Callable[[float | None], str]


def choose_notation(values: Iterable[float | None], digits: int = 3) -> Notation:
    """Return the one way to write all these values, so that they can be compared at a glance.

    The notation is fixed (0.00575) unless a value is so small or so large that all are easier to read as 5.75e-03.
    `None` is written as a dash.
    """
    sizes = [abs(value) for value in values if value is not None and math.isfinite(value) and value != 0]
    is_fixed = not sizes or (min(sizes) >= MIN_FIXED and max(sizes) < MAX_FIXED)

    def write(value: float | None) -> str:
        if value is None:
            return ABSENT
        if not math.isfinite(value):
            return "not finite"
        return fixed(value, digits) if is_fixed else f"{value:.{digits - 1}e}"

    return write


def significant(value: float | None, digits: int = 3) -> str:
    """Return one value with so many significant digits, by itself."""
    return choose_notation([value], digits)(value)


def fixed(value: float, digits: int) -> str:
    """Return a value with so many significant digits and no exponent; an integer part is never cut."""
    if value == 0:
        return "0"
    # Rounding can add a digit (0.009996), so the exponent is that of the rounded value.
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return f"{value:,.{max(0, digits - 1 - exponent)}f}"


def decimals(value: float | None, places: int) -> str:
    """Return a value with so many decimal places; a dash for `None`."""
    return ABSENT if value is None else f"{value:,.{places}f}"


def duration(seconds: float | None) -> str:
    """Return a duration in words, such as 1 min 12 s; a dash for `None`."""
    if seconds is None:
        return ABSENT
    whole = round(seconds)
    if whole < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def moment(created: str) -> str:
    """Return an ISO time to the minute, such as 2025-03-01 06:00 UTC."""
    return f"{datetime.fromisoformat(created):%Y-%m-%d %H:%M %Z}".strip()


def words(name: str) -> str:
    """Return the name of a field as words."""
    return name.replace("_", " ")


def plain(value: object) -> str:
    """Return a setting's value as one would say it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(str(name))} {plain(item)}" for name, item in value.items()) or "none"
    if isinstance(value, list | tuple):
        has_parts = any(isinstance(item, Mapping | list | tuple) for item in value)
        return ("; " if has_parts else ", ").join(plain(item) for item in value) or "none"
    return str(value)


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with what it counts: 1 image, 2,000 images.

    Args:
        count: The number.
        one: The words for one, maybe with a verb.
        many: The words for any other number; None for those of one with an s.
    """
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
