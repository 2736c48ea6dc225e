"""What a publication knows about its flow run, against a real Prefect server."""

from prefect import flow

from aepipe.tasks.publish import this_run


def test_a_run_that_is_tried_again_is_the_same_run_with_a_start_of_its_own(prefect_server):
    runs = []

    @flow(retries=1)
    def fails_once():
        runs.append(this_run())
        if len(runs) == 1:
            raise RuntimeError("tests")
        runs.append(this_run())

    fails_once()
    first, again, and_again = runs
    assert first.flow_run == again.flow_run
    assert first.started < again.started == and_again.started
