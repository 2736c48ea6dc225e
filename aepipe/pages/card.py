"""The model card: what a published model is, how good, what it is not for, and how to load it."""

from collections.abc import Iterator, Mapping

from aepipe import notation
from aepipe.evaluation.catalogue import (
    AUROC,
    BY_NAME,
    DENOISED_MSE,
    LINEAR_MSE,
    MSE,
    NOISY_MSE,
    Metrics,
    measured_at,
    metrics_at,
)
from aepipe.evaluation.strongest import find_baselines, find_strongest
from aepipe.exports.formats import FILES, FORMATS
from aepipe.models.options import VariationalOptions
from aepipe.pages.markdown import escape_markdown
from aepipe.pages.numbers import IN_BRACKETS, Write, notation_of_errors, page_writer, with_interval
from aepipe.pages.rendering import markdown_environment
from aepipe.recipes.naming import own_data_set
from aepipe.recipes.recipe import Recipe
from aepipe.stages.data import account_lines
from aepipe.stages.facts import EvaluationFacts, ExportCheck, HalfCheck
from aepipe.stages.outcome import Done

# What hubs call the tasks of metrics that are not about reconstruction.
HUB_TASKS = {DENOISED_MSE: "Denoising", AUROC: "Anomaly detection"}
# Of a denoiser, on the noise that it was trained for.
NOISY_ROWS = {
    NOISY_MSE: "as it is",
    LINEAR_MSE: "denoised by the best linear map",
    DENOISED_MSE: "denoised by this model",
}


def render_card(recipe: Recipe, outcome: Done, release_id: str) -> str:
    """Return the card of a recipe that was trained and evaluated, as Markdown with a YAML header.

    Args:
        recipe: The recipe.
        outcome: What it came to; it was evaluated.
        release_id: The release that the model is in.
    """
    results = outcome.measured
    is_denoiser = results.denoised_mse_per_pixel is not None
    per_pixel = notation_of_errors([results.metrics])
    write = page_writer(per_pixel, [results.metrics])
    exports, halves = _exported(outcome)
    environment = markdown_environment()
    environment.filters["escaped"] = escape_markdown
    return environment.get_template("card.md.j2").render(
        recipe=recipe,
        title=_title(recipe, outcome.data.facts.name),
        model=outcome.model,
        parent=outcome.parent,
        plan=outcome.plan,
        corruption=outcome.plan.training.corruption,
        data=outcome.data.facts,
        split=outcome.split.facts,
        input_lines=account_lines(outcome.data),
        trained=outcome.trained.facts,
        results=results,
        baselines=find_baselines(results.metrics),
        strongest=find_strongest(results.metrics),
        release_id=release_id,
        shape=" x ".join(str(length) for length in outcome.plan.image_shape),
        scaling=_scaling(outcome),
        tags=[
            "autoencoder",
            *(["denoising"] if is_denoiser else []),
            outcome.plan.model.architecture,
            outcome.data.facts.name,
            *(tag for name in exports for tag in FORMATS[name].tags),
        ],
        measured=_for_hubs(results.metrics),
        rows=list(_result_rows(results, write)),
        noisy_rows=[(title, with_interval(BY_NAME[name], results, write)) for name, title in NOISY_ROWS.items()],
        in_brackets=IN_BRACKETS if results.intervals else "",
        uses=list(_uses(outcome)),
        formats=[(FORMATS[name].label, FORMATS[name].file, found) for name, found in exports.items()],
        halves=[(FILES[file][0].label, file, found) for file, found in halves.items()],
        limits=list(_limits(outcome)),
        is_denoiser=is_denoiser,
        per_pixel=per_pixel,
    )


def _title(recipe: Recipe, data_set: str) -> str:
    """Return what a model is, with the data set that it was trained on and not the one of the recipe's source."""
    what, on, _ = recipe.title.partition(" on ")
    is_own = data_set in (recipe.data_set, own_data_set(recipe))
    return recipe.title if is_own or not on else f"{what} on {data_set}"


def _scaling(outcome: Done) -> str:
    minimum, maximum = (notation.plain(limit) for limit in outcome.data.facts.pixel_range)
    if (minimum, maximum) == ("0", "1"):
        return "the source's own unit"
    return f"the source's {minimum} becomes 0 and its {maximum} becomes 1"


