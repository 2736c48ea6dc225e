"""Files of a release that its scores are kept in: spec, calibration and training codes."""

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from aepipe.datasets.appearance import MEASURES
from aepipe.errors import CorruptObjectError
from aepipe.scoring.neighbours import Reference
from aepipe.scoring.scores import SCORES
from aepipe.scoring.scoring import Scoring
from aepipe.scoring.spec import ScoreName, ScoringSpec
from aepipe.store.parsing import corrupt_object, parse_stored

SPEC, CALIBRATION, REFERENCE = "scoring.json", "calibration.parquet", "scoring-reference.npz"
FILES = (SPEC, CALIBRATION, REFERENCE)


def write_scoring(scoring: Scoring, folder: Path) -> None:
    """Write the three files into a folder."""
    import pandas as pd

    (folder / SPEC).write_text(scoring.spec.model_dump_json(indent=2))
    columns: dict[str, np.ndarray] = {**dict(scoring.calibration.items()), **scoring.appearance}
    table = pd.DataFrame(columns)
    table.insert(0, "digest", [digest.decode() for digest in scoring.digests])
    table.to_parquet(folder / CALIBRATION, index=False)
    np.savez(folder / REFERENCE, codes=scoring.reference.codes, digests=scoring.reference.digests)


def read_scoring(paths: Mapping[str, Path]) -> Scoring:
    """Return what `write_scoring` wrote.

    Args:
        paths: Where each of `FILES` is.

    Raises:
        CorruptObjectError: one of them is not what was written.
        NewerObjectError: a newer aepipe wrote them, in a form that this one does not know.
    """
    spec = parse_stored(paths[SPEC].read_bytes(), ScoringSpec, SPEC)
    digests, calibration, appearance = _read_calibration(paths[CALIBRATION])
    if spec.score not in calibration:
        raise corrupt_object(CALIBRATION, ValueError(f"it has no column {spec.score}"))
    return Scoring(spec, _read_reference(paths[REFERENCE]), calibration, digests, appearance)


def _read_calibration(path: Path) -> tuple[np.ndarray, dict[ScoreName, np.ndarray], dict[str, np.ndarray]]:
    import pandas as pd

    try:
        table = pd.read_parquet(path)
        digests = np.array(table.pop("digest").str.encode("ascii").tolist(), "S")
        # Columns of a newer version are passed over.
        calibration = {name: table[name].to_numpy(np.float64) for name in SCORES if name in table}
        appearance = {name: table[name].to_numpy(np.float32) for name in MEASURES if name in table}
    # pyarrow's errors of damaged files are of both kinds.
    except (OSError, ValueError, KeyError) as error:
        raise corrupt_object(CALIBRATION, error) from None
    if not len(digests) or not all(np.isfinite(values).all() for values in calibration.values()):
        raise CorruptObjectError(
            "A calibration has at least one picture, each with finite scores.", key=CALIBRATION, num_rows=len(digests)
        )
    return digests, calibration, appearance


def _read_reference(path: Path) -> Reference:
    try:
        with path.open("rb") as file, np.load(file) as arrays:
            return Reference(arrays["codes"], arrays["digests"])
    except (zipfile.BadZipFile, ValueError, KeyError) as error:
        raise corrupt_object(REFERENCE, error) from None
