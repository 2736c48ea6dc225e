"""Groups of images that belong to one part: those of a patient, tiles of one photograph."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from aepipe.datasets.layouts.layout import Layout
from aepipe.errors import ParameterError
from aepipe.io.names import printable_name
from aepipe.notation import counted

MAX_SHOWN = 3


def with_groups(layout: Layout, names: Sequence[str], expression: str) -> Layout:
    """Return the layout with the group that an expression finds in each image's name.

    Raises:
        ParameterError: it finds none, or the same one in all.
    """
    found = [_find(expression, name) for name in names]
    if names and len(set(found)) == 1:
        rule = f"must find several, and it finds {found[0]}" if found[0] else "must be found"
        raise ParameterError(
            f"An expression for groups {rule} in the names of images.",
            "Mend data.group.",
            group=expression,
            images=[printable_name(name) for name in names[:MAX_SHOWN]],
        )
    places = [replace(place, group=group) for place, group in zip(layout.places, found, strict=True)]
    return layout.with_places(places)


def notes_on_groups(layout: Layout, source: str) -> list[str]:
    """Return what is to be said of the groups, maybe nothing.

    Args:
        layout: With groups.
        source: What they come from.
    """
    sizes = Counter(place.group for place in layout.places if place.group is not None)
    if not sizes:
        return []
    largest, size = sizes.most_common(1)[0]
    num_alone = len(layout.places) - sum(sizes.values())
    alone = f"; {counted(num_alone, 'image has', 'images have')} none" if num_alone else ""
    notes = [f"{counted(len(sizes), 'group')} by {source}, the largest {printable_name(largest)} of {size}{alone}"]
    parts = defaultdict(set)
    for place in layout.places:
        if place.group is not None and place.part:
            parts[place.group].add(place.part)
    torn = sorted(group for group, found in parts.items() if len(found) > 1)
    if torn:
        shown = ", ".join(printable_name(group) for group in torn[:MAX_SHOWN])
        groups = counted(len(torn), "group is", "groups are")
        notes.append(f"{groups} divided by the user's own parts, so held-out images have relatives that train: {shown}")
    return notes


def _find(expression: str, name: str) -> str | None:
    """Return the first group of the expression that took part, or all that it matched where it has none."""
    match = re.search(expression, name)
    if match is None:
        return None
    if not match.re.groups:
        return match[0]
    return next((group for group in match.groups() if group is not None), None)
