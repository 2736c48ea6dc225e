"""Stores that give no answer about what is to be done; what is found in those that do is tested with the runs."""

import pytest
from servers.server import free_ports

from aepipe.cli import nothing_to_do
from aepipe.cli.nothing_to_do import find_without_a_run
from aepipe.errors import AccessDeniedError
from aepipe.flows.parameters.run import RunParameters
from aepipe.recipes.plan import Overrides
from aepipe.stages.request import plan_requests
from aepipe.store.s3.store import S3Store


@pytest.fixture
def find(monkeypatch):
    """Looks into a bucket, which is soon given up where it does not answer."""

    def find_in(bucket):
        monkeypatch.setattr(nothing_to_do, "open_store", lambda _: S3Store(bucket, deadline_seconds=0.1))
        chosen = dict(RunParameters(recipes=["mnist-dense"], store=f"s3://{bucket}"))
        return find_without_a_run(chosen, plan_requests(chosen["recipes"], Overrides(), {}))

    return find_in


def test_a_store_that_does_not_answer_is_left_to_the_run_which_waits_for_it(find, monkeypatch):
    monkeypatch.setenv("AEPIPE_S3_ANONYMOUS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{free_ports(1)[0]}")
    assert find("bucket") is None


def test_a_store_that_refuses_is_said_at_once(find, monkeypatch, s3_server, lead_to):
    lead_to(s3_server)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(AccessDeniedError):
        find(s3_server.bucket)
