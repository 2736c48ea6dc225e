"""A run done again: whether its models came out the same."""

from aepipe.evaluation.catalogue import MSE
from aepipe.recipes.published import published_models, summaries_by_name
from aepipe.releases.manifest import Manifest


def compare_models(first: Manifest, second: Manifest) -> list[list[object]]:
    """Return a row for each model of the first release: name, what about its bytes, both held-out errors.

    They are `same`, `different` or `missing`; the release may have `no model` of the name, or one `of another run`.
    """
    before, after = published_models(first), published_models(second)
    repeated = summaries_by_name(second)
    rows: list[list[object]] = []
    for name, summary in summaries_by_name(first).items():
        if name not in before:
            state = "no model"
        elif summary.origin != first.candidate:
            state = "of another run"
        elif name not in after:
            state = "missing"
        else:
            state = "same" if before[name].sha256 == after[name].sha256 else "different"
        again = repeated.get(name)
        rows.append([name, state, summary.metrics.get(MSE), again.metrics.get(MSE) if again else None])
    return rows
