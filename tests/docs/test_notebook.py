"""The page for notebooks is run, block by block, in one namespace."""

import warnings

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from documents import blocks, text_of

BLOCKS = [block for language, block in blocks(text_of("docs/notebook.md")) if language == "python"]


def test_the_blocks_run_in_their_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AEPIPE_CACHE", str(tmp_path / "cache"))
    assert len(BLOCKS) >= 5
    names: dict = {}
    with matplotlib.rc_context({"backend": "agg"}):
        for number, block in enumerate(BLOCKS):
            with warnings.catch_warnings():
                exec(compile(block, f"block {number} of docs/notebook.md", "exec"), names)
        plt.close("all")
    verdicts = np.reshape(names["table"]["verdict"].to_numpy() == "anomalous", (2, 20))
    ones, sevens = verdicts.mean(axis=1)
    assert ones < 0.5 < sevens
    assert names["restored"].shape == names["noisy"].shape
    assert names["restored"].dtype == np.uint8
