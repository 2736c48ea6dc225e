"""index.html: every release of a store on one page, and each model's held-out error over time."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from aepipe.errors import printable
from aepipe.evaluation.catalogue import DENOISED_MSE, LINEAR_MSE, MSE, metrics_at
from aepipe.evaluation.intervals import Interval
from aepipe.evaluation.strongest import find_strongest
from aepipe.io.temporary import temporary_folder
from aepipe.pages.inline_images import InlineImage, inline_image
from aepipe.pages.numbers import notation_of_errors, page_writer
from aepipe.pages.rendering import html_environment
from aepipe.pages.table import data_key, tell_apart
from aepipe.recipes import RECIPES
from aepipe.recipes.published import summaries_by_name
from aepipe.releases.channels import list_channels
from aepipe.releases.facts import RecipeSummary, ReleaseSummary
from aepipe.releases.listing import refresh_listing
from aepipe.store.interface import Store

KEY = "index.html"
logger = logging.getLogger(__name__)
# A year of nights; older ones stay in the store, and in `aepipe releases list`.
MAX_RELEASES = 366
# Data that grow are other data each night: a chart has room for so many.
MAX_SERIES = 10


@dataclass(frozen=True)
class Series:
    """One model over time, on the same data, with the same code size and setting.

    Attributes:
        label: What tells it from the model's other series.
        created: ISO times, the oldest first.
        mse: MSE per pixel on held-out images; a denoiser's on noisy input.
        reference: That of the strongest baseline with the same code size; for a denoiser the best linear map's.
        intervals: The 95% interval of each error; None where a release says none.
    """

    label: str
    created: Sequence[str]
    mse: Sequence[float]
    reference: Sequence[float]
    intervals: Sequence[Interval | None] = ()


def write_index(store: Store, anew: bool = False) -> str:
    """Write the page anew, and the listing that it is made of, and return where the page lies.

    Of two writers at once the later one wins; a release that it did not know yet is there after the next change.

    Args:
        store: Where the releases are.
        anew: Read every manifest, and believe nothing that the listing says.
    """
    named: dict[str, list[str]] = {}
    for name, channel in list_channels(store).items():
        named.setdefault(channel.release, []).append(name)
    releases, unreadable = refresh_listing(store, anew)
    problems = {release: error.problem for release, error in unreadable.items()}
    store.put(KEY, render_index(releases[:MAX_RELEASES], named, store.url, problems).encode())
    return f"{store.url}/{KEY}"


def refresh_index(store: Store) -> str | None:
    """Write the page anew after something that is done, and return where it lies.

    Whatever goes wrong with the page is a warning: what it shows has happened all the same.
    """
    try:
        return write_index(store)
    except Exception as error:
        logger.warning("%s was not written anew: %s", KEY, printable(str(error)))
        return None


def render_index(
    releases: Sequence[ReleaseSummary],
    channels: Mapping[str, Sequence[str]],
    store_url: str,
    unreadable: Mapping[str, str] = {},
) -> str:
    """Return the page as HTML.

    Args:
        releases: The releases, the latest first.
        channels: Which channels name a release, by its id.
        store_url: Where they lie, for the page's heading.
        unreadable: Releases that can't be read, and why.
    """
    shown = metrics_at("index")
    rows = [(release, summaries_by_name(release)) for release in releases]
    measured = [
        {metric.name: summary.metrics.get(metric.name) for metric in shown}
        for _, summaries in rows
        for summary in summaries.values()
    ]
    return (
        html_environment()
        .get_template("index.html.j2")
        .render(
            rows=rows,
            channels=channels,
            store_url=store_url,
            most_series=MAX_SERIES,
            unreadable=unreadable,
            models=_present(releases),
            charts=dict(_charts(releases)),
            shown=shown,
            write=page_writer(notation_of_errors(measured), measured),
        )
    )


def series_of(model: str, releases: Iterable[ReleaseSummary]) -> list[Series]:
    """Return a model's errors over time: a series for each setting, data, held-out rows and code size, as only those
    compare; the latest ones where they are many.

    Args:
        model: Its name.
        releases: Releases, the latest first; a model that one took over from another is left out.
    """
    found: dict[tuple, list[tuple[str, float, float, Interval | None]]] = {}
    for release in reversed(list(releases)):
        summary = summaries_by_name(release).get(model)
        if summary is None or summary.origin != release.release:
            continue
        point = _point(summary)
        if point is not None:
            preset = str(release.parameters.get("preset", "full"))
            # At its end where it goes on, so that the series that ended first are the first to be left out.
            key = (summary.setting, preset, summary.code_size, *data_key(summary))
            found[key] = [*found.pop(key, []), (release.created, *point)]
    names = tell_apart(key[3:] for key in found)
    return [
        Series(f"{setting}, {preset}, {names[tuple(data)]}, code {code_size}", *zip(*points, strict=True))
        for (setting, preset, code_size, *data), points in list(found.items())[-MAX_SERIES:]
    ]


def _point(summary: RecipeSummary) -> tuple[float, float, Interval | None] | None:
    """Return a model's error, what it is compared with, and the interval that it has."""
    metrics, intervals = summary.metrics, summary.intervals or {}
    denoised, linear = metrics.get(DENOISED_MSE), metrics.get(LINEAR_MSE)
    if denoised is not None and linear is not None:
        return denoised, linear, intervals.get(DENOISED_MSE)
    mse, strongest = metrics.get(MSE), find_strongest(metrics)
    return None if mse is None or strongest is None else (mse, strongest.mse_per_pixel, intervals.get(MSE))


def _present(releases: Iterable[ReleaseSummary]) -> list[str]:
    """Return the names of all models: in the order of the recipes, those of one by their data sets."""
    present = {name: said.recipe for release in releases for name, said in summaries_by_name(release).items()}
    order = {name: number for number, name in enumerate(RECIPES)}

    def place(name: str) -> tuple[int, str]:
        return order.get(present[name] or name.partition("@")[0], len(order)), name

    return sorted(present, key=place)


def _charts(releases: Sequence[ReleaseSummary]) -> Iterable[tuple[str, InlineImage]]:
    # Here, because Matplotlib takes a second.
    from aepipe.evaluation.figures import error_over_time

    with temporary_folder("index") as folder:
        path = folder / "chart.png"
        for model in _present(releases):
            series = series_of(model, releases)
            # One point is no course, and takes as long to draw.
            if sum(len(line.mse) for line in series) > 1:
                error_over_time(series, path, model)
                yield model, inline_image(path.read_bytes())
