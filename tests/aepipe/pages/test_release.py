"""The pages' figures: those of the channel's model stand beside a run's own where they show the same data."""

import pytest
from memory_store import MemoryStore
from releases import put_release
from results import done, result

from aepipe.pages.release import _figures
from aepipe.stages.outcome import Failed
from aepipe.stages.results import SplitResult

OLD = "20260101T000000Z-aaaaaa"
PATH = "models/mnist-dense/figures/reconstructions.png"


@pytest.mark.parametrize(("data", "count"), [("digits-fraction", 2), ("images-pets-fraction", 1)])
def test_a_figure_of_other_data_is_not_shown_for_comparison(tmp_path, data, count):
    store, own = MemoryStore(), tmp_path / "own.png"
    own.write_bytes(b"own")
    said = {"mnist-dense": {"verdict": "first", "origin": OLD, "data": "digits-fraction", "recipe": "mnist-dense"}}
    manifest = put_release(store, OLD, {"mnist-dense": b"model"}, recipes=said)
    files = [*manifest.files, manifest.files[0].model_copy(update={"path": PATH})]
    store.put(f"releases/{OLD}/{PATH}", b"theirs")
    outcome = done("mnist-dense", split=result(SplitResult, name=data))
    (figure,) = _figures(outcome, {PATH: own}, store, manifest.model_copy(update={"files": files}))
    shown = [figure, *([figure.in_production] if figure.in_production else [])]
    assert [one.png_bytes for one in shown] == [b"own", b"theirs"][:count]
    assert [OLD in one.caption for one in shown] == [False, True][:count]


def test_a_recipe_that_failed_has_no_figures_beside_those_of_the_channel():
    store = MemoryStore()
    said = {"mnist-dense": {"verdict": "first", "origin": OLD, "data": "digits-fraction"}}
    manifest = put_release(store, OLD, {"mnist-dense": b"model"}, recipes=said)
    outcome = Failed(recipe="mnist-dense", setting="tuned", error="out of memory")
    assert list(_figures(outcome, {}, store, manifest)) == []
