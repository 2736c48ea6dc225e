"""What passed goes into the channel, what did not stays as it was, and rivals are never overwritten."""

import json

import pytest
from releases import put_release

from aepipe.errors import ConflictError, CorruptObjectError, ParameterError
from aepipe.gate.verdicts import Verdict
from aepipe.publishing import promotion
from aepipe.publishing.move import Move, latest_move
from aepipe.publishing.promotion import Judgement, promote, promote_passed, rollback
from aepipe.releases.channels import point_channel, read_channel
from aepipe.releases.manifest import manifest_bytes, manifest_sha256, read_manifest, resolve_release
from aepipe.releases.verify import find_problems
from aepipe.store import open_store

OLD, NEW, RIVAL = "20260101T000000Z-a", "20260201T000000Z-b", "20260203T000000Z-c"


@pytest.fixture
def store(store_url):
    return open_store(store_url)


def point(store, manifest):
    digest = manifest_sha256(manifest)
    return point_channel(store, "production", manifest.release, digest, action="promoted", why="tests", by="tests")


def gate(**verdicts):
    """Judge as told, whatever the channel holds."""
    found = tuple(Verdict(recipe=name, verdict=verdict, reason="tests") for name, verdict in verdicts.items())
    return lambda release, base: Judgement(base, found)


def model(store, release, recipe):
    return store.get(f"releases/{release}/models/{recipe}/model.keras")


def test_a_candidate_that_passes_whole_is_the_channels_release(store):
    new = put_release(store, NEW, {"dense": b"new", "conv": b"new too"})
    done = promote_passed(store, "production", new, gate(dense="first", conv="first"), None, "run")
    assert done.channel.release == NEW
    assert done.channel.current.why == "first: dense, conv"


def test_recipes_that_did_not_pass_keep_the_channels_models(store):
    point(store, put_release(store, OLD, {"dense": b"old dense", "conv": b"old conv", "sparse": b"old sparse"}))
    new = put_release(store, NEW, {"dense": b"new dense", "conv": b"new conv"})
    done = promote_passed(store, "production", new, gate(dense="promoted", conv="held"), None, "run")
    made = read_manifest(store, done.channel.release)
    assert made.release.startswith(f"{NEW}-")
    assert made.candidate == done.channel.current.candidate == NEW
    assert {name: model(store, made.release, name) for name in made.recipes} == {
        "dense": b"new dense",
        "conv": b"old conv",
        "sparse": b"old sparse",
    }
    assert {name: said.origin for name, said in made.recipes.items()} == {"dense": NEW, "conv": OLD, "sparse": OLD}
    assert find_problems(store, made, full=True) == []
    assert model(store, NEW, "conv") == b"new conv"


def named(recipe, data_set, **changes):
    """What a manifest of today says about a model."""
    said = {"recipe": recipe, "data_set": data_set, "data": f"{data_set}-fraction"}
    return {"verdict": "first", **said, **changes}


def test_models_of_two_data_sets_are_in_production_side_by_side(store):
    digits, shoes = "faces-conv@digits", "faces-conv@images-shoes"
    old = put_release(store, OLD, {digits: b"digits"}, recipes={digits: named("faces-conv", "digits")}, lineage={})
    point(store, old)
    said = {shoes: named("faces-conv", "images-shoes")}
    new = put_release(store, NEW, {shoes: b"shoes"}, recipes=said, lineage={})
    done = promote_passed(store, "production", new, gate(**{shoes: "first"}), None, "run")
    made = resolve_release(store, "production")
    assert {name: model(store, made.release, name) for name in made.recipes} == {shoes: b"shoes", digits: b"digits"}
    assert find_problems(store, made, full=True) == []
    assert str(latest_move(store, done.channel)) == f"Gains: {shoes}."


