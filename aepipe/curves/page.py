"""Page of how published models were trained, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from aepipe.curves.chosen import Chosen, find_published
from aepipe.curves.side_by_side import Course, group_by_data, read_course
from aepipe.errors import ObjectNotFoundError
from aepipe.evaluation.figures import MAX_COURSES, training_courses
from aepipe.io.disk import disk_errors
from aepipe.io.temporary import temporary_folder
from aepipe.pages.inline_images import InlineImage, inline_image
from aepipe.pages.rendering import html_environment
from aepipe.store.interface import Store


@dataclass(frozen=True)
class Compared:
    """Trainings on the same data.

    Attributes:
        data: What it is, in words.
        courses: The trainings, the latest first.
        num_left_out: How many older ones there is no room for.
        without: Models and releases that have no curve, because no images were held out from training.
    """

    data: str
    courses: Sequence[Course]
    num_left_out: int
    without: Sequence[str]

    @property
    def target(self) -> float:
        """The largest of their smallest errors: each came to it; there is one."""
        return max(course.lowest_mse for course in self.courses)


def write_page(store: Store, chosen: Chosen, path: Path) -> list[Compared]:
    """Write a page with a figure and a table for each data set, and return what is on it.

    Args:
        store: Where the releases are.
        chosen: Which models.
        path: Where the page goes; what is there is replaced.

    Raises:
        ObjectNotFoundError: there is no store, no such release, or no history of what is chosen.
    """
    compared = list(_compared(store, chosen))
    if not any(group.courses for group in compared):
        raise ObjectNotFoundError(
            "Curves are of published models for which images were held out from training.",
            f"See the releases with: aepipe releases list --store {store.url}",
            models=list(chosen.models),
            releases=list(chosen.releases),
        )
    template = html_environment().get_template("curves.html.j2")
    page = template.render(
        compared=[(group, _chart(group) if group.courses else None) for group in compared], store_url=store.url
    )
    with disk_errors(output=str(path)):
        path.write_text(page, encoding="utf-8")
    return compared


def _compared(store: Store, chosen: Chosen) -> Iterator[Compared]:
    for data, models in group_by_data(find_published(store, chosen)).items():
        found = {f"{model.name}, {model.manifest.release}": read_course(store, model) for model in models}
        courses = [course for course in found.values() if course is not None]
        without = [name for name, course in found.items() if course is None]
        yield Compared(data, courses[:MAX_COURSES], len(courses[MAX_COURSES:]), without)


def _chart(compared: Compared) -> InlineImage:
    with temporary_folder("curves") as folder:
        path = folder / "chart.png"
        training_courses(compared.courses, path, f"Trainings on {compared.data}")
        return inline_image(path.read_bytes())
