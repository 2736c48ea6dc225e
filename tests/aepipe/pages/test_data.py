"""What pages say of a user's own images: counts beside those before, checks, names; nothing in a name steers a page."""

import pytest
from indices import index_of, row
from pages import HOSTILE, Page, outcome, report_of

from aepipe.checks.census import take_census
from aepipe.checks.facts import Checked, CheckFacts, CheckResult
from aepipe.checks.verdict import CheckLine
from aepipe.datasets.index import make_index
from aepipe.pages.data import render_check
from aepipe.pages.report import render_report
from aepipe.releases.facts import Accepted

HOLDS = CheckLine(name="fewer images", setting="data.checks.most_fewer", limit=0.2, found=0.1, holds=True, says="few")
BROKEN = CheckLine(
    name="constant images",
    setting="data.checks.most_constant",
    limit=0.05,
    found=0.25,
    allows=0.25,
    holds=False,
    says="5 of 20 new images of one value all over",
)


def checked(now=None, before=None, lines=(HOLDS,), accepted=None, **changes) -> Checked:
    now = index_of(range(30)) if now is None else now
    facts = {
        "name": "images-shoes",
        "data_set": "images:/data/shoes",
        "lines": lines,
        "census": take_census(now, before),
        **changes,
    }
    result = CheckResult(stage="check", fingerprint="0" * 64, files={}, facts=CheckFacts(**facts), seconds=1)
    return Checked(result=result, accepted=accepted)


def report_page(one: Checked) -> Page:
    return Page(render_report(report_of(outcome("mnist-dense", data="images-shoes"), checked=[one])))


def test_the_report_counts_files_by_state_part_class_and_size_beside_those_before():
    rows = [row(number, part="train" if number < 20 else "test") for number in range(28)]
    rows += [row(28, state="broken", reason="cut short"), row(29, state="duplicate", reason="a/0000.png")]
    now, before = make_index(rows), index_of(range(10), part="train")
    page = report_page(checked(now, before, reference="20250101T000000Z-abcdef"))
    assert "Data: images-shoes" in page.text
    assert "compared with release 20250101T000000Z-abcdef" in page.text
    cells = {tuple(line) for table in page.tables for line in table}
    assert {("ok", "10", "28"), ("broken", "0", "1"), ("duplicate", "0", "1")} <= cells
    assert {("train", "10", "20"), ("test", "0", "8"), ("none", "0", "1"), ("8x8", "10", "29")} <= cells
    assert "a/0028.png: cut short" in page.text
    assert "Images that came: 19" in page.text


def test_the_first_report_has_one_column_and_compares_with_nothing():
    page = report_page(checked())
    assert "with nothing to compare with yet" in page.text
    assert ["ok", "30"] in [line for table in page.tables for line in table]
    assert "Images that came" not in page.text


def test_twenty_names_are_shown_and_the_others_counted():
    rows = [row(number, state="broken", reason="cut short") for number in range(25)]
    page = report_page(checked(make_index([*rows, row(30)])))
    assert page.text.count("cut short") == 20
    assert "and 5 more" in page.text
    assert ("a", "data/images-shoes.parquet") in [(tag, attributes.get("href")) for tag, attributes in page.elements]


def test_who_took_what_a_check_refused_and_why_is_said():
    page = report_page(checked(lines=(HOLDS, BROKEN), accepted=Accepted(why="new lamps", by="Ann, flow run 7")))
    assert "Taken although a check is broken." in page.text
    assert "new lamps (Ann, flow run 7)" in page.text
    assert "data.checks.most_constant=0.25 allows it." in page.text


def test_the_page_of_a_broken_check_says_it_first():
    page = Page(render_check(checked(lines=(HOLDS, BROKEN))))
    assert page.text.startswith("Checks of images-shoes Checks of images-shoes")
    assert page.text.index("constant images") < page.text.index("fewer images")
    assert "1 check holds, 1 is broken, with nothing to compare with yet" in page.text


@pytest.mark.parametrize("column", ["path", "class", "reason"])
def test_hostile_names_are_text(column):
    rows = [row(number, state="broken", reason="cut") | {column: f"{HOSTILE}\x1b[2J"} for number in range(2)]
    rows.append(row(3) | ({column: HOSTILE} if column == "class" else {}))
    for html in (
        render_check(checked(make_index(rows))),
        render_report(report_of(outcome("mnist-dense"), checked=[checked(make_index(rows))])),
    ):
        assert "script" not in {tag for tag, _ in Page(html).elements}
        assert "\x1b" not in html


def test_an_empty_folder_shows_what_is_gone():
    page = Page(render_check(checked(make_index([]), index_of(range(30)))))
    assert "Images that went: 30" in page.text
    assert ["a", "15", "0"] in [line for table in page.tables for line in table]
