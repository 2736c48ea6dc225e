"""Layouts of the places that images may lie at, as they reach the index and the split."""

import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from aepipe.datasets.locations import open_listing
from aepipe.datasets.one_by_one import open_images
from aepipe.datasets.own.keeping import LocalBlocks
from aepipe.datasets.own_images import find_identity, take
from aepipe.datasets.own_settings import OwnSettings
from aepipe.errors import ParameterError
from aepipe.splits import SplitSettings
from aepipe.stages.data import DataParameters, DataSettings, DataStage
from aepipe.stages.split import SplitStage, load_split
from aepipe.store import open_store

INSPECTED = {
    **{f"train/good/{number:02}.png": number for number in range(12)},
    **{f"test/good/{number:02}.png": number for number in range(20, 24)},
    **{f"test/scratch/{number:02}.png": number for number in range(30, 34)},
    "ground_truth/scratch/30_mask.png": 99,
}
LABELS = "path,label,patient\n" + "".join(f"test/good/{number}.png,x,{number % 2}\n" for number in range(20, 24))


def save(folder, names=INSPECTED):
    for name, value in names.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((8, 8), value, np.uint8)).save(folder / name)
    return folder


def index_of(place, folder, **settings):
    own = take(str(place), OwnSettings(**settings), LocalBlocks(folder))
    columns = ["class", "kind", "mask", "group", "part", "state", "reason"]
    return own.index.rows.set_index("path")[columns].astype(object).where(lambda rows: rows.notna(), None)


@pytest.fixture
def inspected(tmp_path):
    return save(tmp_path / "set")


@pytest.mark.parametrize("kind", ["folder", "zip", "tar.gz"])
def test_every_place_has_the_same_layouts(inspected, tmp_path, kind):
    place = inspected if kind == "folder" else tmp_path / f"set.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(place, "w") as archive:
            for name in INSPECTED:
                archive.write(inspected / name, name.replace("/", "\\"))
    elif kind == "tar.gz":
        with tarfile.open(place, "w:gz") as archive:
            archive.add(inspected, ".")
    rows = index_of(place, tmp_path)
    assert rows.loc["train/good/00.png"].tolist() == ["good", "normal", None, None, "train", "ok", None]
    assert rows.loc["test/scratch/30.png"].tolist()[:5] == [
        "scratch",
        "anomalous",
        "ground_truth/scratch/30_mask.png",
        None,
        "test",
    ]
    assert rows.loc["ground_truth/scratch/30_mask.png"].tolist()[-2:] == ["left out", "mask"]


def test_a_table_is_a_place(inspected, tmp_path):
    (inspected / "labels.csv").write_text(LABELS)
    rows = index_of(inspected / "labels.csv", tmp_path)
    assert rows.loc["test/good/20.png"].tolist() == ["x", "unknown", None, "0", "none", "ok", None]
    assert rows.loc["train/good/00.png"].tolist()[-2:] == ["left out", "not in the table"]


@pytest.mark.parametrize(("place", "num_files"), [("labels.csv", 4), ("", 20)])
def test_images_one_by_one_are_those_of_a_table_where_it_is_the_place(inspected, place, num_files):
    (inspected / "labels.csv").write_text(LABELS)
    with open_images(str(inspected / place)) as images:
        assert len(images.files) == num_files
        assert "mask" in {one.reason for one in images.tally.left_out()}


def test_the_identity_follows_the_table_where_there_is_one(inspected):
    plain, by_table = OwnSettings(), OwnSettings(table="labels.csv")
    first = find_identity(str(inspected), plain)
    for text, settings, is_first in ((LABELS, plain, True), (LABELS, by_table, False)):
        (inspected / "labels.csv").write_text(text)
        assert (find_identity(str(inspected), settings) == first) == is_first
    second = find_identity(str(inspected), by_table)
    (inspected / "labels.csv").write_text(LABELS.replace("x", "y"))
    assert find_identity(str(inspected), by_table) != second


def test_what_the_table_names_and_is_not_there_counts_as_left_out(inspected, tmp_path):
    (inspected / "labels.csv").write_text(f"{LABELS}test/good/gone.png,x,3\n")
    own = take(str(inspected / "labels.csv"), OwnSettings(), LocalBlocks(tmp_path))
    assert own.described.account.left_out_share == 0.2
    assert "1 left out, named by the table, and not there: test/good/gone.png: row 6" in own.described.account.lines()


def test_a_table_of_a_prefix(s3):
    objects = {"a.png": b"x", "labels.csv": b"path,label\na.png,cat"}
    items = "".join(
        f"<Contents><Key>my/{name}</Key><ETag>&quot;1&quot;</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>{len(data)}</Size></Contents>"
        for name, data in objects.items()
    )
    s3.files["/bucket"] = f"<ListBucketResult><IsTruncated>false</IsTruncated>{items}</ListBucketResult>".encode()
    for name, data in objects.items():
        s3.files[f"/bucket/my/{name}"], s3.versions[f"/bucket/my/{name}"] = data, '"1"'
    with open_listing("s3://bucket/my/labels.csv") as listing:
        assert listing.table == "labels.csv"
        assert [(one.name, one.read()) for one in (*listing.members, *listing.tables)] == list(objects.items())


@pytest.mark.parametrize("folders", ["train and test", "good and bad"])
def test_no_anomalous_image_trains(inspected, tmp_path, folders):
    if folders == "good and bad":
        inspected = save(tmp_path / "other", {f"{'good' if n % 4 else 'bad'}/{n:02}.png": n for n in range(40)})
    store = open_store(tmp_path / "store")
    data = DataStage(DataParameters(data_set=f"images:{inspected}", settings=DataSettings())).produce(store)
    result = SplitStage(data, SplitSettings()).produce(store)
    names = np.array(data.facts.label_names)[np.load(data.files["labels.npy"].uri.removeprefix("file://"))]
    split = load_split(store, result)
    assert set(names[np.union1d(split.train, split.validation)]) == {"good"}
    assert set(names[split.test]) == {"good"}
    assert set(names[split.anomalous]) == {"scratch" if folders == "train and test" else "bad"}


def test_a_layout_of_what_has_no_files_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(ParameterError, match=r"data\.layout, data\.group must be for pictures in files"):
        take(str(tmp_path / "a.npz"), OwnSettings(layout="flat", group="x"), LocalBlocks(tmp_path))
    digits = DataParameters(data_set="digits", settings=DataSettings(layout="flat"))
    with pytest.raises(ParameterError, match=r"data\.layout must be for pictures in files.*data_set='digits'"):
        DataStage(digits).produce(open_store(tmp_path / "store"))