def test_a_model_that_an_older_version_called_by_its_recipe_is_replaced_by_the_one_of_the_same_data(store):
    point(store, put_release(store, OLD, {"faces-conv": b"old", "mnist-dense": b"old dense"}))
    name = "faces-conv@digits"
    new = put_release(store, NEW, {name: b"new"}, recipes={name: named("faces-conv", "digits")}, lineage={})
    done = promote_passed(store, "production", new, gate(**{name: "promoted"}), None, "run")
    made = resolve_release(store, "production")
    # What was kept is found under the name that programs have.
    assert {key: model(store, made.release, key) for key in made.recipes} == {name: b"new", "mnist-dense": b"old dense"}
    assert str(latest_move(store, done.channel)) == f"Replaces: {name}."


def test_a_model_that_an_older_version_called_by_its_recipe_stays_beside_the_one_of_the_recipes_own_data(store):
    point(store, put_release(store, OLD, {"faces-conv": b"old digits"}))
    new = put_release(store, NEW, {"faces-conv": b"faces"}, recipes={"faces-conv": named("faces-conv", "olivetti")})
    promote_passed(store, "production", new, gate(**{"faces-conv": "first"}), None, "run")
    made = resolve_release(store, "production")
    assert {key: model(store, made.release, key) for key in made.recipes} == {
        "faces-conv": b"faces",
        "faces-conv@digits": b"old digits",
    }
    assert find_problems(store, made, full=True) == []


def test_nothing_that_passes_leaves_the_channel_alone(store):
    point(store, put_release(store, OLD, {"dense": b"old"}))
    new = put_release(store, NEW, {"dense": b"new"})
    assert promote_passed(store, "production", new, gate(dense="held"), None, "run").channel.release == OLD
    assert promote_passed(store, "other", new, gate(dense="held"), None, "run").channel is None


def test_a_second_run_promotes_nothing_and_undoes_no_rollback(store):
    point(store, put_release(store, OLD, {"dense": b"old"}))
    new = put_release(store, NEW, {"dense": b"new"})
    promote_passed(store, "production", new, gate(dense="promoted"), None, "run")
    assert rollback(store, "production", "blurred", "tester").release == OLD
    assert promote_passed(store, "production", new, gate(dense="promoted"), None, "run").channel.release == OLD
    assert [entry.action for entry in read_channel(store, "production").history] == ["promoted", "promoted"]


def test_a_rival_between_judging_and_pointing_is_kept_and_the_models_are_judged_again(store, monkeypatch):
    point(store, put_release(store, OLD, {"dense": b"old dense", "conv": b"old conv"}))
    new = put_release(store, NEW, {"dense": b"new dense"})
    rival = put_release(store, RIVAL, {"dense": b"old dense", "conv": b"rival's conv"})
    compose, judged = promotion.compose, []

    def slow_compose(*arguments):
        made = compose(*arguments)
        if len(judged) == 1:
            point(store, rival)
        return made

    def judge(release, base):
        judged.append(base.release)
        return gate(dense="promoted")(release, base)

    monkeypatch.setattr(promotion, "compose", slow_compose)
    done = promote_passed(store, "production", new, judge, None, "run")
    assert judged == [OLD, RIVAL]
    assert model(store, done.channel.release, "conv") == b"rival's conv"
    assert model(store, done.channel.release, "dense") == b"new dense"


def test_a_held_release_is_promoted_by_force_alone_and_with_a_reason(store):
    held = put_release(store, NEW, {"dense": b"new"})
    facts = {"dense": held.recipes["dense"].model_copy(update={"verdict": "held"})}
    held = put_release(store, RIVAL, {"dense": b"new"}, recipes=facts)
    with pytest.raises(ParameterError, match=r"held=\['dense'\].*--force"):
        promote(store, "production", RIVAL, "we need it")
    with pytest.raises(ParameterError, match="needs a reason"):
        promote(store, "production", RIVAL, " ", force=True)
    entry = promote(store, "production", RIVAL, "we need it", "ada", force=True).current
    assert (entry.action, entry.why, entry.by) == ("forced", "we need it", "ada")


