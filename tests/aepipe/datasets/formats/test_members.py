import pytest

from aepipe.datasets.formats.members import MAX_MEMBER_BYTES, Member, is_wanted
from aepipe.datasets.tally import Tally


def reason_for(name):
    tally = Tally()
    is_wanted(name, 9, tally)
    return next((one.reason for one in tally.left_out()), None)


@pytest.mark.parametrize(
    "name", ["a.png", "x/a.JPG", "x y/b.tiff", "a.jfif", "a.HEIC", "a.jp2", "a", "x/IMG_1", "a.jpg_large", "a.dat"]
)
def test_what_may_be_a_picture(name):
    assert reason_for(name) is None


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("a.txt", "no picture"),
        ("a.nef", "picture of a kind that is not read"),
        ("a.DCM", "picture of a kind that is not read"),
        (".a.png", "hidden"),
        ("x/._a.png", "hidden"),
        ("x/.hidden/a.png", "hidden"),
        ("__MACOSX/x/a.png", "file of a system"),
        ("@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg", "file of a system"),
        ("$Recycle.Bin/a.png", "file of a system"),
        ("x/#recycle/a.png", "file of a system"),
        ("x/lost+found/a", "file of a system"),
        ("x/Thumbs.db", "file of a system"),
        ("../a.png", "outside of the archive"),
        ("/a.png", "outside of the archive"),
    ],
)
def test_why_another_is_passed_over(name, reason):
    assert reason_for(name) == reason


@pytest.mark.parametrize("name", ["a.jpg_large", "a.jpeg!d", "a.PNG~", "a.jpg:orig", "a.tif (1)"])
def test_an_ending_that_begins_with_a_pictures_is_one(name):
    assert Member(name, bytes).is_meant_to_be_a_picture
    assert not Member(name.replace(".", ".x"), bytes).is_meant_to_be_a_picture


def test_a_large_file_that_is_not_called_a_picture_is_not_read():
    tally = Tally()
    assert is_wanted("a.png", MAX_MEMBER_BYTES + 1, tally)
    assert not is_wanted("a.dat", MAX_MEMBER_BYTES + 1, tally)
    assert tally.left_out()[0].short == "1 no picture (1 .dat)"
