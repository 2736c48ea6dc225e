"""Over many nights in which pictures come and go none of them moves, whatever else binds them together."""

import numpy as np
import pytest

from aepipe.bonds import NONE, TEST, TRAIN, VALIDATION, Pictures
from aepipe.parts import draw_parts, remember

SHARES = {TEST: 0.3, VALIDATION: 0.1}
NIGHTS = 20


def named(*names: str) -> np.ndarray:
    return np.array([name.encode() for name in names])


def rows(count: int, generator: np.random.Generator, first: int, each: int) -> list[tuple[str, str, str]]:
    """New images: digest, group and file of each. Some are copies, some are in groups, some are pages of a file."""
    made = list[tuple[str, str, str]]()
    for number in range(first, first + count):
        kind = generator.choice(["alone", "copy", "group", "page"], p=[0.5, 0.1, 0.3, 0.1])
        digest = f"{generator.integers(0, number + 1) if kind == 'copy' else number:08}"
        group = f"patient {number // each}" if kind == "group" else NONE
        made.append((digest, group, NONE))
        if kind == "page":
            made[-1:] = [(f"{digest}-{page}" if page else "blank", NONE, f"{number}.tif") for page in range(3)]
    return made


def pictures_of(images: list[tuple[str, str, str]]) -> Pictures:
    digests, groups, files = zip(*images, strict=True)
    return Pictures.of(named(*digests), groups=np.array(groups), files=np.array(files))


def check_unity(pictures: Pictures, parts: np.ndarray) -> None:
    for names in (
        pictures.digests,
        np.where(pictures.groups == NONE, np.arange(len(parts)).astype(str), pictures.names),
    ):
        found: dict[bytes, set[str]] = {}
        for name, part in zip(names.tolist(), parts.tolist(), strict=True):
            found.setdefault(name, set()).add(part)
        assert all(len(of - {NONE}) <= 1 for of in found.values())


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("count", [3, 4, 6, 12, 60, 2000])
def test_no_picture_moves_while_others_come_and_go(count, seed):
    generator = np.random.default_rng([count, seed])
    images, before, came = rows(count, generator, 0, 5), {}, count
    for _ in range(NIGHTS):
        pictures = pictures_of(images)
        parts = draw_parts(pictures, SHARES, seed, before)
        check_unity(pictures, parts)
        assert {TRAIN, TEST} <= set(parts.tolist())
        after = remember(pictures, parts)
        moved = {name for name in after.keys() & before.keys() if after[name] != before[name]}
        pairs = zip(pictures.digests.tolist(), pictures.names.tolist(), parts.tolist(), strict=True)
        held_still = {part for digest, name, part in pairs if not {digest, name} & moved}
        # Where all that trained or was held out has gone, and nothing came, one must.
        assert not moved.intersection(pictures.digests.tolist()) or not {TRAIN, TEST} <= held_still
        before = after
        kept = generator.permutation(len(images))[: max(2, int(len(images) * generator.uniform(0.7, 1)))]
        images = [images[row] for row in kept]
        new = int(generator.integers(0, max(2, count // 4)))
        images, came = images + rows(new, generator, came, 5), came + new
        while len({digest for digest, _, _ in images}) < 3:
            images, came = images + rows(1, generator, came, 5), came + 1
