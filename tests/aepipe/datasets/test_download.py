import pytest

from aepipe.datasets.download import download
from aepipe.datasets.sources import Source
from aepipe.errors import DataError

DATA = bytes(range(256)) * 8000


@pytest.fixture
def part(tmp_path):
    return tmp_path / "a.part"


@pytest.fixture
def source(server):
    server.files["/a"] = DATA
    return Source(f"{server.url}/a", True)


def test_whole_file(server, source, part, patience):
    assert download(source, part, len(DATA), patience, progress=True) is False
    assert part.read_bytes() == DATA
    assert server.ranges_of("/a") == [None]


def test_goes_on_after_a_break(server, source, part, patience):
    server.plans["/a"] = ["cut", "cut"]
    assert download(source, part, len(DATA), patience, progress=False) is True
    assert part.read_bytes() == DATA
    assert [asked is None for asked in server.ranges_of("/a")] == [True, False, False]


def test_goes_on_where_another_process_broke_off(server, source, part, patience):
    part.write_bytes(DATA[:1000])
    assert download(source, part, len(DATA), patience, progress=False) is True
    assert part.read_bytes() == DATA
    assert server.ranges_of("/a") == ["bytes=1000-"]


def test_starts_again_where_the_server_knows_no_ranges(server, source, part, patience):
    part.write_bytes(b"other" * 1000)
    server.plans["/a"] = ["no-range"]
    assert download(source, part, len(DATA), patience, progress=False) is False
    assert part.read_bytes() == DATA


def test_busy_server_is_asked_again(server, source, part, patience):
    server.plans["/a"] = [503, 429]
    download(source, part, len(DATA), patience, progress=False)
    assert part.read_bytes() == DATA


def test_gives_up_and_keeps_the_part(server, source, part, patience):
    server.plans["/a"] = ["cut", 503, 503, 503]
    with pytest.raises(DataError, match="after 3 attempts: HTTP 503"):
        download(source, part, len(DATA), patience, progress=False)
    assert DATA.startswith(part.read_bytes())
    assert part.stat().st_size > 0
    assert len(server.requests) == 3


def test_missing_file_is_asked_for_once(server, part, patience):
    with pytest.raises(DataError, match="HTTP 404"):
        download(Source(f"{server.url}/none", True), part, 10, patience, progress=False)
    assert len(server.requests) == 1


@pytest.mark.parametrize("plan", ["endless", None])
def test_size_is_bounded(server, source, part, patience, plan):
    server.plans["/a"] = [plan]
    with pytest.raises(DataError, match="at most 100000 bytes"):
        download(source, part, 100_000, patience, progress=False)
    assert not part.exists()
    assert len(server.requests) == 1
