from importlib import metadata

import pytest

from aepipe.packages import installed_version


def install(folder, name: str, version: str) -> None:
    described = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    described.mkdir()
    (described / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize("build", ["tensorflow", "tensorflow-cpu"])
def test_each_build_of_tensorflow_is_tensorflow(tmp_path, monkeypatch, build):
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    install(tmp_path, build, "2.21.0")
    assert installed_version("tensorflow") == "2.21.0"


@pytest.mark.parametrize("name", ["tensorflow", "keras"])
def test_what_is_not_installed_has_no_version(tmp_path, monkeypatch, name):
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    with pytest.raises(metadata.PackageNotFoundError):
        installed_version(name)
