"""The files of a folder, a zip file or an S3 prefix that may be pictures, and an account of those that are not."""

import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from aepipe.datasets.tally import Reason, Tally
from aepipe.errors import ChangedDataError, DataError, TooLargeError
from aepipe.io.names import printable_name

# Content decides what a file is; the ending says whether it is meant to be a picture.
READ = """
.apng .avif .avifs .bmp .dib .gif .heic .heif .j2c .j2k .jfif .jif .jp2 .jpe .jpeg .jpf .jpg .jpx .pbm .pgm .png .pnm
.ppm .tif .tiff .webp
"""
UNREAD = """
.3fr .arw .cr2 .cr3 .czi .dcm .dcx .dds .dicom .dng .emf .eps .exr .fits .fts .hdr .icns .ico .jxl .jxr .lif .lsm .mha
.nd2 .nef .nii .nrrd .orf .pcx .pef .pfm .psd .qoi .raf .raw .rw2 .sgi .srw .svg .svs .tga .vsi .wmf .x3f .xbm .xcf .xpm
"""
# Everything else is looked into: cameras, sites and programs have endings of their own.
NO_PICTURE = """
.7z .aae .arrow .avi .bat .bz2 .cfg .ckpt .conf .cpp .css .csv .db .dll .doc .docx .exe .feather .flac .gz .h .h5 .hdf5
.htm .html .ini .ipynb .js .json .jsonl .keras .lnk .lock .log .m .m4a .m4v .mat .md .md5 .mkv .mov .mp3 .mp4 .mpeg .mpg
.npy .npz .ogg .onnx .parquet .pdf .pickle .pkl .ppt .pptx .pt .pth .py .r .rar .rst .sh .sha1 .sha256 .sqlite .sum .tar
.tex .tfrecord .tgz .thm .toml .tsv .txt .url .wav .webm .wmv .xls .xlsx .xml .xmp .xz .yaml .yml .zip .zst
"""
READ_ENDINGS, UNREAD_ENDINGS = frozenset(READ.split()), frozenset(UNREAD.split())
NO_PICTURE_ENDINGS = frozenset(NO_PICTURE.split())
TABLE_ENDINGS = frozenset((".csv", ".tsv", ".parquet"))
# An ending that sites and programs write more behind: .jpg_large, .jpeg!d, .png~
LONGER_ENDING = re.compile(r"(\.[a-z0-9]+)[^a-z0-9].*", re.DOTALL)
SYSTEM_FOLDERS = frozenset(
    name.lower()
    for name in (
        "@eaDir",
        "@tmp",
        "@Recycle",
        "@Recently-Snapshot",
        "@__thumb",
        "#recycle",
        "#snapshot",
        "$RECYCLE.BIN",
        "RECYCLER",
        "System Volume Information",
        "lost+found",
        "__MACOSX",
        "Network Trash Folder",
        "Temporary Items",
    )
)
SYSTEM_FILES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
# The index of so many fits into the memory; the pixels never have to.
MAX_MEMBERS = 1_000_000
MAX_MEMBER_BYTES = 64 << 20
MAX_TOTAL_BYTES = 1 << 40

# Of one file: size in bytes, time in nanoseconds, number on its disk.
Stamp = tuple[int, int, int]


class FileState(NamedTuple):
    """A file far away, as its place lists it: equal states are equal bytes."""

    name: str
    version: str
    size_bytes: int
    modified: str


@dataclass(frozen=True)
class Member:
    """One file.

    Attributes:
        name: With slashes, below the top. It may hold bytes that are no text, as surrogates.
        read: Returns its bytes; it can be sent to another process. Raises `BrokenFileError` for what can't be read from
            a whole file, any other error where reading failed.
        version: What changes with its bytes, where that is known without reading them.
        size_bytes: Its length, as it was announced.
        modified: When it was written, where a place far away says it.
    """

    name: str
    read: Callable[[], bytes]
    version: str | None = None
    size_bytes: int = 0
    modified: str | None = None

    @property
    def state(self) -> FileState | None:
        """What tells it from one that was written in its place since; None where that takes reading it."""
        if self.version is None or self.modified is None:
            return None
        return FileState(self.name, self.version, self.size_bytes, self.modified)

    @property
    def is_meant_to_be_a_picture(self) -> bool:
        """Whether its name says so; any other one is a picture if its content is."""
        ending = _ending(self.name)
        longer = LONGER_ENDING.fullmatch(ending)
        return (longer[1] if longer else ending) in READ_ENDINGS


