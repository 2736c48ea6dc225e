"""Section of a report about its input: what was read, of which sizes and kinds, and what was cut or left out."""

from collections.abc import Iterator, Sequence

from aepipe.stages.facts import DataFacts


def input_rows(facts: DataFacts) -> Iterator[tuple[str, str]]:
    """Yield what is known of a data set as models see it, a name and a few words each."""
    height, width, channels = facts.image_shape
    kind = "grey" if channels == 1 else "color"
    yield "Images", f"{facts.num_images:,} of {height} x {width}, {kind}"
    black, white = facts.pixel_range
    kept_as = f"{facts.dtype}, " if facts.dtype else ""
    yield "Pixels", f"{kept_as}black {black:g} and white {white:g}"
    if facts.account is not None:
        yield from facts.account.counts()
        return
    if facts.label_names:
        yield "Classes", str(len(facts.label_names))
    done = list(_preprocessing(facts))
    if done:
        yield "Done before the split", ", ".join(done)


def input_remarks(facts: DataFacts) -> Sequence[str]:
    """Return what a person should know of the user's own images; nothing of known ones."""
    return [] if facts.account is None else list(facts.account.remarks())


def _preprocessing(facts: DataFacts) -> Iterator[str]:
    settings, pictures = facts.preprocessing, facts.pictures
    if settings.class_name is not None:
        yield f"the class {settings.class_name} kept"
    if settings.color != "keep":
        yield "channels replaced by their mean"
    if settings.size is not None:
        yield f"reduced to {settings.size} x {settings.size}"
    if pictures is not None and pictures.chosen_size is not None:
        yield f"made {pictures.size} by the run"
    if pictures is not None and pictures.color != "keep":
        yield f"made {pictures.color} by the run"
