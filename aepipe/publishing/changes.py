"""Changes between a run and the release before it: parameters, images, packages, code."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aepipe.publishing.contents import lineage
from aepipe.releases.commit import git_commit
from aepipe.releases.manifest import Manifest, package_versions
from aepipe.stages.outcome import Done, Outcome

COMMIT_DIGITS = 7


def describe_changes(before: Manifest, outcomes: Sequence[Outcome], parameters: Mapping[str, Any]) -> list[str]:
    """Return what is not as it was, in a few words each.

    Args:
        before: The latest release of the same models.
        outcomes: What the run came to.
        parameters: The run's.
    """
    names = sorted({*parameters, *before.parameters})
    changed = [name for name in names if parameters.get(name) != before.parameters.get(name)]
    found = [f"parameters {', '.join(changed)}"] if changed else []
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    new_images = [outcome.model for outcome in done if _has_other_images(before, outcome)]
    found += [f"images of {', '.join(new_images)}"] if new_images else []
    found += _packages(before)
    stages = [] if changed or new_images else list(dict.fromkeys(_other_work(before, done)))
    found += [f"{_commits(before)} ({', '.join(stages)})"] if stages else []
    return found


def _has_other_images(before: Manifest, outcome: Done) -> bool:
    summary = before.recipes.get(outcome.model)
    return summary is not None and summary.images_sha256 != outcome.data.facts.images_sha256


def _packages(before: Manifest) -> Iterator[str]:
    for name, version in package_versions().items():
        if before.packages.get(name) != version:
            yield f"{name} {before.packages.get(name, 'none')} to {version}"


def _other_work(before: Manifest, done: Sequence[Done]) -> Iterator[str]:
    """Yield the stages that were done under another fingerprint."""
    for outcome in done:
        known = before.lineage.get(outcome.model, {})
        yield from (stage for stage, name in lineage(outcome).items() if known.get(stage) not in (None, name))


def _commits(before: Manifest) -> str:
    commits = [commit[:COMMIT_DIGITS] if commit else "unknown" for commit in (before.git_commit, git_commit())]
    return "code" if commits[0] == commits[1] else f"code {commits[0]} to {commits[1]}"
