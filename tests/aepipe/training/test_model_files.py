"""Keras files that were made to harm: each is refused with the project's own error, before anything is built."""

import io
import json
import resource
import zipfile

import h5py
import numpy as np
import pytest

from aepipe.errors import ModelFileError
from aepipe.models import build
from aepipe.models.options import DenseOptions, count_parameters
from aepipe.training.model_files import Expected, load_published
from aepipe.training.runtime import keras
from aepipe.training.saving import save_model

SHAPE = (8, 8, 1)
OPTIONS = DenseOptions(code_size=8, hidden_widths=(24,))
EXPECTED = Expected(count_parameters(OPTIONS, SHAPE), SHAPE, SHAPE)


@pytest.fixture(scope="module")
def members(tmp_path_factory) -> dict[str, bytes]:
    path = tmp_path_factory.mktemp("model") / "model.keras"
    save_model(build(OPTIONS, SHAPE, seed=0).model, path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture
def write(tmp_path, members):
    """Writes the model with some members changed, and returns the file."""

    def write(packing: int = zipfile.ZIP_STORED, **changes: bytes):
        names = {"config": "config.json", "weights": "model.weights.h5", "metadata": "metadata.json"}
        changed = members | {names.get(name, name): data for name, data in changes.items()}
        with zipfile.ZipFile(tmp_path / "model.keras", "w", packing) as archive:
            for name, data in changed.items():
                archive.writestr(name, data)
        return tmp_path / "model.keras"

    return write


def refuse(path, rule: str, expected: Expected | None = EXPECTED) -> None:
    with pytest.raises(ModelFileError, match=rule) as caught:
        load_published(path, expected)
    assert "\n" not in str(caught.value)


def changed_units(members: dict[str, bytes], units: int) -> bytes:
    text = members["config.json"].decode()
    assert '"units": 24' in text
    return text.replace('"units": 24', f'"units": {units}').replace("[null, 24]", f"[null, {units}]").encode()


def weights(write) -> bytes:
    target = io.BytesIO()
    with h5py.File(target, "w") as file:
        write(file)
    return target.getvalue()


def test_an_honest_model_loads_whatever_is_expected_of_it(write):
    images = np.linspace(0, 1, 128, dtype=np.float32).reshape(2, *SHAPE)
    alone, compared = load_published(write()), load_published(write(), EXPECTED)
    np.testing.assert_array_equal(alone.predict(images, verbose=0), compared.predict(images, verbose=0))


def test_a_model_that_is_wider_than_its_weights_takes_no_memory(write, members):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refuse(write(config=changed_units(members, 20_000_000)), "as many weights as its file", expected=None)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000
    # Nor later, when Keras fills what it has kept.
    with keras.StatelessScope():
        pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(
    ("config", "rule"),
    [
        (b"[" * 100_000 + b"]" * 100_000, "safe mode loads.*RecursionError"),
        (b'{"a":' * 100 + b"1" + b"}" * 100, "at most 64 levels and 1,000 objects.*levels=101"),
        (json.dumps([{"class_name": "Dense"}] * 2000).encode(), "objects=2000"),
        (b" " * 5_000_000, "at most 4,194,304 bytes"),
        (b"{}", "file has a model.*'dict'"),
        (b"", "safe mode loads"),
        (b'{"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}}', "file has a model.*'Dense'"),
    ],
    ids=["too deep to read", "deep", "many layers", "long", "empty", "nothing", "a layer"],
)
def test_a_configuration_that_is_none_is_refused(write, config, rule):
    refuse(write(config=config), rule)


def test_a_model_is_held_against_its_recipe(write):
    refuse(write(), "gives what its recipe.json says", Expected(EXPECTED.num_parameters, SHAPE, (8,)))
    refuse(write(), "safe mode loads.*incompatible", Expected(EXPECTED.num_parameters, (9, 9, 1), SHAPE))
    larger = write()
    save_model(build(DenseOptions(code_size=8, hidden_widths=(400,)), SHAPE, seed=0).model, larger)
    refuse(larger, "of the size that its recipe.json says")


def test_weights_that_say_to_be_more_than_they_are_or_lie_elsewhere_are_refused(write, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(400))
    external = [(str(tmp_path / "secret"), 0, 400)]
    for say in (
        lambda file: file.create_dataset("v", (2**30,), "f4", chunks=(1024,)),
        lambda file: file.create_dataset("v", (100,), "f4", external=external),
    ):
        refuse(write(weights=weights(say)), "weights are in its file")


@pytest.mark.parametrize("size", [0, 100, 2000])
def test_weights_that_are_cut_short_are_refused(write, members, size):
    refuse(write(weights=members["model.weights.h5"][:size]), "safe mode loads")


def test_a_file_that_holds_something_else_is_refused(write, members):
    refuse(write(zipfile.ZIP_DEFLATED), "as they are.*packed=")
    refuse(write(**{"assets/file": b"x"}), "as they are.*assets/file")
    path = write()
    path.write_bytes(path.read_bytes()[:-30])
    refuse(path, "safe mode loads.*BadZipFile")
