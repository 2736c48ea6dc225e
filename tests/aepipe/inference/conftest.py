"""A published model, pictures that it is used on, and their codes, for the tests of its uses."""

import numpy as np
import pytest
from PIL import Image
from published_models import RECIPE, publish

from aepipe.inference.encoding import encode_pictures
from aepipe.store import open_store


@pytest.fixture(scope="session")
def digits_store(trained_files, tmp_path_factory):
    """A store with a release of a model of digits."""
    opened = open_store(str(tmp_path_factory.mktemp("store")))
    publish(opened, trained_files, {RECIPE: "first"}, recipe=RECIPE)
    return opened


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """Twelve pictures in two folders, one that is another's copy, and one that is broken."""
    folder = tmp_path_factory.mktemp("pictures")
    generator = np.random.default_rng(0)
    for number in range(12):
        path = folder / ("even" if number % 2 == 0 else "odd") / f"{number:02d}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(generator.integers(0, 256, (8, 8), np.uint8)).save(path)
    (folder / "odd" / "copy.png").write_bytes((folder / "even" / "04.png").read_bytes())
    (folder / "odd" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno more")
    return folder


@pytest.fixture(scope="session")
def encoded(digits_store, pictures, tmp_path_factory):
    """What became of the pictures' codes, which are in a folder."""
    folder = tmp_path_factory.mktemp("codes") / "new"
    return encode_pictures(str(pictures), digits_store, RECIPE, output=folder, file_format="npy"), folder
