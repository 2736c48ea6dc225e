"""Decisions of every version are read."""

import json

import numpy as np

from aepipe.evaluation.seeds import SeedSpread
from aepipe.gate.comparison import Terms, compare
from aepipe.gate.decision import decision_bytes, parse_decision
from aepipe.gate.settings import PublishSettings
from aepipe.gate.verdicts import Verdict

OLD = {"recipe": "conv", "model": "conv", "verdict": "held", "reason": "Broken rule: ..."}
TERMS = Terms(PublishSettings(), SeedSpread(share=0.01))


def test_decisions_from_before_models_were_compared_by_intervals_are_read():
    for stored in ([OLD], {"schema_version": 2, "verdicts": [OLD], "data": []}):
        (verdict,) = parse_decision(json.dumps(stored).encode(), "decision.json")
        assert (verdict.verdict, verdict.comparison) == ("held", None)


def test_a_comparison_is_kept_with_its_interval():
    errors = np.linspace(0.01, 0.02, 9)
    verdict = Verdict(**OLD, comparison=compare(errors * 1.01, errors, TERMS))
    assert parse_decision(decision_bytes([verdict]), "decision.json") == (verdict,)
