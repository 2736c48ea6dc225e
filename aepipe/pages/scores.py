"""The page of a scoring run: how many are anomalous, what is promised of that, and the worst with their heat maps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aepipe.pages.inline_images import InlineImage, inline_image
from aepipe.pages.rendering import html_environment
from aepipe.results import Use
from aepipe.scoring.conformal import Promise

MAX_BROKEN = 100


@dataclass(frozen=True)
class ScoresPage:
    """What a page says of pictures that were scored.

    Attributes:
        use: What was done.
        promise: What is promised of false alarms.
        why: Why the score is the model's own; None where the user named it.
        broken: Path and reason of each file that no picture could be read from.
        left_out: What was passed over, in words.
        histogram: The figure of all scores; None where there are none.
        heat_maps: Of the worst, by their paths, the worst first.
    """

    use: Use
    promise: Promise
    why: str | None
    broken: Sequence[tuple[str, str]]
    left_out: Sequence[str]
    histogram: Path | None
    heat_maps: Mapping[str, Path]

    @property
    def num_anomalous(self) -> int:
        """How many are called so."""
        return int(str(self.use.summary["num_anomalous"]))

    @property
    def shown_broken(self) -> Sequence[tuple[str, str]]:
        """As many of the files as a page has room for."""
        return self.broken[:MAX_BROKEN]

    @property
    def inline_histogram(self) -> InlineImage | None:
        """The figure of all scores inside the page."""
        return None if self.histogram is None else inline_image(self.histogram.read_bytes())

    @property
    def inline_heat_maps(self) -> Iterator[tuple[str, InlineImage]]:
        """The heat maps inside the page."""
        return ((path, inline_image(file.read_bytes(), is_dense=True)) for path, file in self.heat_maps.items())


def render_scores(page: ScoresPage) -> str:
    """Return the page as HTML with everything inside it."""
    return html_environment().get_template("scores.html.j2").render(page=page, use=page.use)
