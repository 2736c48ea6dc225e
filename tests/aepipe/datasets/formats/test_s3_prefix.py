import pytest

from aepipe.datasets.formats import members
from aepipe.datasets.formats.s3_prefix import list_s3
from aepipe.errors import AccessDeniedError, ChangedDataError, DataError, ObjectNotFoundError, TooLargeError

LISTING = b"""<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><IsTruncated>false</IsTruncated>
<Contents><Key>my/pictures/b/2.png</Key><ETag>"two"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>3</Size></Contents>
<Contents><Key>my/pictures/a/1.png</Key><ETag>"one"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>3</Size></Contents>
<Contents><Key>my/pictures/notes.txt</Key><ETag>"no"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>3</Size></Contents>
<Contents><Key>my/pictures/a/</Key><ETag>"folder"</ETag><LastModified>2026-01-01T00:00:00.000Z</LastModified><Size>0</Size></Contents>
</ListBucketResult>"""


@pytest.fixture
def pictures(s3, monkeypatch):
    """Two pictures under a prefix; retries don't wait."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    s3.files |= {"/bucket": LISTING, "/bucket/my/pictures/a/1.png": b"one", "/bucket/my/pictures/b/2.png": b"two"}
    s3.versions |= {"/bucket/my/pictures/a/1.png": '"one"', "/bucket/my/pictures/b/2.png": '"two"'}
    return s3


def test_objects_by_name_with_their_versions(pictures):
    listing = list_s3("s3://bucket/my/pictures/")
    assert [(member.name, member.version, member.read()) for member in listing.members] == [
        ("a/1.png", '"one"', b"one"),
        ("b/2.png", '"two"', b"two"),
    ]
    assert listing.num_files == 3
    assert [(one.reason, one.names) for one in listing.tally.left_out()] == [("no picture", ("notes.txt",))]


@pytest.mark.parametrize("plan", [[503], ["cut"], [500, 503, 503, 503, 503, "cut"]])
def test_a_server_that_is_busy_for_a_moment_is_asked_again(pictures, plan):
    pictures.plans["/bucket/my/pictures/a/1.png"] = plan
    assert list_s3("s3://bucket/my/pictures").members[0].read() == b"one"


def test_a_refusal_is_no_broken_picture(pictures):
    pictures.plans["/bucket/my/pictures/a/1.png"] = [403]
    with pytest.raises(AccessDeniedError, match=r"a/1\.png.*status=403"):
        list_s3("s3://bucket/my/pictures").members[0].read()


@pytest.mark.parametrize("change", ["written", "removed"])
def test_an_object_that_was_changed_since(pictures, change):
    members = list_s3("s3://bucket/my/pictures").members
    pictures.versions["/bucket/my/pictures/b/2.png"] = '"another"'
    if change == "removed":
        del pictures.files["/bucket/my/pictures/b/2.png"], pictures.versions["/bucket/my/pictures/b/2.png"]
        pictures.plans["/bucket/my/pictures/b/2.png"] = [404]
    with pytest.raises(ChangedDataError, match=r"b/2\.png"):
        members[1].read()


def test_a_large_object_is_not_read_to_its_end(pictures, monkeypatch):
    monkeypatch.setattr(members, "MAX_MEMBER_BYTES", 2)
    with pytest.raises(TooLargeError):
        list_s3("s3://bucket/my/pictures").members[0].read()


def test_a_prefix_that_can_not_be_listed(pictures):
    with pytest.raises(ObjectNotFoundError):
        list_s3("s3://other/my")


def test_a_public_bucket_needs_no_credentials(pictures, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(AccessDeniedError, match="AEPIPE_S3_ANONYMOUS=1"):
        list_s3("s3://bucket/my/pictures")
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "1")
    assert list_s3("s3://bucket/my/pictures").members[0].read() == b"one"


@pytest.mark.parametrize("url", ["s3://me:sec/ret@bucket/x", "s3:///x"])
def test_an_address_without_a_bucket_or_with_a_key(url):
    with pytest.raises(DataError) as refused:
        list_s3(url)
    assert "ret" not in str(refused.value).replace("SECRET", "")
