"""Words that folders and tables have for parts, and for what is normal and what is not."""

import re
from collections.abc import Iterable

from aepipe.datasets.index import ANOMALOUS, NORMAL, Kind

# A name with an ending of its own, as in test_set, and one that begins or ends alike, as in seg_train beside seg_test
# and train2017 beside val2017.
PART_NAME = re.compile(
    r"(?:(?P<prefix>.+)[_-])?"
    r"(?P<part>train|training|val|valid|validation|test|testing"
    r"|dev|development|eval|evaluation|hold[_-]?out|held[_-]?out)"
    r"(?:[_-]?(?:set|data|images|imgs|split))?(?P<suffix>[_-]?(?:\d+|[ab]))?",
    re.IGNORECASE,
)
PARTS = {"val": "validation", "valid": "validation", "training": "train", "testing": "test"}
# Words of other things, too: these are parts beside one called train, and may be classes without it.
BESIDE_TRAIN = {"dev": "validation", "development": "validation", "holdout": "test", "heldout": "test"}
# The test part, or the one before it where another is called test.
EVALUATION = ("eval", "evaluation")

NORMAL_NAMES = """
good goods ok okay normal normals nominal healthy regular defectfree nodefect nodefects nondefective
"""
ANOMALOUS_NAMES = """
abnormal anomalies anomalous anomaly bad bads broken damaged defect defective defects fail failed faulty ko ng nok notok
reject rejected unhealthy
"""
NORMAL_WORDS, ANOMALOUS_WORDS = frozenset(NORMAL_NAMES.split()), frozenset(ANOMALOUS_NAMES.split())


def part_of_word(word: str) -> str | None:
    """Return the part that a word alone means: train, validation or test; None for another word."""
    word = re.sub("[ _-]", "", word.lower())
    means = {**PARTS, **BESIDE_TRAIN, **dict.fromkeys(EVALUATION, "test")}
    part = means.get(word, word)
    return part if part in ("train", "validation", "test") else None


def is_normal(word: str) -> bool:
    """Tell whether a word is one for what is normal."""
    return _letters(word) in NORMAL_WORDS


def is_anomalous(word: str) -> bool:
    """Tell whether a word is one for what is not normal, whatever it is."""
    return _letters(word) in ANOMALOUS_WORDS


def kinds_of(names: Iterable[str]) -> dict[str, Kind] | None:
    """Return the kind that each name means, where all are words for the normal or for the rest, and both are there."""
    kinds: dict[str, Kind] = {}
    for name in set(names):
        if not is_normal(name) and not is_anomalous(name):
            return None
        kinds[name] = NORMAL if is_normal(name) else ANOMALOUS
    return kinds if len(set(kinds.values())) == 2 else None


def _letters(word: str) -> str:
    return re.sub("[ _-]", "", word.lower())
