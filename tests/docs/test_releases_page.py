"""The commands of docs/releases.md run, in their order, on what two quick runs leave."""

from command_line import app
from documents import calls, text_of
from releases import put_release
from typer.testing import CliRunner

from aepipe.releases.channels import DEMONSTRATION, point_channel
from aepipe.releases.manifest import manifest_sha256
from aepipe.store import open_store

FIRST, SECOND = "20260101T020000Z-aaaaaa", "20260102T020000Z-bbbbbb"
PAGE = text_of("docs/releases.md").partition("## Who published it")[0]
OF_RELEASES = [call for call in calls("aepipe", PAGE) if call[0] == "releases"]
# The README makes the first production of a store.
PROMOTE = [call for call in calls("aepipe", text_of("README.md")) if call[:2] == ["releases", "promote"]]


def test_the_commands_run_in_their_order_after_quick_runs(tmp_path, monkeypatch):
    assert len(OF_RELEASES) >= 8
    assert len(PROMOTE) == 1
    monkeypatch.chdir(tmp_path)
    store = open_store("./store")
    for release in (FIRST, SECOND):
        # As two quick runs leave it, but for what only a training makes.
        manifest = put_release(store, release, {"mnist-dense": release.encode()}, parameters={"preset": "quick"})
        for channel in ("candidate", DEMONSTRATION):
            point_channel(
                store, channel, release, manifest_sha256(manifest), action="promoted", why="passed", by="the run"
            )
    runner = CliRunner()
    # So that there is a release to go back to.
    assert runner.invoke(app, ["releases", "promote", FIRST, "--why", "the first"]).exit_code == 0
    for call in [*PROMOTE, *OF_RELEASES]:
        done = runner.invoke(app, call)
        assert done.exit_code == 0, (call, done.output, done.exception)
    assert (tmp_path / "production" / "models" / "mnist-dense" / "model.keras").is_file()
    part = runner.invoke(app, ["releases", "download", "production", "--to", "./part", "--recipe", "dense"])
    assert part.exit_code == 0, part.exception
    assert (tmp_path / "part" / "models" / "mnist-dense" / "model.keras").is_file()
