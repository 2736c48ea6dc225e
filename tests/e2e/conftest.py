"""One stack of servers and workers for the tests that break parts of it."""

from contextlib import ExitStack

import pytest
from e2e.stack import WORKERS, Stack, network_namespace, postgres

LONGEST = ["test_outages.py", "test_up.py", "test_failures.py", "test_kills.py", "test_signals.py", "test_wheel.py"]


def pytest_collection_modifyitems(items):
    """What waits longest comes first, so that nothing is left to wait alone at the end."""
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@pytest.fixture(scope="session")
def stack(tmp_path_factory, s3_server):
    """A Prefect server on PostgreSQL where that is installed, deployments, one worker for pipelines and two for
    trainings in namespaces of their own where this user may make them."""
    folder = tmp_path_factory.mktemp("stack")
    with ExitStack() as exits:
        names = [name for name, worker in WORKERS.items() if worker.pool == "aepipe-gpu"]
        found = {name: exits.enter_context(network_namespace(n, s3_server)) for n, name in enumerate(names)}
        namespaces = {name: namespace for name, namespace in found.items() if namespace is not None}
        database = exits.enter_context(postgres())
        stack = Stack(folder, s3_server, database, namespaces)
        exits.callback(stack.close)
        print(f"\nnamespaces: {list(namespaces)}, database: {database or 'SQLite'}")
        print(f"server healthy after {stack.start_server():.1f} s")
        stack.apply("s3://unset/unset")
        stack.start_workers(*WORKERS)
        yield stack
