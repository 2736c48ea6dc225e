"""Distributions as pip leaves them in a folder of sys.path, with recipes in them."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "own-recipes.md").read_text()
# The recipe file that the page shows, and what a package says that has one as a module.
FILE, PACKAGE = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
METADATA = tomllib.loads(PACKAGE)
(SOURCE,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# The recipe that the page about one's own shows.
NAME, ALIAS = "digits-narrow", "narrow"


def install(folder: Path, name: str, recipes: Mapping[str, str], modules: Mapping[str, str]) -> None:
    """Put a distribution, what it announces, and its modules by their paths into a folder."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{recipe} = {value}\n" for recipe, value in recipes.items())
    (info / "entry_points.txt").write_text(f"[aepipe.recipes]\n{lines}")
    for path, source in modules.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)


def install_page(folder: Path) -> None:
    """Put the page's distribution into a folder."""
    project = METADATA["project"]
    install(folder, project["name"], project["entry-points"]["aepipe.recipes"], {"our_recipes.py": SOURCE})
