import io
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from aepipe.datasets.formats.members import Listing, Member
from aepipe.datasets.layouts import open_layout
from aepipe.datasets.layouts.columns import NAMES
from aepipe.datasets.layouts.settings import LayoutSettings
from aepipe.datasets.tally import Tally
from aepipe.errors import DataError, ParameterError


def listing(*names, **tables):
    """Files of these names, and tables by name with _ for the dot; cells with spaces between them, or bytes."""
    found = []
    for name, data in tables.items():
        stem, _, ending = name.rpartition("_")
        bytes_ = data if isinstance(data, bytes) else data.strip().replace(" ", ",").encode()
        found.append(Member(f"{stem.replace('__', '/')}.{ending}", lambda data=bytes_: data))
    pictures = tuple(Member(name, bytes) for name in sorted(names))
    return Listing(pictures, Tally(), len(names) + len(found), tables=tuple(found))


def arranged(of, **settings):
    arrangement = open_layout(of, LayoutSettings(**settings))
    return arrangement.arrange([member.name for member in of.members if member.name not in arrangement.left_out])


def counted(of, **settings):
    tally = Tally()
    open_layout(of, LayoutSettings(**settings)).count(tally)
    return {one.reason: one.names for one in tally.left_out()}


FULL = """
file,label,split,patient,is_anomaly,mask,age
a.png,cat,training,p1,0,,7
b.png,dog,,p2,yes,a_b.png,8
c.png,,val,p1,,,9
"""


def test_everything_that_a_table_says():
    layout = arranged(listing("a.png", "a_b.png", "b.png", "c.png", "d.png", labels_csv=FULL))
    assert [(one.image_class, one.part, one.group, one.kind, one.mask) for one in layout.places] == [
        ("cat", "train", "p1", "normal", None),
        ("dog", "", "p2", "anomalous", "a_b.png"),
        (None, "validation", "p1", "unknown", None),
    ]
    assert layout.classes is None
    notes = " | ".join(layout.notes)
    assert layout.notes[0].startswith(
        "layout table: 3 files by labels.csv, with columns for path (file), class (label),"
    )
    assert "columns of the table that nothing is made of: age" in notes
    assert "2 groups by the table's column of them, the largest p1 of 2" in notes
    assert "1 group is divided by the user's own parts, so held-out images have relatives that train: p1" in notes


def test_what_a_table_does_not_name_is_left_out_and_counted():
    of = listing("a.png", "a_b.png", "b.png", "c.png", "d.png", labels_csv=FULL, other_csv="x,y\n1,2")
    assert open_layout(of).left_out == {"a_b.png": "mask", "d.png": "not in the table"}
    assert counted(of) == {"no picture": ("other.csv",)}


def test_files_that_are_not_there_are_counted_as_missing_images():
    of = listing("a.png", "c.png", labels_csv="path,label\na.png,x\nb.png,y\nc.png,z")
    assert counted(of) == {"named by the table, and not there": ("b.png: row 3",)}
    tally = Tally()
    open_layout(of).count(tally)
    assert tally.left_out()[0].is_expected


@pytest.mark.parametrize(
    ("names", "table"),
    [
        (["images/a.png", "images/b.png"], {"labels_csv": "path,label\nimages/a.png,x\nimages/b.png,y"}),
        (["images/a.png", "images/b.png"], {"labels_csv": "path,label\na.png,x\n./b.png,y"}),
        (["set/images/a.png", "set/images/b.png"], {"set__labels_csv": "path,label\nimages\\a.png,x\nimages\\b.png,y"}),
        (["a.png", "b.jpeg"], {"labels_csv": "image,label\na,x\nb,y"}),
        (["a.png", "b.png"], {"labels_tsv": "path\tlabel\na.png\tx\n\nb.png\ty\n"}),
        (["a.png", "b.png"], {"labels_csv": '\ufeffPath;Label;\r\n"a.png";x;\r\nb.png;y;\r\n'.encode()}),
        (["a.png", "b.png"], {"labels_csv": "path|label\na.png|x\nb.png|y".encode("utf-16")}),
        (
            ["u\N{COMBINING DIAERESIS}.png", "b.png"],
            {"labels_csv": "path,label\n\N{LATIN SMALL LETTER U WITH DIAERESIS}.png,x\nb.png,y"},
        ),
    ],
)
def test_ways_to_write_a_table(names, table):
    of = listing(*names, **table)
    arrangement = open_layout(of)
    assert dict(zip(names, arrangement.arrange(names).classes, strict=True)) == {names[0]: "x", names[1]: "y"}


