"""Task that publishes a run as a release."""

from prefect import get_run_logger

from aepipe.publishing.release import Published, Run, publish_release
from aepipe.stages.outcome import Outcome
from aepipe.store import open_store
from tasks.artifacts import show_release
from tasks.stages import task


@task(name="publish")
def publish(store_url: str, outcomes: list[Outcome], run: Run) -> Published:
    """Publish models, figures, noisy test sets and the report."""
    published = publish_release(open_store(store_url), outcomes, run)
    get_run_logger().info("Release %s: %s", published.release, published.uri)
    show_release(published, outcomes)
    return published
