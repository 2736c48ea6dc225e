"""Distributions as pip leaves them in a folder of sys.path, with recipes and architectures in them."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs" / "own-recipes.md").read_text()
# The recipe file that the page shows, and what a package says that has one as a module, or an architecture.
FILE, PACKAGE, PACKAGE_OF_MODELS = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
SOURCE, OPTIONS, BUILDER = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
# The recipe that the page about one's own shows.
NAME, ALIAS = "digits-narrow", "narrow"
RECIPES, ARCHITECTURES = "aepipe.recipes", "aepipe.architectures"


def install(
    folder: Path, name: str, announced: Mapping[str, str], modules: Mapping[str, str], group: str = RECIPES
) -> None:
    """Put a distribution, what it announces, and its modules by their paths into a folder."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "".join(f"{one} = {value}\n" for one, value in announced.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{lines}")
    for path, source in modules.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(source)


def install_page(folder: Path) -> None:
    """Put the page's distribution of a recipe into a folder."""
    project = tomllib.loads(PACKAGE)["project"]
    install(folder, project["name"], project["entry-points"][RECIPES], {"our_recipes.py": SOURCE})


def install_models(folder: Path) -> None:
    """Put the page's distribution of an architecture into a folder."""
    project = tomllib.loads(PACKAGE_OF_MODELS)["project"]
    modules = {"our_models/__init__.py": "", "our_models/options.py": OPTIONS, "our_models/pooling.py": BUILDER}
    install(folder, project["name"], project["entry-points"][ARCHITECTURES], modules, ARCHITECTURES)
