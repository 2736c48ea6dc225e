"""Scored pictures: the table of them, what there is to say of it, and where it was written."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pydantic import JsonValue

from aepipe.checks.watched import TOPICS, WATCHED, Watched
from aepipe.datasets.own.rows import path_of
from aepipe.inference.loading import LocatedModel
from aepipe.inference.pictures import Pictures
from aepipe.inference.suspects import Suspect
from aepipe.notation import counted
from aepipe.results import Destination, ResultsManifest, place_of
from aepipe.results.manifest import TABLES
from aepipe.scoring.conformal import Promise
from aepipe.scoring.scoring import ANOMALOUS
from aepipe.scoring.spec import ScoreName

if TYPE_CHECKING:
    import pandas as pd

SCORES = TABLES["score"]
OK, BROKEN = "ok", "broken"


@dataclass(frozen=True)
class ScoredPictures:
    """What was scored.

    Attributes:
        table: A row for each picture, and for each file that none could be read from, in the order of their paths.
        worst: Those that are least like the training pictures, the worst first.
        score: The score that the verdicts are by.
        promise: What is promised of false alarms.
        watched: How they compare with the held-out pictures of the release; None where that was not looked at.
    """

    table: "pd.DataFrame"
    worst: Sequence[Suspect]
    score: ScoreName
    promise: Promise
    watched: Watched | None = None

    @property
    def num_pictures(self) -> int:
        """How many have a score."""
        return int((self.table["state"] == OK).sum())

    @property
    def num_unreadable(self) -> int:
        """How many files gave no picture."""
        return len(self.table) - self.num_pictures

    @property
    def num_anomalous(self) -> int:
        """How many are called anomalous."""
        return int((self.table["verdict"] == ANOMALOUS).sum())

    def without(self, digests: Collection[str]) -> "ScoredPictures":
        """Return the others than those with these digests."""
        left = self.table[~self.table["digest"].isin(digests)]
        worst = [suspect for suspect in self.worst if suspect.picture.digest not in digests]
        return replace(self, table=left.reset_index(drop=True), worst=worst)

    def figures(self) -> dict[str, JsonValue]:
        """Return what pages and alarms want to know."""
        return {
            "score_name": self.score,
            "num_anomalous": self.num_anomalous,
            "false_alarm_rate": self.promise.asked,
            "promised_rate": self.promise.rate,
            "num_calibration": self.promise.num_pictures,
            "mean_error": float(self.table["error"].mean()) if self.num_pictures else None,
            WATCHED: None if self.watched is None else self.watched.model_dump(mode="json"),
        }


@dataclass(frozen=True)
class Scored:
    """What became of pictures that were to be scored.

    Attributes:
        model: The model.
        destination: The store, or a folder.
        pictures: The account of them.
        scored: What was scored; nothing where there was nothing new.
        manifest: What was written; None where there was nothing new.
    """

    model: LocatedModel
    destination: Destination
    pictures: Pictures
    scored: ScoredPictures
    manifest: ResultsManifest | None

    def summary(self) -> dict[str, Any]:
        """Return all of it but the single scores, for programs."""
        return {
            "model": self.model.name,
            "recipe": self.model.recipe,
            "release": self.model.release,
            "run": None if self.manifest is None else self.manifest.run,
            "output": None if self.manifest is None else place_of(self.destination, self.manifest),
            "num_pictures": self.scored.num_pictures,
            "num_unreadable": self.scored.num_unreadable,
            "num_skipped": self.pictures.num_skipped,
            **self.scored.figures(),
            "promise": self.scored.promise.sentence,
            "passed_over": [one.model_dump(mode="json") for one in self.pictures.left_out],
            "worst": [
                {
                    "path": path_of(suspect.picture.path),
                    "score": suspect.score,
                    "p_value": suspect.p_value,
                    "verdict": suspect.verdict,
                }
                for suspect in self.scored.worst
            ],
        }

    def lines(self) -> Iterator[str]:
        """Yield what a person should know beside the worst."""
        scored, skipped = self.scored, self.pictures.num_skipped
        if skipped:
            of = f"{self.model.name} of release {self.model.release}"
            yield f"{counted(skipped, 'file has', 'files have')} scores by {of} already, and were passed over."
        yield from (f"{one.line}." for one in self.pictures.left_out)
        if self.manifest is None:
            yield "Nothing is new: nothing was written."
            return
        if scored.num_unreadable:
            yield f"{counted(scored.num_unreadable, 'file')} could not be read; {SCORES} says why."
        yield scored.promise.sentence
        if scored.watched is not None:
            yield from (scored.watched.describe(topic) for topic in TOPICS if scored.watched.is_over(topic))
        yield (
            f"{scored.num_anomalous:,} of {counted(scored.num_pictures, 'picture')} anomalous by {scored.score}, by "
            f"{self.model.name} of release {self.model.release}: {place_of(self.destination, self.manifest)}"
        )
