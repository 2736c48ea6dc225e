"""Scores of somebody's pictures by a published model: a table with verdicts, heat maps of the worst, and a page."""

import shutil
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from pydantic import JsonValue

from aepipe.cells import as_cell
from aepipe.datasets.own.rows import path_of
from aepipe.errors import ParameterError
from aepipe.inference.held_out import read_held_out
from aepipe.inference.loaded import LoadedModel
from aepipe.inference.observation import Observation
from aepipe.inference.pictures import Picture, Pictures, Unreadable
from aepipe.inference.scored import BROKEN, OK, SCORES, Scored, ScoredPictures
from aepipe.inference.suspects import Suspect, keep_worst, write_heat_maps
from aepipe.inference.using import Batches, open_job
from aepipe.inference.watch import Sampled, Verdicts, WatchSettings, watch
from aepipe.results import Use, working_folder, write_results
from aepipe.scoring.conformal import DEFAULT_RATE, make_promise
from aepipe.scoring.spec import ScoreName
from aepipe.store import Store

if TYPE_CHECKING:
    import pandas as pd

CSV, PAGE, HISTOGRAM = "scores.csv", "page.html", "scores.png"
# A page of more is too large to be opened.
DEFAULT_WORST, MAX_WORST = 20, 200
COLUMNS = (
    *("path", "digest", "error", "score", "score_name", "p_value", "verdict", "model", "release", "state", "reason"),
)
NUMBERS = ("error", "score", "p_value")


@dataclass(frozen=True)
class _Judge:
    """What pictures are judged by.

    Attributes:
        loaded: The model.
        score: The score that decides.
        rate: The false alarm rate that is asked for.
        most_worst: So many have heat maps.
        watching: When alarms and drift are over their limits.
        held_out: The release's pictures, which these are compared with.
        seen: What these look like.
    """

    loaded: LoadedModel
    score: ScoreName
    rate: float
    most_worst: int
    watching: WatchSettings
    held_out: Sampled
    seen: Observation = field(default_factory=Observation)

    def watch(self, scored: ScoredPictures) -> ScoredPictures:
        """Return scored pictures with how they compare with the held-out ones."""
        verdicts = Verdicts(scored.num_pictures, scored.num_unreadable, scored.num_anomalous, scored.promise.rate)
        table = scored.table[scored.table["state"] == OK]
        # Where the plain error decides it is the one score.
        scores: dict[str, np.ndarray] = {
            "mse": table["error"].to_numpy(np.float64),
            self.score: table["score"].to_numpy(np.float64),
        }
        new = Sampled(scores, self.seen.columns())
        return replace(scored, watched=watch(verdicts, new, self.held_out, self.watching))


def score_pictures(
    images: str | None,
    store: Store | str | Path,
    model: str,
    channel: str = "production",
    rows: str | None = None,
    output: str | Path | None = None,
    new_only: bool = False,
    false_alarm_rate: float = DEFAULT_RATE,
    score: str | None = None,
    worst: int = DEFAULT_WORST,
    watching: WatchSettings = WatchSettings(),  # noqa: B008 - frozen
    flow_run: str | None = None,
) -> Scored:
    """Score pictures, and write scores.parquet, scores.csv, heat maps of the worst and page.html.

    Args:
        images: A folder, a .zip, .tar or .npz file, or an s3:// prefix.
        store: An open store, or its URL.
        model: The name of the model that is used.
        channel: A channel's name, or a release's id.
        rows: Rows of a built-in data set in place of pictures.
        output: A new or empty folder for the results, in place of the store.
        new_only: Only pictures that no scores in the store are of, by this model of this release.
        false_alarm_rate: Share of normal pictures that may be called anomalous.
        score: mse, local, neighbours or combined; the one that was chosen for the model where None.
        worst: How many heat maps.
        watching: When alarms and drift are over their limits.
        flow_run: The flow run that this is part of.

    Raises:
        ParameterError: a parameter has no such value, or the folder has something in it.
        DataError: there are no pictures, or one can't be had.
        ObjectNotFoundError: there is no such model, or its release has no calibration of it.
        StoreError: the store or the disk does not do what is asked.
    """
    import pandas as pd

    _check(false_alarm_rate, worst)
    with open_job("score", images, rows, store, model, channel, output, new_only) as job:
        located, pictures, destination = job.model, job.pictures, job.destination
        name, promise = located.scoring.known(score), located.scoring.promise(false_alarm_rate)
        batches = job.batches()
        if batches is None:
            nothing = ScoredPictures(pd.DataFrame(columns=COLUMNS), (), name, promise)
            return Scored(located, destination, pictures, nothing, None)
        judge = _Judge(located.load(), name, false_alarm_rate, worst, watching, read_held_out(located))
        scored = judge.watch(_score(batches, judge))
        chosen: dict[str, JsonValue] = {"score": score, "new_only": new_only, "worst": worst}
        settings = {"false_alarm_rate": false_alarm_rate, **chosen}
        use = job.describe(flow_run, settings, scored.figures())
        with working_folder(destination) as folder:
            files = _Files(folder, judge, pictures, scored, use)
            files.write()
            manifest = write_results(destination, use, folder, job.before, files.leave_out)
    return Scored(located, destination, pictures, files.scored, manifest)


