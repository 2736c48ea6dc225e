"""What a stage's file is good for is told from its ending, or is one clear error."""

from pathlib import PurePath

import pytest

from aepipe.errors import AepipeError
from aepipe.stages.kinds import kind_of


@pytest.mark.parametrize(
    ("path", "kind"), [("rows.npz", "data"), ("model.keras", "model"), ("tensorboard/events.out.1", "log")]
)
def test_a_file_has_the_kind_of_its_ending(path, kind):
    assert kind_of(PurePath(path)) == kind


def test_an_unknown_ending_is_one_clear_line():
    with pytest.raises(AepipeError, match=r"end with one of .*\.onnx.* Received: file='model.pte'. Add the ending"):
        kind_of(PurePath("/tmp/x/model.pte"))