def _exported(outcome: Done) -> tuple[Mapping[str, ExportCheck], Mapping[str, HalfCheck]]:
    """Return how near each whole file comes to the model, by format, and each half's, by file."""
    if outcome.exported is None:
        return {}, {}
    return outcome.exported.facts.formats, outcome.exported.facts.halves


def _for_hubs(metrics: Metrics) -> dict[str, list[tuple[str, str, float]]]:
    """Return what was measured as model hubs list it: task to name, type and value of its metrics."""
    tasks: dict[str, list[tuple[str, str, float]]] = {}
    for metric in metrics_at("hub"):
        value = metrics.get(metric.name)
        if value is not None:
            task = HUB_TASKS.get(metric.name, "Reconstruction")
            tasks.setdefault(task, []).append((metric.title, metric.heading("hub"), value))
    return tasks


def _result_rows(results: EvaluationFacts, write: Write) -> Iterator[list[str]]:
    """Yield a row for each metric: its heading, the model's value, each baseline's, the mean image's."""
    baselines = find_baselines(results.metrics)
    for metric in measured_at("card", [results.metrics]):
        heading = metric.heading("card")
        if metric.scale == "source unit":
            if results.source_unit in (None, 1):
                continue
            heading = f"{heading} {notation.plain(results.source_unit)}"
        others = [""] * (len(baselines) + 1)
        if metric.name == MSE:
            names = [*(baseline.name for baseline in baselines), "mean_image_mse_per_pixel"]
            others = [with_interval(BY_NAME[name], results, write) for name in names]
        yield [heading, with_interval(metric, results, write), *others]


def _uses(outcome: Done) -> Iterator[str]:
    plan, data = outcome.plan, outcome.data.facts
    corruption = plan.training.corruption
    if data.clean is not None:
        yield f"Removing the noise of images like those of {data.name}, which it learned from noisy and clean ones."
    elif corruption is not None and corruption.is_blind_spot:
        yield f"Removing noise from images like those of {data.name}, which it learned from noisy ones alone."
    elif corruption is not None:
        yield f"Removing {corruption.kinds} noise from images like those of {data.name}."
    yield (
        f"Codes of {plan.model.code_size} values for images like those of {data.name}: "
        "for a classifier, for search, for a map of them."
    )
    if isinstance(plan.model, VariationalOptions):
        yield "Drawing new images: codes from a standard normal distribution, decoded."
    yield "Not for decisions about persons, and not as a compressed format to keep images in: what is lost is lost."


def _limits(outcome: Done) -> Iterator[str]:
    results, plan, split = outcome.measured, outcome.plan, outcome.split.facts
    yield (
        f"It has seen {outcome.data.facts.name} alone. Images of another kind, size, brightness or alignment "
        "come out worse than these figures say."
    )
    yield "The figures are of one training with one seed; a difference of a few percent between recipes means little."
    if "known-persons" in split.name:
        yield "The same persons are in the training and the held-out part: the figures say nothing about other persons."
    mse = results.mse_per_pixel
    better = [baseline.label for baseline in find_baselines(results.metrics) if baseline.mse_per_pixel <= mse]
    if better:
        yield f"With as many values these reconstruct the images better: {', '.join(better)}."
    if split.num_test_seen:
        yield f"{split.num_test_seen} of the held-out images are copies of training images."
    if plan.training.corruption is not None:
        noise = plan.training.corruption
        yield (
            "It has seen no clean image: noise that neighbouring pixels share stays, and no figure here says how near "
            "to a clean image it comes."
            if noise.is_blind_spot
            else f"It is trained on {noise.kinds} noise of level {noise.levels}; other noise may stay in the image."
        )
    if outcome.data.facts.clean is not None:
        yield "It knows the noise of its noisy images alone; other noise, or more or less of it, may stay in the image."
    if plan.training.max_steps is not None:
        yield f"Its training was ended after at most {plan.training.max_steps} steps, to be quick and not to be good."
    if outcome.trained.facts.ended_by == "target":
        yield (
            f"Its training was ended at its target, an MSE of {plan.training.stop_at_mse:g}, and might have gone on to "
            "a lower one."
        )
    if plan.setting == "published":
        yield "It is trained as its source does it, to compare with the printed result; it is not tuned."
