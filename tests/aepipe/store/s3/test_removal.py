"""What is aborted is one's own, even where a server lists more than it was asked for."""

import time
from datetime import UTC, datetime, timedelta

from aepipe.store.s3.removal import abort_uploads


def test_uploads_of_others_are_left_alone_by_a_server_that_ignores_the_prefix():
    begun = datetime.now(UTC) - timedelta(hours=1)
    uploads = [{"Key": key, "UploadId": key, "Initiated": begun} for key in ("mine/a", "theirs/b", "mine/c")]
    aborted = []

    def call(operation, *name, **_):
        if operation == "abort_multipart_upload":
            aborted.extend(name)
        return {"Uploads": uploads, "IsTruncated": False}

    assert abort_uploads(call, "mine/", time.time() - 60) == 2
    assert aborted == ["mine/a", "mine/c"]
