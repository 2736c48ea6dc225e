"""A log folder for TensorBoard: the event files of several trainings, as far as the store has them."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from aepipe.curves.chosen import Chosen
from aepipe.curves.names import describe_changes, model_of
from aepipe.errors import ObjectNotFoundError
from aepipe.recipes.published import PublishedModel
from aepipe.recipes.trained import TrainedRecipe
from aepipe.releases.manifest import latest_release
from aepipe.stages.results import TrainedResult, find_stage
from aepipe.store.interface import ObjectInfo, Store
from aepipe.store.local_files import local_file
from aepipe.store.names import is_name
from aepipe.store.parsing import parse_stored
from aepipe.store.refs import Ref
from aepipe.training.live_curves import DESCRIPTION, EVENTS, PREFIX

LIVE_EVENTS = re.compile(rf"{PREFIX}([0-9a-f]{{64}})/{EVENTS}/([^/]+)")
MANIFEST = re.compile(r"stages/train/([0-9a-f]{64})/manifest\.json")
# What was stopped or completed longer ago, and is in no release, is not what somebody watches.
MAX_AGE_SECONDS = 24 * 3600
RELEASE_TIME = "%Y%m%dT%H%M%SZ"
LETTERS_OF_FINGERPRINT = 6


class LogFolder:
    """A folder with a sub-folder for each training, whose files grow as the training goes on.

    They never get shorter, and none is replaced: TensorBoard reads on where it has stopped.

    Args:
        store: Where the trainings are.
        folder: Where the files go.
        chosen: Which trainings.

    Attributes:
        answered: The chosen names of which there are trainings.
    """

    def __init__(self, store: Store, folder: Path, chosen: Chosen):
        self._store, self._folder, self.chosen = store, folder, chosen
        self.answered: set[str] = set()
        self._earliest = store.clock() - MAX_AGE_SECONDS
        # By their fingerprints.
        self._names: dict[str, str | None] = {}
        self._going_on: set[str] = set()
        self._published: set[str] = set()

    def add_published(self, models: Iterable[PublishedModel]) -> list[str]:
        """Add the curves of published models, and return what they are called: nothing for those that have none."""
        found: list[str] = []
        for model in models:
            self.answered.update(self.chosen.names_of(model.name, model.recipe))
            self._published.update(model.lineage.values())
            name = f"{model.name}/{model.manifest.release}"
            paths = [file.path.removeprefix(model.path("")) for file in model.files]
            refs = {path: model.ref(self._store.url, path, "log") for path in paths if path.startswith(f"{EVENTS}/")}
            self._add(name, refs)
            found += [name] if refs else []
        return found

    def add_completed(self) -> list[str]:
        """Add the trainings that were completed since the latest release, and return what they are called.

        They are those of a run that goes on with others, of sweeps and of searches.
        """
        latest, earliest = latest_release(self._store), self._earliest
        if latest is not None:
            began = datetime.strptime(latest.partition("-")[0], RELEASE_TIME).replace(tzinfo=UTC)
            earliest = max(earliest, began.timestamp())
        found = []
        for info in self._store.list("stages/train/"):
            match = MANIFEST.fullmatch(info.key)
            if match and info.modified >= earliest and match[1] not in self._published:
                name = self._complete(match[1])
                found += [name] if name else []
        return found

    def update(self) -> list[str]:
        """Add what the trainings that go on have come to, and return what those are called that are new."""
        listed = self._listed()
        new = [name for training in listed.keys() - self._going_on if (name := self._name(training))]
        for training, infos in listed.items():
            for info in infos if self._name(training) else ():
                self._grow(training, info)
        for training in self._going_on - listed.keys():
            self._complete(training)
        self._going_on = set(listed)
        return sorted(new)

    def _listed(self) -> dict[str, list[ObjectInfo]]:
        """Return the event files of each training that goes on."""
        found: dict[str, list[ObjectInfo]] = {}
        for info in self._store.list(PREFIX):
            match = LIVE_EVENTS.fullmatch(info.key)
            if match and is_name(match[2]) and info.modified >= self._earliest:
                found.setdefault(match[1], []).append(info)
        return found

    def _name(self, training: str) -> str | None:
        """Return what a training that goes on is called; None for one that is not chosen, or that has just ended."""
        if training not in self._names:
            key = f"{PREFIX}{training}/{DESCRIPTION}"
            try:
                self._names[training] = self._named(training, self._store.get(key), key)
            except ObjectNotFoundError:
                return None
        return self._names[training]

    def _named(self, training: str, description: bytes, key: str) -> str | None:
        recipe = parse_stored(description, TrainedRecipe, key)
        model, name = model_of(recipe), f"{describe_changes(recipe.plan)} {training[:LETTERS_OF_FINGERPRINT]}"
        chosen = self.chosen.names_of(model, recipe.plan.recipe)
        self.answered.update(chosen)
        return f"{model}/{name}" if chosen and is_name(model) and is_name(name) else None

    def _grow(self, training: str, info: ObjectInfo) -> None:
        """Add what an event file in the store has more than the local one."""
        path = self._path(str(self._name(training)), info.key.rpartition("/")[2])
        if not path.exists() or path.stat().st_size < info.size:
            try:
                _append(path, self._store.get(info.key))
            except ObjectNotFoundError:
                # The training was completed since the listing.
                return

    def _complete(self, training: str) -> str | None:
        """Add all curves of a training that is complete, and return what it is called; None for one that is not chosen.

        One that was removed keeps those that it had.
        """
        done = find_stage(self._store, "train", training, TrainedResult)
        ref = done.files.get(DESCRIPTION) if done else None
        if done is None or ref is None:
            return None
        if training not in self._names:
            self._names[training] = self._named(training, local_file(self._store, ref).read_bytes(), ref.uri)
        name = self._names[training]
        if name:
            self._add(name, {path: ref for path, ref in done.files.items() if path.startswith(f"{EVENTS}/")})
        return name

    def _add(self, name: str, refs: Mapping[str, Ref]) -> None:
        for path, ref in refs.items():
            _append(self._path(name, PurePosixPath(path).name), local_file(self._store, ref).read_bytes())

    def _path(self, name: str, file: str) -> Path:
        path = self._folder / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


def _append(path: Path, data: bytes) -> None:
    """Add to a file what these bytes have more than it."""
    with open(path, "ab") as file:
        file.write(data[file.tell() :])
