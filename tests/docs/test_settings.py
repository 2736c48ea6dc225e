"""The table of settings has every variable that the code and its containers read or set, and no other."""

import re

import prefect.settings
from documents import ROOT, text_of

TABLE = text_of("docs/settings.md")
# Of Prefect's logging.yml, whose values each have a variable that is no setting.
OF_LOGGING = {"PREFECT_LOGGING_HANDLERS_CONSOLE_FORMATTER"}


def rows(prefix: str) -> set[str]:
    """Return the variables of the table that begin so."""
    first_cells = [line.split("|")[1] for line in TABLE.splitlines() if line.startswith("| `")]
    return {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell) if name.startswith(prefix)}


def test_it_has_the_variables_of_the_code():
    sources = [path for top in ("aepipe", "tasks", "flows", "deploy") for path in (ROOT / top).rglob("*.py")]
    in_code = {name for path in sources for name in re.findall(r"\bAEPIPE_[A-Z0-9_]+\b", path.read_text())}
    assert rows("AEPIPE_") == in_code


def test_it_has_what_these_files_set():
    folder = ROOT / "deploy"
    files = [path for path in folder.rglob("programs.py")] + [folder / "compose.yaml", folder / "Dockerfile"]
    files += [path for name in ("helm", "pools", "kubernetes") for path in (folder / name).iterdir()]
    # ${NAME} is what Compose is told, not what Prefect is.
    pattern = r"(?<![\w{$])PREFECT_[A-Z0-9_]+\b"
    are_set = {name for path in files for name in re.findall(pattern, path.read_text())}
    assert len(are_set) > 10
    assert are_set - rows("PREFECT_") == set()


def test_prefect_knows_the_variables():
    assert [name for name in sorted(rows("PREFECT_") - OF_LOGGING) if not hasattr(prefect.settings, name)] == []
