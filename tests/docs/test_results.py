"""The README's tables are cut from those of docs/reproductions.md: they can't be changed in one place alone."""

import re

from documents import text_of


def tables(text: str) -> list[list[list[str]]]:
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [
        [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
        for table in found
    ]


def cut(table: list[list[str]], columns: list[str]) -> list[list[str]]:
    places = [table[0].index(column) for column in columns]
    return [[row[place] for place in places] for row in table]


def test_the_readme_has_the_rows_of_reproductions():
    results = text_of("README.md").partition("## Results")[2].partition("\n## ")[0]
    short, whole = tables(results), tables(text_of("docs/reproductions.md"))
    assert len(short) == 3
    for table in short:
        assert table in [cut(source, table[0]) for source in whole if set(table[0]) <= set(source[0])]
