"""A stage is done once; its manifest comes last and names every file."""

import hashlib

import pytest

from aepipe.errors import CorruptObjectError, StoreError
from aepipe.stages.facts import Facts
from aepipe.stages.results import StageResult, find_stage, find_whole_stage, produce_stage
from aepipe.store import open_store
from aepipe.store.local_files import local_file


class Answer(Facts):
    """What the work of these tests came to."""

    answer: int | None = None


AnswerResult = StageResult[Answer]


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def write_answer(folder):
    (folder / "figures").mkdir()
    (folder / "figures" / "answer.json").write_bytes(b"42")
    return Answer(answer=42)


def test_a_stage_is_done_once_and_again_on_request(store):
    done = []

    def work(folder):
        done.append(1)
        return write_answer(folder)

    first = produce_stage(store, "train", "a" * 64, AnswerResult, work)
    again = produce_stage(store, "train", "a" * 64, AnswerResult, work)
    assert (first.was_cached, again.was_cached, len(done)) == (False, True, 1)
    assert again.facts == Answer(answer=42)
    assert produce_stage(store, "train", "a" * 64, AnswerResult, work, refresh=True).was_cached is False
    assert len(done) == 2


def test_a_reference_has_the_digest_and_leads_to_the_bytes(store):
    result = produce_stage(store, "train", "a" * 64, AnswerResult, write_answer)
    ref = result.files["figures/answer.json"]
    assert (ref.sha256, ref.size, ref.kind) == (hashlib.sha256(b"42").hexdigest(), 2, "document")
    assert local_file(store, ref).read_bytes() == b"42"


def test_a_stage_that_fails_leaves_nothing_that_looks_complete(store):
    def work(folder):
        write_answer(folder)
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        produce_stage(store, "train", "a" * 64, AnswerResult, work)
    assert find_stage(store, "train", "a" * 64, AnswerResult) is None
    assert list(store.list("stages/")) == []


def test_the_manifest_is_the_last_thing_written(store, monkeypatch):
    written = []
    put, put_files = store.put, store.put_files
    monkeypatch.setattr(store, "put", lambda key, data: (written.append(key), put(key, data)))
    monkeypatch.setattr(store, "put_files", lambda files: (written.extend(files), put_files(files)))
    produce_stage(store, "train", "a" * 64, AnswerResult, write_answer)
    assert written[-1].endswith("/manifest.json")
    assert len(set(written)) == 2


def test_a_second_producer_changes_no_byte_that_readers_of_the_first_have_yet_to_read(store):
    def work(seconds):
        def write(folder):
            (folder / "model.json").write_bytes(b"the same")
            (folder / "history.csv").write_bytes(seconds)
            return Answer()

        return write

    # On another machine, where no lock of this one is seen.
    first = produce_stage(store, "train", "a" * 64, AnswerResult, work(b"1.5 s"))
    second = produce_stage(store, "train", "a" * 64, AnswerResult, work(b"1.7 s"), refresh=True)
    assert local_file(store, first.files["history.csv"]).read_bytes() == b"1.5 s"
    assert local_file(store, second.files["history.csv"]).read_bytes() == b"1.7 s"
    assert find_stage(store, "train", "a" * 64, AnswerResult).files == second.files


def test_the_same_bytes_are_stored_once(store):
    for _ in range(2):
        produce_stage(store, "train", "a" * 64, AnswerResult, write_answer, refresh=True)
    assert len(list(store.list("stages/"))) == 2


def test_changed_bytes_are_noticed(store):
    ref = produce_stage(store, "train", "a" * 64, AnswerResult, write_answer).files["figures/answer.json"]
    store.put(ref.uri.removeprefix(f"{store.url}/"), b"43")
    with pytest.raises(CorruptObjectError, match="refresh"):
        local_file(store, ref)


def test_the_digest_is_of_bytes_and_facts_not_of_how_they_came_to_be(store):
    def work(folder, answer=b"42", fact=42):
        (folder / "answer.json").write_bytes(answer)
        return Answer(answer=fact)

    first = produce_stage(store, "data", "a" * 64, AnswerResult, work)
    same = produce_stage(store, "data", "b" * 64, AnswerResult, work)
    other_bytes = produce_stage(store, "data", "c" * 64, AnswerResult, lambda folder: work(folder, answer=b"43"))
    other_fact = produce_stage(store, "data", "d" * 64, AnswerResult, lambda folder: work(folder, fact=43))
    assert first.digest == same.digest
    assert len({first.digest, other_bytes.digest, other_fact.digest}) == 3


@pytest.mark.parametrize("manifest", [b"", b"{", b"[]", b"{}", b'{"files": {"../x": {}}}', b'{"schema_version": 2}'])
def test_a_damaged_result_is_made_anew_and_said(store, caplog, manifest):
    first = produce_stage(store, "train", "a" * 64, AnswerResult, write_answer)
    key = f"stages/train/{'a' * 64}/manifest.json"
    store.put(key, manifest)
    with pytest.raises(StoreError, match=f"key='{key}'"):
        find_stage(store, "train", "a" * 64, AnswerResult)
    again = produce_stage(store, "train", "a" * 64, AnswerResult, write_answer)
    assert (again.was_cached, again.digest) == (False, first.digest)
    assert "made anew" in caplog.text
    assert produce_stage(store, "train", "a" * 64, AnswerResult, write_answer).was_cached


def test_a_result_that_lost_a_file_is_made_anew(store):
    ref = produce_stage(store, "train", "a" * 64, AnswerResult, write_answer).files["figures/answer.json"]
    key = ref.uri.removeprefix(f"{store.url}/")
    for lose in (lambda: store.delete(key), lambda: store.put(key, b"")):
        lose()
        assert find_whole_stage(store, "train", "a" * 64, AnswerResult) is None
        assert not produce_stage(store, "train", "a" * 64, AnswerResult, write_answer).was_cached
        assert local_file(store, ref).read_bytes() == b"42"
