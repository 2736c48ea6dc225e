"""Numbers in sentences."""


def counted(count: int, one: str, many: str | None = None) -> str:
    """Return a number with what it counts: 1 image, 2 images.

    Args:
        count: The number.
        one: The words for one, maybe with a verb.
        many: The words for any other number; None for those of one with an s.
    """
    return f"{count} {one if count == 1 else many or f'{one}s'}"
