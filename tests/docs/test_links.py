"""What the documents link to and name is there, and nothing in docs/ lies beside the way."""

import re
from pathlib import Path

import pytest
from documents import DOCUMENTS, ROOT, all_text, prose, text_of
from markdown_it import MarkdownIt

PAGES = [*DOCUMENTS, ROOT / "CHANGELOG.md"]
FOLDERS = ("aepipe", "tasks", "flows", "deploy", "tests", "docs")


def links(path: Path) -> list[str]:
    """Return where a page's links and pictures lead, but for addresses."""
    tokens = [child for token in MarkdownIt("commonmark").parse(path.read_text()) for child in token.children or []]
    found = [token.attrGet("href") or token.attrGet("src") for token in tokens if token.type in ("link_open", "image")]
    found += re.findall(r"\]\(([^)\s]+)\)", "\n".join(re.findall(r"^\|.*", path.read_text(), re.MULTILINE)))
    return [link for link in found if not re.match(r"https?:", link)]


def anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", prose(path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path):
    for link in links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_file_in_docs_is_reached_from_the_readme():
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        for link in links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target not in reached and target != page:
                reached.add(target)
                waiting += [target] if target.suffix == ".md" else []
    files = {path for path in (ROOT / "docs").iterdir() if path.suffix in {".md", ".png"}}
    assert files - reached == set()


def test_files_that_are_named_are_there():
    named = set(re.findall(rf"(?<![\w/:.@<>-])(?:{'|'.join(FOLDERS)})/[\w./-]*\w", all_text()))
    ignored = (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/prefect.yaml" in named
    assert [path for path in sorted(named) if f"/{path}" not in ignored and not (ROOT / path).exists()] == []


def test_the_readme_fits_on_few_screens():
    assert len(text_of("README.md").splitlines()) <= 200
