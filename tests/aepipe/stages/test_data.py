"""Users' own images on their way into the store: whole or not at all, said, and once for a run."""

import time
from pathlib import Path

import numpy as np
import pytest
from picture_files import save_plain
from PIL import Image
from results import done
from servers.proxy import Proxy, serving
from servers.server import make_client

from aepipe.datasets.formats import folders
from aepipe.errors import AccessDeniedError, ChangedDataError, DataError
from aepipe.gate.verdicts import Verdict
from aepipe.part_counts import say_parts
from aepipe.publishing.contents import summarise
from aepipe.splits import SplitSettings
from aepipe.stages.data import (
    DataParameters,
    DataSettings,
    DataStage,
    account_lines,
    load_data,
)
from aepipe.stages.facts import DataFacts
from aepipe.stages.request import TrainingRequest
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store

pytestmark = pytest.mark.usefixtures("cache")


def of(location, **settings):
    return DataParameters(data_set=f"images:{location}", settings=DataSettings(**settings))


def count_reads(monkeypatch):
    reads, read = [], folders._read
    monkeypatch.setattr(folders, "_read", lambda path, stamp: (reads.append(Path(path).name), read(path, stamp))[1])
    return reads


def test_what_was_taken_is_in_the_facts_and_is_said(store, pets):
    (pets / "a" / "notes.txt").write_text("text")
    result = DataStage(of(pets)).produce(store)
    lines = account_lines(result)
    assert lines[0] == "4 images of 8 x 8, grey, from 4 of 5 files"
    assert "1 left out, no picture: 1 .txt" in lines
    verdict = Verdict(recipe="conv", verdict="failed", reason="", rules=())
    summary = summarise("20260101T020000Z-aaaaaa", done("conv", data=result), verdict)
    assert summary.input["num_files"] == 5
    summary.model_dump_json()


def test_frames_of_a_file_stay_together_in_the_store_and_the_shares_are_said(store, pets):
    for number in range(12):
        frames = [Image.fromarray(np.full((8, 8), 10 + 3 * number + frame, np.uint8)) for frame in range(3)]
        frames[0].save(pets / "a" / f"{number}.tif", save_all=True, append_images=frames[1:])
    data = DataStage(of(pets)).produce(store)
    split = SplitStage(data, SplitSettings()).produce(store)
    files, parts = load_data(store, data).files, load_split(store, split).parts
    assert sum(len(set(files[rows])) for rows in parts.values()) == len(set(files)) == 16
    assert f"{len(parts['test']) / 40:.0%} held out (30%)" in say_parts(split.facts)


def test_known_sets_and_results_of_an_older_version_have_no_account(store):
    result = DataStage(DataParameters(data_set="digits")).produce(store)
    assert account_lines(result) == []
    older = result.facts.model_dump(exclude={"account", "identity", "sample_bits"})
    assert account_lines(result.model_copy(update={"facts": DataFacts(**older)})) == []


def test_more_left_out_than_is_allowed_ends_it_also_when_it_is_in_the_store(store, pets):
    (pets / "a" / "broken.png").write_bytes(b"no picture")
    for _ in range(2):
        with pytest.raises(DataError, match=r"At most 10% .*left_out='20%'.*a/broken\.png.*data\.most_left_out"):
            DataStage(of(pets)).produce(store)
    assert DataStage(of(pets, most_left_out=0.2)).produce(store).was_cached


def test_a_picture_that_arrives_later_belongs_to_the_next_run(store, pets, monkeypatch):
    reads = count_reads(monkeypatch)
    begun = DataStage(of(pets)).produce(store)
    # Once for the size that suits them, once for the pixels.
    assert sorted(reads) == sorted(2 * [f"{number}.png" for number in range(4)])
    save_plain(pets / "a" / "9.png", 9)
    reads.clear()
    parameters = of(pets, identity=begun.facts.identity)
    for later in (DataStage(parameters).find(store), DataStage(parameters).produce(store, refresh=True)):
        assert later.fingerprint == begun.fingerprint
    assert reads == []
    assert DataStage(of(pets)).produce(store).facts.num_images == 5
    with pytest.raises(ChangedDataError, match="those that the run began with"):
        DataStage(parameters).produce(open_store(store.url + "-of-another"))