@dataclass(frozen=True)
class Listing:
    """What lies at a place: the files that may be pictures, by name, tables, and the account of the others.

    Attributes:
        members: The files.
        tally: Those that were passed over.
        num_files: All of them.
        is_remote: Reading waits for a network, and a version says what the bytes are.
        tables: Those that may say something of the pictures, by name.
        table: The name of the one that the user named as the place.
    """

    members: tuple[Member, ...]
    tally: Tally
    num_files: int
    is_remote: bool = False
    tables: tuple[Member, ...] = ()
    table: str | None = None

    @classmethod
    def of(cls, files: Iterable[Member], tally: Tally, num_files: int, is_remote: bool = False) -> "Listing":
        """Return the listing of files that are looked into, pictures and tables."""
        pictures: list[Member] = []
        tables: list[Member] = []
        for one in files:
            (tables if is_table(one.name) else pictures).append(one)
        return cls(tuple(pictures), tally, num_files, is_remote, tuple(tables))


def is_wanted(name: str, size: int, tally: Tally) -> bool:
    """Tell whether a file of this name and size in bytes is looked into, as a picture or a table; count it if not."""
    if is_table(name):
        return True
    reason = _reason_to_pass(name)
    if reason is None and size > MAX_MEMBER_BYTES and not Member(name, bytes).is_meant_to_be_a_picture:
        reason = "no picture"
    if reason is not None:
        tally.add(reason, name)
    return reason is None


def is_system_folder(name: str) -> bool:
    """Tell whether a folder is one that systems make for themselves."""
    return name.lower() in SYSTEM_FOLDERS


def _reason_to_pass(name: str) -> Reason | None:
    folder, _, base = name.rpartition("/")
    reason = _reason_to_pass_folder(folder)
    if not base or base in (".", "..") or name.startswith("/") or reason == "outside of the archive":
        return "outside of the archive"
    if base.lower() in SYSTEM_FILES or reason == "file of a system":
        return "file of a system"
    if base.startswith(".") or reason:
        return "hidden"
    ending = _ending(base)
    if ending in UNREAD_ENDINGS:
        return "picture of a kind that is not read"
    return "no picture" if ending in NO_PICTURE_ENDINGS else None


@lru_cache(1024)
def _reason_to_pass_folder(folder: str) -> Reason | None:
    parts = [part for part in folder.split("/") if part != "."]
    if ".." in parts:
        return "outside of the archive"
    if any(is_system_folder(part) for part in parts):
        return "file of a system"
    return "hidden" if any(part.startswith(".") for part in parts) else None


def is_table(name: str) -> bool:
    """Tell whether a file may say something of the pictures that lie with it."""
    return _ending(name) in TABLE_ENDINGS and _reason_to_pass(name) == "no picture"


def is_no_picture(name: str) -> bool:
    """Tell whether a name is one that no picture has."""
    return _ending(name) in NO_PICTURE_ENDINGS


def _ending(name: str) -> str:
    # Of a million names, paths would take minutes.
    return posixpath.splitext(name)[1].lower()


def check_bounds(sizes: Iterable[int]) -> None:
    """Check the number and the sizes in bytes of files, as they were announced.

    Raises:
        DataError: there are too many files or bytes.
    """
    sizes = list(sizes)
    if len(sizes) > MAX_MEMBERS or sum(sizes) > MAX_TOTAL_BYTES:
        raise DataError(
            f"There must be at most {MAX_MEMBERS} pictures of {MAX_TOTAL_BYTES} bytes together.",
            num_pictures=len(sizes),
            num_bytes=sum(sizes),
        )


def unreadable(path: Path, error: OSError) -> DataError:
    """Return what to say of a file that could not be read: of the disk, not of the picture."""
    return DataError(
        "Every picture must be readable.",
        "Look after the disk and the file's permissions, or move it away; then run again.",
        file=printable_name(str(path)),
        error=error.strerror or str(error),
    )


def stamp_of(path: Path) -> Stamp:
    """Return what tells a file from one that was written in its place since."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


def written_meanwhile(path: Path) -> ChangedDataError:
    """Return what to say of an archive whose stamp is another one after it was read."""
    return ChangedDataError("The file was written while it was read.", "Run again.", path=printable_name(str(path)))


def checked_bytes(data: bytes) -> bytes:
    """Return what was read, if it is not too much: no more than one byte over the bound was asked for.

    Raises:
        TooLargeError: the file is too large.
    """
    if len(data) > MAX_MEMBER_BYTES:
        raise TooLargeError(f"A picture must have at most {MAX_MEMBER_BYTES} bytes.")
    return data
