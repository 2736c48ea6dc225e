"""Counts of a checkout's structure, for a look at before and after: python tests/structure/count.py ROOT.

Only the standard library is needed. mypy is asked for its errors where the checkout's environment has it.
"""

import ast
import re
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("aepipe", "flows", "tasks", "deploy")
LONG_FUNCTION, LONG_FILE = 50, 250
FACTS = re.compile(r"""\bfacts(?:\[\s*["']|\.get\(\s*["'])""")
RIDDLE = re.compile(r"(What|Which|How|Whether|Who|When|Where)\b")
BOUND = re.compile(r"_?(MOST|MAXIMUM|MAX|LARGEST|LONGEST|MINIMUM|MIN|SMALLEST|SHORTEST|LEAST|FEWEST)_[A-Z_]+")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def sources(root: Path, *suffixes: str) -> list[Path]:
    """Return the files of the product with one of these endings."""
    found = (path for folder in FOLDERS for path in sorted((root / folder).rglob("*")))
    return [path for path in found if path.name.endswith(suffixes) and path.is_file()]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a module, nested ones and methods too."""
    return (node for node in ast.walk(tree) if isinstance(node, FUNCTIONS))


def copies(trees: dict[Path, ast.Module]) -> dict[str, int]:
    """Return the names that two modules give to a function of theirs, beside main, with the number of modules."""
    names = Counter(node.name for tree in trees.values() for node in tree.body if isinstance(node, FUNCTIONS))
    return {name: number for name, number in names.most_common() if number > 1 and name != "main"}


def bounds(trees: dict[Path, ast.Module]) -> Counter[str]:
    """Return how often each spelling of a bound begins the name of a constant."""
    spellings: Counter[str] = Counter()
    for tree in trees.values():
        targets = (node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        spellings.update(match.group(1) for match in map(BOUND.fullmatch, targets) if match)
    return spellings


def mypy_errors(root: Path) -> str:
    """Return the number of mypy's errors, or why there is none."""
    python = root / ".venv" / "bin" / "python"
    if not python.exists() or subprocess.run([python, "-c", "import mypy"], capture_output=True).returncode:
        return "no mypy in .venv"
    done = subprocess.run([python, "-m", "mypy", *FOLDERS], cwd=root, capture_output=True, text=True)
    return str(len(re.findall(r": error:", done.stdout)))


def percentile(values: list[int], share: float) -> int:
    """Return the value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def count(root: Path, with_mypy: bool) -> dict[str, object]:
    """Return what was counted, by its name."""
    paths = sources(root, ".py")
    texts = {path: path.read_text(encoding="utf-8") for path in paths}
    trees = {path: ast.parse(text) for path, text in texts.items()}
    lines = [len(text.splitlines()) for text in texts.values()]
    lengths = [node.end_lineno - node.lineno + 1 for tree in trees.values() for node in functions(tree)]
    templates = sources(root, ".j2")
    by_key = {path: len(FACTS.findall(path.read_text(encoding="utf-8"))) for path in (*paths, *templates)}
    same, spelt = copies(trees), bounds(trees)
    return {
        "files": len(paths),
        "lines": sum(lines),
        "file lines, median / p95 / most": f"{statistics.median(lines):g} / {percentile(lines, 0.95)} / {max(lines)}",
        f"files over {LONG_FILE} lines": sum(number > LONG_FILE for number in lines),
        "functions": len(lengths),
        "function lines, median / p95 / most": f"{statistics.median(lengths):g} / {percentile(lengths, 0.95)} / "
        f"{max(lengths)}",
        f"functions over {LONG_FUNCTION} lines": sum(number > LONG_FUNCTION for number in lengths),
        "facts read by literal key": f"{sum(by_key.values())} in {sum(map(bool, by_key.values()))} files",
        "functions of one name in several modules": f"{len(same)}: "
        + ", ".join(f"{name} {number}" for name, number in same.items()),
        "file names that stand several times": sum(
            number > 1 for name, number in Counter(path.name for path in paths).items() if name != "__init__.py"
        ),
        "modules that begin with What, Which, How, ...": sum(
            bool(RIDDLE.match(ast.get_docstring(tree) or "")) for tree in trees.values()
        ),
        "spellings of bounds": f"{len(spelt)}: "
        + ", ".join(f"{name}_ {number}" for name, number in spelt.most_common()),
        "mypy errors": mypy_errors(root) if with_mypy else "not asked",
    }


def main() -> None:
    """Print the table."""
    arguments = [argument for argument in sys.argv[1:] if argument != "--no-mypy"]
    found = count(Path(arguments[0] if arguments else "."), "--no-mypy" not in sys.argv)
    width = max(map(len, found))
    for name, value in found.items():
        print(f"{name:<{width}}  {value}")


if __name__ == "__main__":
    main()