def test_a_request_carries_the_identity(store, pets):
    request = TrainingRequest(recipe="faces-conv", data_set=f"images:{pets}").with_identity("a" * 64)
    assert request.data_parameters().settings.identity == "a" * 64
    assert TrainingRequest.of(request.model_dump(mode="json")) == request
    assert request.with_identity(None) == TrainingRequest(recipe="faces-conv", data_set=f"images:{pets}")


def test_the_task_has_a_name_without_reading_anything(pets, monkeypatch):
    reads = count_reads(monkeypatch)
    assert DataStage(of(pets)).label() == "data/pets"
    assert len(DataStage(of(pets, identity="a" * 64)).label()) == len("data/") + 12
    assert reads == []


def test_a_file_that_is_written_while_it_is_read_is_read_again(store, pets, monkeypatch):
    read, changes = folders._read, [1, 2]

    def change_and_read(path, stamp):
        if path.endswith("/0.png") and changes:
            time.sleep(0.01)  # Longer than a tick of the file system's clock.
            save_plain(Path(path), 100 + changes.pop())
        return read(path, stamp)

    monkeypatch.setattr(folders, "_read", change_and_read)
    data = load_data(store, DataStage(of(pets)).produce(store))
    assert data.images[0][0, 0, 0] == 101
    changes += range(20)
    with pytest.raises(ChangedDataError, match=r"0\.png"):
        DataStage(of(pets)).produce(store, refresh=True)


def test_refresh_reads_again(store, pets, monkeypatch):
    DataStage(of(pets)).produce(store)
    assert DataStage(of(pets)).produce(store).was_cached
    assert not DataStage(of(pets)).produce(store, refresh=True).was_cached


class Refusing(Proxy):
    """Answers one folder's objects with a status as often as it is told, and may flip a bit of what it forwards."""

    status, times = 503, 0

    def answer(self, method, path, headers):
        if "/a/" not in path or not self.times:
            return None
        self.times -= 1
        return self.status, b"<Error><Code>SlowDown</Code></Error>"


@pytest.fixture
def own(pets, s3_server, lead_to, monkeypatch):
    """The pets under a prefix, behind a proxy; waiting between tries takes no time."""
    client = make_client(s3_server)
    for path in sorted(pets.rglob("*.png")):
        key = f"own/{path.relative_to(pets).as_posix()}"
        client.put_object(Bucket=s3_server.bucket, Key=key, Body=path.read_bytes())
    lead_to(s3_server)
    monkeypatch.setattr("tenacity.nap.time.sleep", lambda seconds: None)
    with serving(Refusing(s3_server.endpoint_url)) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", proxy.endpoint_url)
        yield proxy, of(f"s3://{s3_server.bucket}/own")


def test_a_server_that_is_busy_for_a_moment_takes_no_picture_away(store, own):
    proxy, parameters = own
    proxy.times, proxy.bodies_to_cut = 2, 1
    assert DataStage(parameters).produce(store).facts.num_images == 4


def test_a_server_that_fails_leaves_nothing_in_the_store_and_a_healthy_one_gives_all(store, own):
    proxy, parameters = own
    proxy.status, proxy.times = 403, 100
    with pytest.raises(AccessDeniedError, match=r"own/a/.*status=403"):
        DataStage(parameters).produce(store)
    assert list(store.list("stages/data")) == []
    proxy.times = 0
    assert DataStage(parameters).produce(store).facts.num_images == 4


def test_a_bit_that_flips_on_the_way_is_noticed(store, own):
    proxy, parameters = own
    clean = DataStage(parameters).produce(store).facts.images_sha256
    flipped, asked = [], len(proxy.requests)

    def answer(method, path, headers):
        # Of the objects, which are read side by side, whichever comes next.
        if path.endswith(".png") and not flipped:
            flipped.append(path)
            proxy.bodies_to_flip = 1

    proxy.answer = answer
    refreshed = DataStage(parameters).produce(store, refresh=True)
    assert refreshed.facts.images_sha256 == clean
    # The listing, four objects, and one of them once more.
    assert proxy.bodies_to_flip == 0
    assert len(proxy.requests) - asked == 6
