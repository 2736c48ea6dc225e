import json

import numpy as np
import pytest
from command_line import app
from PIL import Image

from aepipe.datasets.index import read_index


@pytest.fixture
def shoes(tmp_path):
    for name, value in (("a/1.png", 1), ("a/2.png", 2), ("b/3.png", 2)):
        path = tmp_path / "shoes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(path)
    (tmp_path / "shoes" / "b" / "4.png").write_bytes(b"broken")
    return tmp_path / "shoes"


def index(capsys, *arguments):
    app(["datasets", "index", *map(str, arguments)], standalone_mode=False)
    return capsys.readouterr()


def test_what_a_run_would_take_is_counted_and_written(shoes, tmp_path, capsys):
    shown = index(capsys, f"images:{shoes}", "--json", "--output", tmp_path / "index.parquet")
    counts = {(row["what"], row["value"]): row["files"] for row in json.loads(shown.out)}
    assert counts["class", "a"] == 2
    assert {value: count for (what, value), count in counts.items() if what == "state"} == {
        **{"ok": 2, "duplicate": 1, "broken": 1}
    }
    assert "3 images of 8 x 8, grey, from 3 of 4 files" in shown.err
    assert "b/4.png" in shown.err
    assert len(read_index(tmp_path / "index.parquet")) == 4
    index(capsys, f"images:{shoes}", "--set", "data.size=4", "--output", tmp_path / "index.csv")
    assert (tmp_path / "index.csv").read_text().startswith("path,bytes_sha256,")