@dataclass
class _Files:
    """The files of results, made anew where others came to some of the pictures meanwhile."""

    folder: Path
    judge: _Judge
    pictures: Pictures
    scored: ScoredPictures
    use: Use

    def write(self) -> None:
        """Write all of them."""
        from aepipe.evaluation.figures.score_histograms import draw_score_histogram
        from aepipe.pages.scores import ScoresPage, render_scores

        scored, judge, folder = self.scored, self.judge, self.folder
        table, scoring = scored.table, judge.loaded.scoring
        table.to_parquet(folder / SCORES, index=False)
        cells = {name: table[name].map(as_cell, na_action="ignore") for name in COLUMNS if name not in NUMBERS}
        table.assign(**cells).to_csv(folder / CSV, index=False, lineterminator="\n")
        if scored.num_pictures:
            values = table.loc[table["state"] == OK, "score"].to_numpy(np.float64)
            threshold = scoring.threshold(judge.score, judge.rate)
            calibration = scoring.calibration[judge.score]
            draw_score_histogram(calibration, values, threshold, judge.score, folder / HISTOGRAM)
        heat_maps = list(write_heat_maps(scored.worst, judge.loaded, judge.rate, folder))
        page = ScoresPage(
            use=self.use,
            promise=scored.promise,
            why=scoring.spec.why if judge.score == scoring.spec.score else None,
            broken=_broken(table),
            left_out=[one.line for one in self.pictures.left_out],
            histogram=folder / HISTOGRAM if scored.num_pictures else None,
            heat_maps=dict(zip([path_of(one.picture.path) for one in scored.worst], heat_maps, strict=True)),
        )
        (folder / PAGE).write_text(render_scores(page), encoding="utf-8")

    def leave_out(self, digests: Collection[str]) -> Use | None:
        """Make them anew without these pictures; None where none of them is among these."""
        left = self.scored.without(digests)
        num_gone = len(self.scored.table) - len(left.table)
        if not num_gone:
            return None
        self.pictures.num_skipped += num_gone
        self.scored = left = self.judge.watch(left)
        changes = {
            "num_pictures": left.num_pictures,
            "num_unreadable": left.num_unreadable,
            "num_skipped": self.pictures.num_skipped,
            "summary": left.figures(),
        }
        self.use = self.use.model_copy(update=changes)
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.write()
        return self.use


def _check(false_alarm_rate: float, worst: int) -> None:
    """Refuse wrong numbers before anything is read."""
    make_promise(1, false_alarm_rate)
    if not 0 <= worst <= MAX_WORST:
        raise ParameterError(
            f"At most {MAX_WORST} pictures have heat maps: a page of more is too large to be opened.", worst=worst
        )


def _score(batches: Batches, judge: _Judge) -> ScoredPictures:
    """Score pictures, in bounded memory but for a row of each."""
    import pandas as pd

    worst: list[Suspect] = []
    tables = []
    for batch in batches:
        table = _begin_table(batch, judge)
        good = [found for found in batch if isinstance(found, Picture)]
        if good:
            judged, suspects = _judge(good, judge)
            table.loc[table["state"] == OK, judged.columns] = judged.to_numpy()
            worst = keep_worst([*worst, *suspects], judge.most_worst)
        tables.append(table)
    table = pd.concat(tables, ignore_index=True).astype(dict.fromkeys(NUMBERS, np.float64))
    return ScoredPictures(table, worst, judge.score, judge.loaded.scoring.promise(judge.rate))


def _judge(pictures: Sequence[Picture], judge: _Judge) -> "tuple[pd.DataFrame, list[Suspect]]":
    """Return error, score, p_value and verdict of each picture, and the worst of them."""
    originals = np.stack([picture.pixels for picture in pictures])
    reconstructions, codes = judge.loaded.see(originals, len(originals))
    judge.seen.add([picture.digest for picture in pictures], originals, codes)
    scoring = judge.loaded.scoring
    judged = scoring.judge(scoring.scores(originals, reconstructions, codes), judge.rate, judge.score)
    worst = judged.sort_values("score", ascending=False, kind="stable").head(judge.most_worst)
    # Copies, because a view of one row keeps the whole batch in memory.
    suspects = [
        Suspect(pictures[row], reconstructions[row].copy(), score, p_value, verdict)
        for row, _, score, p_value, verdict in worst.itertuples()
    ]
    return judged, suspects


def _begin_table(batch: Sequence[Picture | Unreadable], judge: _Judge) -> "pd.DataFrame":
    """Return a row for each of a batch with what is known before it is judged."""
    import pandas as pd

    reasons = [found.reason if isinstance(found, Unreadable) else None for found in batch]
    known = {
        "path": [path_of(found.path) for found in batch],
        "digest": [found.digest for found in batch],
        "score_name": judge.score,
        "verdict": None,
        "model": judge.loaded.name,
        "release": judge.loaded.release,
        "state": [OK if reason is None else BROKEN for reason in reasons],
        "reason": reasons,
    }
    return pd.DataFrame(known, columns=COLUMNS, dtype=object)


def _broken(table: "pd.DataFrame") -> list[tuple[str, str]]:
    """Return path and reason of each file that no picture could be read from."""
    rows = table.loc[table["state"] == BROKEN, ["path", "reason"]]
    return [(path, reason) for path, reason in rows.itertuples(index=False)]
