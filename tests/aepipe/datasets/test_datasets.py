import subprocess
import sys

import numpy as np
import pytest

from aepipe import datasets
from aepipe.errors import DataError

KNOWN = [name for name in datasets.DATA_SETS if name != "images"]


def test_public_names():
    assert datasets.__all__ == [
        "DATA_SETS",
        "DataSetName",
        "build",
        "data_set_identity",
        "describe",
        "fetch",
        "is_own",
        "load",
        "location_of",
        "module_of",
        "name_of",
        "open_data_set",
        "verify",
    ]
    assert list(datasets.DATA_SETS) == [
        "mnist",
        "mnist-csv",
        "fashion-mnist",
        "cifar10",
        "olivetti",
        "digits",
        "images",
    ]


@pytest.mark.parametrize("name", ["cifar", "", "mnist:/x", "images", "images:"])
@pytest.mark.parametrize("function", ["load", "fetch", "verify", "data_set_identity", "module_of"])
def test_unknown_name_lists_the_legal_ones(function, name):
    with pytest.raises(DataError, match=r"one of mnist, .*, digits, images:LOCATION\. Received: name="):
        getattr(datasets, function)(name)


def test_summaries_agree_with_the_expected_arrays():
    summaries = {summary.name: summary for summary in datasets.describe()}
    assert list(summaries) == list(datasets.DATA_SETS)
    shapes = {name: (summaries[name].num_images, summaries[name].image_shape) for name in KNOWN}
    assert shapes == {
        "mnist": (70_000, (28, 28, 1)),
        "mnist-csv": (42_000, (28, 28, 1)),
        "fashion-mnist": (70_000, (28, 28, 1)),
        "cifar10": (60_000, (32, 32, 3)),
        "olivetti": (400, (64, 64, 1)),
        "digits": (1797, (8, 8, 1)),
    }


def test_identities_differ():
    identities = {datasets.data_set_identity(name) for name in KNOWN}
    assert len(identities) == len(KNOWN)
    assert all(len(identity) == 64 for identity in identities)


def test_module_of():
    assert datasets.module_of("fashion-mnist") == "aepipe.datasets.fashion_mnist"
    assert datasets.module_of("images:/x") == "aepipe.datasets.own_images"


def test_load_fetch_and_verify_own_images(tmp_path):
    name = f"images:{tmp_path}/own.npz"
    np.savez(tmp_path / "own.npz", images=np.zeros((2, 4, 4), np.uint8))
    assert len(datasets.load(name)) == 2
    assert datasets.fetch(name) == []
    assert [check.status for check in datasets.verify(name)] == ["ok"]
    (tmp_path / "own.npz").write_bytes(b"broken")
    (check,) = datasets.verify(name)
    assert check.status == "broken"
    assert "npz file is damaged" in check.reason


def test_verify_without_a_cache(tmp_path):
    assert [check.status for check in datasets.verify("mnist", cache_folder=tmp_path)] == ["missing"] * 4
    assert [check.status for check in datasets.verify("digits", cache_folder=tmp_path)] == ["ok"]
    assert list(tmp_path.iterdir()) == []


def test_listing_imports_nothing_heavy():
    code = """
import sys
from aepipe import datasets
datasets.describe()
[datasets.data_set_identity(name) for name in datasets.DATA_SETS if name != "images"]
heavy = {"sklearn", "scipy", "pandas", "PIL", "httpx", "boto3", "rich", "tenacity", "filelock", "keras", "tensorflow"}
print(sorted(heavy & set(sys.modules)))
"""
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert output.strip() == "[]"
