import os
import threading

import pytest

from aepipe.datasets.formats import members
from aepipe.datasets.formats.folders import list_folder
from aepipe.errors import ChangedDataError, DataError, TooLargeError


def write(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def left_out(listing):
    return {one.reason: (one.count, *one.names) for one in listing.tally.left_out()}


def test_folder_in_order_of_names(tmp_path):
    write(tmp_path, "b/1.png", "a/2.png", "a/notes.txt", "0.png")
    listing = list_folder(tmp_path)
    assert [member.name for member in listing.members] == ["0.png", "a/2.png", "b/1.png"]
    assert [member.read() for member in listing.members] == [b"0.png", b"a/2.png", b"b/1.png"]
    assert listing.num_files == 4
    assert left_out(listing) == {"no picture": (1, "a/notes.txt")}


def test_links_to_folders_are_followed_and_each_folder_is_read_once(tmp_path):
    write(tmp_path, "elsewhere/b/1.png", "elsewhere/b/deep/2.png", "data/a/0.png")
    data = tmp_path / "data"
    (data / "b").symlink_to("../elsewhere/b", target_is_directory=True)
    (data / "again").symlink_to("a", target_is_directory=True)
    (data / "a" / "loop").symlink_to("..", target_is_directory=True)
    (tmp_path / "elsewhere" / "b" / "loop").symlink_to("deep", target_is_directory=True)
    listing = list_folder(data)
    assert [member.name for member in listing.members] == ["a/0.png", "b/1.png", "b/deep/2.png"]
    assert left_out(listing) == {"link to what is read already": (3, "a/loop", "again", "b/loop")}


def test_links_to_files_are_read_and_lost_ones_counted(tmp_path):
    write(tmp_path, "elsewhere.png")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.png").symlink_to("../elsewhere.png")
    (tmp_path / "data" / "gone.png").symlink_to("nowhere")
    (tmp_path / "data" / "gone.txt").symlink_to("nowhere")
    (tmp_path / "data" / "cats").symlink_to("gone")
    (tmp_path / "data" / "loop.png").symlink_to("loop.png")
    (tmp_path / "data" / "through.png").symlink_to("a.png/1.png")
    (tmp_path / "data" / "long.png").symlink_to("x" * 300)
    listing = list_folder(tmp_path / "data")
    assert [member.read() for member in listing.members] == [b"elsewhere.png"]
    lost = ("cats", "gone.png", "long.png", "loop.png", "through.png")
    assert left_out(listing) == {"link that leads nowhere": (5, *lost), "no picture": (1, "gone.txt")}


def test_a_folder_that_may_not_be_read_is_an_error_that_names_it(tmp_path, monkeypatch):
    write(tmp_path, "a/1.png", "locked/2.png")
    scan = os.scandir

    def refuse(folder):
        if str(folder).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scan(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match=r"open to this user.*locked.*Permission denied"):
        list_folder(tmp_path)


def test_files_that_may_not_be_looked_at_are_an_error(tmp_path, monkeypatch):
    """As in a folder that may be listed but not entered."""
    write(tmp_path, "a/1.png")
    monkeypatch.setattr("os.stat", lambda path: (_ for _ in ()).throw(PermissionError(13, "No", str(path))))
    with pytest.raises(DataError, match="open to this user"):
        list_folder(tmp_path)


def test_folders_of_systems_are_counted_and_not_entered(tmp_path):
    write(tmp_path, "a/1.png", "@eaDir/a/T.jpg", "@eaDir/b/T.jpg", "#recycle/x.png", ".cache/y.png")
    listing = list_folder(tmp_path)
    assert [member.name for member in listing.members] == ["a/1.png"]
    assert left_out(listing) == {"file of a system": (3, "#recycle/", "@eaDir/"), "hidden": (1, ".cache/")}
    assert listing.num_files == 5


def test_only_plain_files_are_opened(tmp_path):
    write(tmp_path, "1.png")
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    listing = list_folder(tmp_path)
    assert [member.name for member in listing.members] == ["1.png"]
    assert left_out(listing) == {"special file": (2, "pipe.png", "zero.png")}


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path):
    write(tmp_path, "1.png")
    (member,) = list_folder(tmp_path).members
    (tmp_path / "1.png").unlink()
    os.mkfifo(tmp_path / "1.png")
    found = []

    def read():
        with pytest.raises(ChangedDataError, match="plain file") as refused:
            member.read()
        found.append(refused)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    reader.join(timeout=10)
    assert len(found) == 1


def test_a_file_that_is_gone_or_unreadable_is_not_taken_for_a_broken_one(tmp_path, monkeypatch):
    write(tmp_path, "1.png", "2.png")
    gone, unreadable = list_folder(tmp_path).members
    (tmp_path / "1.png").unlink()
    with pytest.raises(ChangedDataError, match=r"removed.*1\.png"):
        gone.read()
    monkeypatch.setattr(os, "open", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
    with pytest.raises(DataError, match=r"must be readable.*2\.png.*Permission denied"):
        unreadable.read()


def test_a_large_file_is_not_read_to_its_end(tmp_path, monkeypatch):
    write(tmp_path, "1.png")
    (tmp_path / "large.png").write_bytes(bytes(101))
    monkeypatch.setattr(members, "MAX_MEMBER_BYTES", 100)
    with pytest.raises(TooLargeError, match="at most 100 bytes"):
        list_folder(tmp_path).members[1].read()
