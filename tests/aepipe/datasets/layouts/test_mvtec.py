import pytest

from aepipe.datasets.layouts import arrange


def places(*names, asked="auto"):
    layout = arrange(names, asked)
    assert layout.name == "mvtec"
    return [(place.image_class, place.kind, place.part) for place in layout.places]


NORMAL, DEFECT = ("good", "normal", "train"), ("scratch", "anomalous", "test")


def test_only_normal_images_train():
    names = ["top/train/good/1", "top/test/good/2", "top/test/scratch/3", "top/test/dent/deep/4"]
    assert places(*names) == [NORMAL, ("good", "normal", "test"), DEFECT, ("dent", "anomalous", "test")]
    (note,) = arrange(names).notes
    assert note.startswith(
        "layout mvtec: 2 normal images, of which the folders hold out 1; 2 anomalous ones never train: scratch 1, "
    )


@pytest.mark.parametrize(
    ("train", "good", "bad"),
    [
        ("train/ok", "test/ok", "test/ko"),
        ("Train/Good", "Test/Good", "Test/Scratch"),
        ("train/normal", "test_public/normal", "test_public/abnormal"),
        ("training/defect-free", "testing/defect-free", "testing/holes"),
        ("train", "test/good", "test/bad"),
    ],
)
def test_words_that_others_have(train, good, bad):
    found = places(f"{train}/1.png", f"{good}/2.png", f"{bad}/3.png")
    assert [kind for _, kind, _ in found] == ["normal", "normal", "anomalous"]
    assert [part for *_, part in found] == ["train", "test", "test"]
    assert found[0][0] == found[1][0]


def test_no_good_image_in_test_and_defects_among_those_to_validate():
    names = ["train/good/1", "validation/good/2", "validation/scratch/3", "test/scratch/4"]
    assert places(*names) == [NORMAL, ("good", "normal", "validation"), DEFECT, DEFECT]


def test_images_in_test_itself_are_of_an_unknown_kind():
    names = ["train/good/1", "test_public/good/2", "test_public/bad/3", "test_private/4"]
    assert places(*names)[-1] == ("unknown", "unknown", "test")
    assert "1 image of the test part in no folder: kind unknown" in arrange(names).notes


def test_categories_on_top_come_before_the_class():
    names = [f"{category}/{place}" for category in ("bottle", "cap") for place in ("train/good/1", "test/crack/2")]
    assert places(*names) == [
        ("bottle/good", "normal", "train"),
        ("bottle/crack", "anomalous", "test"),
        ("cap/good", "normal", "train"),
        ("cap/crack", "anomalous", "test"),
    ]


def test_good_and_bad_without_parts():
    names = ["Data/Images/Normal/1", "Data/Images/Anomaly/2"]
    assert places(*names) == [("Normal", "normal", ""), ("Anomaly", "anomalous", "")]
    assert [one.kind for one in arrange(names, "classes").places] == ["unknown", "unknown"]
    categories = [f"{category}/{name}" for category in ("candle", "cashew") for name in names]
    assert places(*categories)[3] == ("cashew/Anomaly", "anomalous", "")


def test_any_folder_beside_the_good_one_where_it_is_asked_for():
    names = ["good/1", "dent/2", "hole/3"]
    assert arrange(names).name == "classes"
    assert [kind for _, kind, _ in places(*names, asked="mvtec")] == ["normal", "anomalous", "anomalous"]


@pytest.mark.parametrize(
    "names",
    [
        ["train/NORMAL/1", "train/PNEUMONIA/2", "test/NORMAL/3", "test/PNEUMONIA/4"],
        ["train/1", "test/cat/2", "test/dog/3"],
        ["train/good/1", "val/good/2"],
    ],
)
def test_sets_of_classes_are_none_of_inspection(names):
    assert arrange(names).name == "parts"