def test_parquet():
    file = io.BytesIO()
    columns = {
        "file_name": ["a.png", "b.png"],
        "label": [3.0, None],
        "picture": [{"bytes": b"x"}] * 2,
        "anomaly": [False, True],
    }
    pq.write_table(pa.table(columns), file)
    layout = arranged(listing("a.png", "b.png", labels_parquet=file.getvalue()))
    assert [(one.image_class, one.kind) for one in layout.places] == [("3", "normal"), (None, "anomalous")]


def test_what_a_table_has_no_column_for_the_folders_say():
    layout = arranged(listing("cat/a.png", "dog/b.png", patients_csv="path,patient\ncat/a.png,1\ndog/b.png,2"))
    assert layout.classes == ["cat", "dog"]
    assert [place.group for place in layout.places] == ["1", "2"]
    assert "the folders say what the table does not: class" in layout.notes


def test_classes_called_good_and_bad_are_kinds_but_not_where_bad_ones_are_to_train():
    rows = "path,label,split\na.png,normal,train\nb.png,anomaly,{}"
    free = arranged(listing("a.png", "b.png", x_csv=rows.format(""))).places
    assert [one.kind for one in free] == ["normal", "anomalous"]
    trained = arranged(listing("a.png", "b.png", x_csv=rows.format("train"))).places
    assert [one.kind for one in trained] == ["unknown", "unknown"]


def test_frames_have_the_row_of_their_file():
    of = listing("a.tif", "b#1.png", x_csv="path,label\na.tif,x\nb#1.png,y")
    assert open_layout(of).arrange(["a.tif#0", "a.tif#1", "b#1.png"]).classes == ["x", "x", "y"]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("path,label\na.png,x\nb.png,y\n./a.png,z", r"name each file once.*file='a\.png', rows=\[2, 4\]"),
        ("path,label\n/data/a.png,x", r"must lead to a file among the images.*row=2, path='/data/a\.png'"),
        ("path,label\nC:\\x\\a.png,x", r"must lead to a file among the images.*row=2"),
        ("path,label\ns3://b/a.png,x", r"must lead to a file among the images.*row=2"),
        ("path,label\na.png,x\nx/../../b.png,x", r"must lead to a file among the images.*row=3"),
        ("path,label\n,x", r"must lead to a file among the images.*row=2, path=''"),
        ("path,label\n", r"must have a row for each image.*num_rows=0"),
        ("path,split\na.png,trian", r"train, validation or test, or empty.*row=2, part='trian'"),
        ("path,kind\na.png,odd", r"normal or anomalous, or empty.*row=2, kind='odd'"),
        ("path,kind,part\na.png,bad,train", r"must not train or validate.*row=2, part='train'.*Leave its part empty"),
        ("path,label\na.png,x\nb.png", r"a cell for each name.*row=3, num_cells=1, num_names=2"),
        ("path,label\na.png,x,y", r"a cell for each name.*row=2, num_cells=3"),
        ("path,label,class\na.png,x,y", r"one column for the class.*columns=\['label', 'class'\]"),
        ("path,mask\na.png,b.png\nb.png,", r"must be no image of the table.*row=2, mask='b\.png'"),
        ("path,label\na.png,x\nb.png,stra\xdfe".encode("latin-1"), r"UTF-8.*row=3, byte='0xdf'.*CSV UTF-8"),
        (b'path,label\na.png,"x' + b"x" * 200_000, r"rows of cells.*field larger"),
    ],
)
def test_tables_that_are_refused(table, message):
    data = table if isinstance(table, bytes) else table.encode()
    with pytest.raises(DataError, match=message):
        open_layout(listing("a.png", "b.png", labels_csv=data))


def test_a_broken_parquet_file():
    of = listing("a.png", labels_parquet=b"PAR1 and no more")
    assert open_layout(of).table is None
    with pytest.raises(DataError, match="must be a Parquet file"):
        open_layout(of, LayoutSettings(table="labels.parquet"))


def test_tables_that_say_nothing_of_these_images():
    names = [f"cat/{number}.png" for number in range(5)]
    of = listing(
        *names, "dog/1.png", notes_csv=b"\xe9;x", few_csv="path,label\ncat/1.png,x", deep__er_csv="path,label\nx,y"
    )
    layout = arranged(of)
    assert layout.name == "classes"
    named = "few.csv is not taken for a table of these images, as it names 1 of 6 images by 1 row"
    assert f"{named}; data.table=few.csv takes it" in layout.notes
    assert arranged(of, table="few.csv").classes == ["x"]
    assert arranged(of, layout="flat").name == "flat"


