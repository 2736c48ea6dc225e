"""What a run says of data that are not taken, and what a composed release keeps for the checks of the next one."""

import pytest
from releases import put_release

from aepipe.checks.census import Census
from aepipe.checks.facts import CheckFacts
from aepipe.checks.verdict import CheckLine
from aepipe.errors import ParameterError
from aepipe.gate.verdicts import Verdict
from aepipe.publishing.contents import content_digest
from aepipe.publishing.data_checks import accept, say_all, say_broken
from aepipe.publishing.promotion import Judgement, promote_passed
from aepipe.releases.channels import point_channel
from aepipe.releases.facts import Accepted, DataSummary
from aepipe.releases.manifest import manifest_sha256, read_manifest
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

OLD, NEW = "20260101T000000Z-a", "20260201T000000Z-b"


def facts(*lines: CheckLine, error: str | None = None) -> CheckFacts:
    return CheckFacts(name="images-x", data_set="images:x", lines=lines, census=Census(counts=()), error=error)


@pytest.mark.parametrize("why", ["", "  \n"])
def test_data_are_not_taken_without_a_reason(why):
    with pytest.raises(ParameterError, match="Received: accept_data"):
        accept(why, by="Ann")
    assert accept(None, by="Ann") is None
    assert accept(" new lamps ", by="Ann") == Accepted(why="new lamps", by="Ann")


def test_a_line_for_each_broken_check_says_what_was_found_the_limit_and_the_way_out():
    holds = CheckLine(name="other sizes", holds=True, says="fine")
    broken = CheckLine(name="few", setting="data.a", limit=0.2, found=0.335, allows=0.34, holds=False, says="had 9")
    said = say_all([say_broken(facts(holds, broken), "file:///page")]).splitlines()
    assert said == [
        "data: images-x: 1 check is broken, so nothing was trained.",
        "few: 0.335, limit 0.2, had 9; --set data.a=0.34 allows it",
        'Mend the images, raise a limit, or take them as they are: --accept-data "why". What changed: file:///page',
    ]
    assert say_all([]) == ""


def test_who_accepts_data_makes_no_other_release_of_the_same():
    taken, plain = ({"preset": "full", **more} for more in ({"accept_data": "new lamps"}, {}))
    assert content_digest([], taken) == content_digest([], plain) != content_digest([], {"preset": "quick"})


def test_a_composed_release_keeps_what_is_known_of_the_data_of_every_model_in_it(tmp_path):
    store = open_store(str(tmp_path))

    def release(name: str, data_set: str, reference: str | None):
        path = f"data/{data_set}.parquet"
        said = {"verdict": "first", "origin": name, "data_set": data_set, "index": path, "recipe": "conv"}
        return put_release(
            *(store, name, {f"conv@{data_set}": name.encode()}),
            more={path: b"an index", f"data/{data_set}-measures.npz": data_set.encode()},
            recipes={f"conv@{data_set}": said},
            data_sets={data_set: DataSummary(reference=reference)},
        )

    old, new = release(OLD, "images-a", None), release(NEW, "images-b", OLD)
    point_channel(store, "production", OLD, manifest_sha256(old), action="promoted", why="tests", by="tests")
    verdicts = (Verdict(recipe="conv", model="conv@images-b", verdict="first", reason="tests"),)
    moved = promote_passed(store, "production", new, lambda _, base: Judgement(base, verdicts), None, "run")
    made = read_manifest(store, moved.channel.release)
    assert not find_problems(store, made, full=True)
    assert {name: said.reference for name, said in made.data_sets.items()} == {"images-a": None, "images-b": OLD}
    for data_set in made.data_sets:
        assert store.get(f"releases/{made.release}/data/{data_set}-measures.npz") == data_set.encode()
