import socket
from dataclasses import replace

from aepipe.cli.saved_progress import watch_progress
from aepipe.store import open_store


def test_a_store_that_does_not_answer_yet_is_left_to_the_run(s3_server, lead_to):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        lead_to(replace(s3_server, endpoint_url=f"http://127.0.0.1:{nobody.getsockname()[1]}"))
        describe = watch_progress("s3://aepipe-test/away")
    lead_to(s3_server)
    assert describe() == "the same command goes on from what the store has"


def test_what_was_saved_since_is_told(tmp_path):
    store = open_store(str(tmp_path))
    store.put("checkpoints/before/7-a", b"")
    describe = watch_progress(str(tmp_path))
    store.put("checkpoints/since/1200-b", b"")
    assert describe() == "the same command goes on at step 1,200"