def test_several_tables_must_be_told_apart():
    of = listing("a.png", "b.png", x_csv="path,label\na.png,1\nb.png,2", y_csv="path,label\na.png,3\nb.png,4")
    with pytest.raises(DataError, match=r"One CSV.*tables=\['x\.csv', 'y\.csv'\].*data\.table=NAME"):
        open_layout(of)
    assert arranged(of, table="y.csv").classes == ["3", "4"]
    place = replace(of, table="x.csv")
    assert arranged(place).classes == ["1", "2"]
    assert arranged(place).notes == ("layout table, as asked: 2 files by x.csv, with columns for path, class (label)",)
    for settings in ({"layout": "flat"}, {"table": "y.csv"}):
        with pytest.raises(DataError, match=r"whose place is a table must be laid out as it says.*place='x\.csv'"):
            arranged(place, **settings)


def test_a_table_for_each_part():
    rows = {"train_csv": "id,image,label\n1,a.png,x\n2,b.png,y", "test_csv": "image\nc.png", "val_csv": "image\nd.png"}
    of = listing("a.png", "b.png", "c.png", "d.png", "e.png", **rows)
    layout = arranged(of)
    assert [(one.image_class, one.part) for one in layout.places] == [
        ("x", "train"),
        ("y", "train"),
        (None, "test"),
        (None, "validation"),
    ]
    assert layout.notes[0].startswith("layout table: 4 files by train.csv and test.csv and val.csv, with")
    assert "part (the table's name)" in layout.notes[0]
    assert counted(of) == {}
    assert [one.part for one in arranged(of, table="train.csv").places] == ["", ""]
    twice = listing("a.png", train_csv="path\na.png", test_csv="path\na.png")
    with pytest.raises(DataError, match=r"name each file once.*table='train\.csv and test\.csv'.*rows=\[2, 2\]"):
        open_layout(twice)


def test_a_table_that_is_asked_for_and_not_there():
    with pytest.raises(
        DataError, match=r"must be a CSV, TSV or Parquet file among.*table='x\.csv', tables=\['y\.csv'\]"
    ):
        open_layout(listing("a.png", y_csv="path\na.png"), LayoutSettings(table="x.csv"))
    with pytest.raises(DataError, match=r"One CSV.*tables=\['z\.csv'\]"):
        open_layout(listing("a.png", z_csv="x\n1"), LayoutSettings(layout="table"))
    with pytest.raises(DataError, match=r"must name files that are there.*first_path='b\.png'"):
        open_layout(listing("a.png", z_csv="path\nb.png"), LayoutSettings(table="z.csv"))
    with pytest.raises(DataError, match=r"a column with their paths.*columns=\['x'\]"):
        open_layout(listing("a.png", z_csv="x\n1"), LayoutSettings(table="z.csv"))
    assert arranged(listing("a.png", z_csv="path\na.png"), layout="table").name == "table"


def test_a_mask_that_is_not_there_is_said():
    layout = arranged(listing("a.png", "b.png", x_csv="path,mask\na.png,m.png\nb.png,"))
    assert "masks that the table names and that are not there: row 2: m.png" in layout.notes


def test_groups_by_an_expression():
    names = ["p1_a.png", "p1_b.png", "p2_a.png", "x.png"]
    layout = arranged(listing(*names), group=r"p(\d+)_")
    assert [place.group for place in layout.places] == ["1", "1", "2", None]
    assert "2 groups by data.group, the largest 1 of 2; 1 image has none" in layout.notes
    assert [place.group for place in arranged(listing(*names), group=r"p\d").places] == ["p1", "p1", "p2", None]


@pytest.mark.parametrize(
    ("expression", "message"), [("q", "must be found in"), ("p", "must find several, and it finds p in")]
)
def test_an_expression_that_finds_no_groups(expression, message):
    with pytest.raises(ParameterError, match=rf"{message}.*group='{expression}'"):
        arranged(listing("p1.png", "p2.png"), group=expression)


@pytest.mark.parametrize("settings", [{"group": "("}, {"layout": "flat", "table": "x.csv"}, {"layout": "coco"}])
def test_settings_that_are_refused(settings):
    with pytest.raises(ValidationError):
        LayoutSettings(**settings)


def test_the_documents_have_the_names_of_columns():
    text = Path("docs/own-images.md").read_text()
    for about, names in NAMES.items():
        first, *others = names.split()
        assert first == about
        assert f"| {about} | {', '.join(others)} |" in text
