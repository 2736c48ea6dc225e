import pytest

from aepipe.datasets.layouts import arrange
from aepipe.errors import DataError


def laid_out(*names, asked="auto"):
    layout = arrange(names, asked)
    return layout.classes, layout.parts


def test_folders_are_classes_below_the_one_that_all_share():
    assert laid_out("x/y/cats/1", "x/y/dogs/deep/2") == (["cats", "dogs"], None)
    assert laid_out("cats/1", "2") == (None, None)
    assert laid_out("1", "2") == (None, None)


@pytest.mark.parametrize(
    ("train", "validation", "test"),
    [
        ("train", "val", "test"),
        ("Train", "Valid", "TEST"),
        ("training", "validation", "testing"),
        ("train_set", "val_set", "test-images"),
        ("seg_train", "seg_val", "seg_test"),
        ("train", "dev", "eval"),
        ("training", "eval", "test"),
        ("train", "development", "hold_out"),
        ("Train", "dev-set", "holdout"),
        ("train2017", "val2017", "test2017"),
    ],
)
def test_the_users_own_parts_are_kept_and_classes_are_taken_below_them(train, validation, test):
    names = [f"top/{part}/{pet}/1.png" for part in (train, validation, test) for pet in ("cat", "dog")]
    parts = ["train", "train", "validation", "validation", "test", "test"]
    assert laid_out(*names) == (["cat", "dog"] * 3, parts)
    assert arrange(names).notes[0].startswith("layout parts: the user's own parts are kept")


def test_parts_without_classes_or_with_a_folder_between():
    assert laid_out("train/1", "test/2") == (None, ["train", "test"])
    assert laid_out("train/images/1", "test/images/2") == (None, ["train", "test"])
    assert laid_out("seg_train/seg_train/cat/1", "seg_test/seg_test/dog/2") == (["cat", "dog"], ["train", "test"])


def test_a_test_folder_beside_classes_is_no_class():
    classes, parts = laid_out("cat/1", "dog/2", "test/cat/3")
    assert parts == ["", "", "test"]
    assert classes == ["cat", "dog", "cat"]


def test_parts_inside_of_classes():
    assert laid_out("cat/train/1", "cat/test/2", "dog/train/3") == (["cat", "cat", "dog"], ["train", "test", "train"])


def test_a_train_may_be_a_class():
    layout = arrange(["bus/1", "train/2", "plane/3"])
    assert layout.classes == ["bus", "train", "plane"]
    assert layout.parts is None
    assert "train" in layout.notes[1]


def test_pictures_beside_the_parts_are_left_to_the_split():
    layout = arrange(["train/1", "test/2", "3"])
    assert layout.parts == ["train", "test", ""]
    assert any("1 image lies beside those folders" in note for note in layout.notes)


def test_classes_that_only_the_test_part_has_are_said():
    layout = arrange(["train/cat/1", "test/cat/2", "test/fox/3"])
    assert layout.classes == ["cat", "cat", "fox"]
    assert any(note.endswith("fox 1") for note in layout.notes)


def test_names_that_are_no_text_become_text():
    assert laid_out("caf\udce9/1", "b\n/2") == (["caf\\xe9", "b\\n"], None)


@pytest.mark.parametrize("folders", ["dev ops sales", "eval cat", "holdout a b", "test1 test2 test3", "trains buses"])
def test_words_of_other_things_are_classes_without_a_train(folders):
    classes = folders.split()
    assert laid_out(*(f"{name}/1.png" for name in classes)) == (classes, None)


@pytest.mark.parametrize(
    ("asked", "names", "expected"),
    [
        ("flat", ["train/cat/1", "test/dog/2"], (None, None)),
        ("classes", ["train/cat/1", "test/dog/2"], (["train", "test"], None)),
        ("classes", ["cat/1", "dog/2", "test/3"], (["cat", "dog", "test"], None)),
        ("classes", ["export/cat/a/1", "export/cat/b/2"], (["a", "b"], None)),
        ("classes", ["export/cat/1", "export/cat/2"], (["cat", "cat"], None)),
        ("classes", ["cat/1", "cat/deep/2"], (["cat", "cat"], None)),
        ("parts", ["train/1", "test/2"], (None, ["train", "test"])),
    ],
)
def test_a_layout_that_is_asked_for(asked, names, expected):
    assert laid_out(*names, asked=asked) == expected
    assert arrange(names, asked).notes[0].startswith(f"layout {asked}, as asked: ")


@pytest.mark.parametrize(
    ("asked", "names", "missing"),
    [
        ("classes", ["cat/1", "2"], r"needs every image in a folder, and 1 lies beside them: 2\."),
        ("parts", ["cat/1", "dog/2"], r"needs folders called train, and val or test"),
        ("mvtec", ["cat/1", "dog/2"], r"needs folders train and test with normal images alone in train"),
        (
            "mvtec",
            ["train/good/1", "train/bad/2", "test/bad/3"],
            r"needs normal images alone in train.* there are bad\.",
        ),
    ],
)
def test_a_layout_that_is_asked_for_and_does_not_fit(asked, names, missing):
    with pytest.raises(DataError, match=rf"The layout {asked} {missing}.*data\.layout=auto"):
        arrange(names, asked)


def test_what_was_found_is_said_with_the_way_to_another():
    assert arrange(["cat/1", "dog/a/2"]).notes == (
        "layout classes: 2 folders are the classes, with what lies deeper in them "
        "(data.layout chooses: flat, classes, parts, mvtec, table)",
    )
    assert (
        arrange(["cat/1", "dog/2", "3"])
        .notes[0]
        .startswith("layout flat: no classes, as 1 image lies beside the folders, such as 3 (")
    )