def test_a_channel_loses_no_model_unless_that_is_asked_for(store):
    base = point(store, put_release(store, OLD, {"dense": b"old dense", "conv": b"old conv"}))
    put_release(store, NEW, {"dense": b"new dense"})
    with pytest.raises(ParameterError, match=r"loses=\['conv'\].*has=\['dense'\].*--missing keep.*--missing drop"):
        promote(store, "production", NEW, "tests", force=True)
    assert read_channel(store, "production") == base
    promoted = promote(store, "production", NEW, "tests", missing="drop")
    assert promoted.release == NEW
    assert latest_move(store, promoted) == Move(gains=(), replaces=("dense",), loses=("conv",))


def test_a_release_can_be_promoted_beside_the_models_that_it_has_none_of(store):
    point(store, put_release(store, OLD, {"dense": b"old dense", "conv": b"old conv"}))
    put_release(store, NEW, {"dense": b"new dense", "sparse": b"sparse"})
    promoted = promote(store, "production", NEW, "tests", missing="keep")
    made = resolve_release(store, "production")
    assert (made.candidate, promoted.current.candidate) == (NEW, NEW)
    assert {name: model(store, made.release, name) for name in made.recipes} == {
        "dense": b"new dense",
        "sparse": b"sparse",
        "conv": b"old conv",
    }
    assert find_problems(store, made, full=True) == []
    assert str(latest_move(store, promoted)) == "Gains: sparse. Replaces: dense."


@pytest.mark.parametrize("missing", ["refuse", "keep", "drop"])
def test_a_release_without_a_model_is_never_in_a_channel(store, missing):
    failed = {"dense": {"verdict": "failed"}}
    put_release(store, NEW, recipes=failed)
    with pytest.raises(
        ParameterError, match=r"A run in which no recipe came to a model is not promoted\. Received: release='2026"
    ):
        promote(store, "production", NEW, "tests", force=True, missing=missing)
    assert read_channel(store, "production") is None


def test_a_channel_whose_release_is_gone_can_be_given_another(store):
    point(store, put_release(store, OLD, {"dense": b"old"}))
    put_release(store, NEW, {"dense": b"new"})
    store.delete(f"releases/{OLD}/manifest.json")
    with pytest.raises(ParameterError, match=r"Its release can't be read: .* Add --missing drop"):
        promote(store, "production", NEW, "tests")
    promoted = promote(store, "production", NEW, "tests", missing="drop")
    assert latest_move(store, promoted) is None


def test_a_release_whose_manifest_an_older_aepipe_wrote_can_be_promoted_and_read(store):
    manifest = put_release(store, OLD, {"dense": b"old"})
    fields = json.loads(manifest_bytes(manifest))
    del fields["stages"]
    store.put(f"releases/{OLD}/manifest.json", json.dumps(fields).encode())
    promote(store, "production", OLD, "tests")
    assert resolve_release(store, "production").release == OLD


def test_a_release_with_a_flipped_bit_is_not_promoted(store):
    new = put_release(store, NEW, {"dense": b"new"})
    store.put(f"releases/{NEW}/models/dense/model.keras", b"nEw")
    with pytest.raises(CorruptObjectError, match="other bytes"):
        promote(store, "production", new.release, "tests")
    assert read_channel(store, "production") is None


def test_rolling_back_needs_somewhere_to_go_and_a_whole_release(store):
    point(store, put_release(store, OLD, {"dense": b"old"}))
    with pytest.raises(ParameterError, match="once it has named two releases"):
        rollback(store, "production", "why not")
    point(store, put_release(store, NEW, {"dense": b"new"}))
    store.delete(f"releases/{OLD}/models/dense/model.keras")
    with pytest.raises(CorruptObjectError, match="missing"):
        rollback(store, "production", "blurred")
    assert read_channel(store, "production").release == NEW


def test_a_channel_that_others_keep_moving_is_given_up_and_nothing_is_lost(store, monkeypatch):
    base = point(store, put_release(store, OLD, {"dense": b"old"}))
    new = put_release(store, NEW, {"dense": b"new"})

    def refuse(*_, **__):
        raise ConflictError("Somebody else wrote this object first.")

    monkeypatch.setattr(promotion, "point_channel", refuse)
    with pytest.raises(ConflictError, match="stand still"):
        promote_passed(store, "production", new, gate(dense="promoted"), None, "run")
    assert read_channel(store, "production") == base
