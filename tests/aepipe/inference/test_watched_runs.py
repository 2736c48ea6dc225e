"""Scoring runs over time: their page shows all of them whoever writes it, and people are told once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from aepipe.checks.watched import DriftFact, Spread, Watched
from aepipe.inference import watched_runs
from aepipe.inference.watched_runs import news_of, note_told, page_key, read_runs, watched_of, write_page
from aepipe.results import Use, working_folder, write_results
from aepipe.results.manifest import run_prefix
from aepipe.store import open_store

MODEL, RELEASE = "conv@images-photos", "20260101T020000Z-1a2b3c"
START = datetime(2026, 2, 1, 2, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "store"))


def watched(alarms: int = 3, drift: bool | None = False, has_too_many: bool | None = False) -> Watched:
    size, p_value = (None, None) if drift is None else (0.5, 1e-6) if drift else (0.05, 0.5)
    return Watched(
        num_pictures=300,
        num_unreadable=1,
        num_alarms=alarms,
        num_reference=500,
        rate=0.01,
        alarm_p_value=1e-9 if has_too_many else 0.6,
        false_alarms=0.001,
        has_too_many_alarms=has_too_many,
        spreads={"combined": Spread(new=(1, 2, 3), reference=(1.1, 2.1, 3.1))},
        drift=(DriftFact(name="brightness", size=size, limit=0.2, p_value=p_value, is_over=drift, says="median 0.4"),),
    )


def put_run(store, hour: int, found: Watched | None = None, **changes):
    """Write results of a scoring run that came to this."""
    summary = {"score_name": "combined"} | ({} if found is None else {"watched": found.model_dump(mode="json")})
    given = {
        "kind": "score",
        "model": MODEL,
        "recipe": "faces-conv",
        "release": RELEASE,
        "model_sha256": "0" * 64,
        "settings": {},
        "source": "/srv/<inbox>",
        "inputs_sha256": "1" * 64,
        "num_pictures": 300,
        "started": (START + timedelta(hours=hour)).isoformat(),
        "hardware": "CPU",
        "summary": summary,
    }
    with working_folder(store) as folder:
        (folder / "page.html").write_text("page")
        return write_results(store, Use(**{**given, **changes}), folder)


def page_of(store) -> str:
    return store.get(page_key(MODEL)).decode()


def test_the_page_shows_runs_with_links_and_figures(store):
    first = put_run(store, 0, watched())
    second = put_run(store, 1, watched(90, drift=True, has_too_many=True), release="20260201T020000Z-4d5e6f")
    put_run(store, 2, None, kind="encode")
    assert write_page(store, MODEL) == f"{store.url}/results/{MODEL}/index.html"
    page = page_of(store)
    assert page.index(f'href="{second.run}/page.html"') < page.index(f'href="{first.run}/page.html"')
    assert "2 scoring runs" in page
    assert "90 alarms in 300 pictures, 30% where 1% is promised, p under 0.0001." in page
    assert "Drift: brightness 0.50, limit 0.2, p under 0.0001 (median 0.4)." in page
    assert 'href="../../releases/20260201T020000Z-4d5e6f/report.html"' in page
    assert "/srv/&lt;inbox&gt;" in page
    assert page.count("data:image/webp") == 1


def test_what_could_not_be_told_is_said(store):
    put_run(store, 0, watched(0, drift=None, has_too_many=None))
    write_page(store, MODEL)
    assert "Drift can&#39;t be told." in page_of(store)


def test_a_model_that_was_never_watched_has_no_page(store):
    put_run(store, 0, None)
    assert write_page(store, MODEL) is None
    assert not store.exists(page_key(MODEL))


def test_of_two_runs_at_once_both_are_in_the_page_afterwards(store, monkeypatch):
    monkeypatch.setattr(watched_runs, "MAX_WAIT_SECONDS", 0.05)
    # The chart takes a second, and is the same.
    monkeypatch.setattr(watched_runs, "render_watching", lambda model, runs, url: " ".join(run.page for run in runs))
    barrier = Barrier(6)

    def run(hour: int) -> str:
        barrier.wait()
        done = put_run(store, hour, watched())
        write_page(store, MODEL)
        return done.run

    with ThreadPoolExecutor(6) as pool:
        runs = list(pool.map(run, range(6)))
    assert sorted(page_of(store).split()) == sorted(f"{run}/page.html" for run in runs)


def test_no_manifest_is_read_twice_and_what_was_removed_stays_without_a_link(store, monkeypatch):
    first, second = put_run(store, 0, watched()), put_run(store, 1, watched())
    put_run(store, 2, None, kind="encode")
    before = read_runs(store, MODEL)
    read = []
    monkeypatch.setattr(watched_runs, "read_results", lambda *of: read.append(of))
    assert read_runs(store, MODEL) == before
    assert read == []
    store.delete_many([info.key for info in store.list(run_prefix(MODEL, first.run))])
    assert [(run.run, run.page) for run in read_runs(store, MODEL)] == [
        (second.run, f"{second.run}/page.html"),
        (first.run, None),
    ]


def test_the_page_is_bounded(store, monkeypatch):
    monkeypatch.setattr(watched_runs, "MAX_RUNS", 2)
    runs = [put_run(store, hour, watched()).run for hour in range(3)]
    for _ in range(2):
        assert [run.run for run in read_runs(store, MODEL)] == runs[:0:-1]


def test_what_was_read_before_may_be_damaged(store):
    run = put_run(store, 0, watched()).run
    read_runs(store, MODEL)
    store.put(f"results/{MODEL}/runs.json", b"{")
    assert [found.run for found in read_runs(store, MODEL)] == [run]


def test_people_are_told_once_when_it_goes_over_and_once_when_it_is_back(store):
    told = []
    nights = [
        watched(),
        watched(90, drift=True, has_too_many=True),
        watched(80, drift=True, has_too_many=True),
        # Too few to tell: nothing is over again because of that.
        watched(0, drift=None, has_too_many=None),
        watched(drift=True, has_too_many=False),
        watched(),
        watched(),
    ]
    for hour, found in enumerate(nights):
        run = watched_of(put_run(store, hour, found))
        topics = news_of(store, run, MODEL)
        told.append({topic: found.is_over(topic) for topic in topics})
        if topics:
            note_told(store, run, MODEL, topics)
    assert told == [{}, {"alarms": True, "drift": True}, {}, {}, {"alarms": False}, {"drift": False}, {}]
