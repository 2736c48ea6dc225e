"""Style of every figure, and its file: the same data gives the same bytes."""

import textwrap
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

DOTS_PER_INCH = 130
WIDTH_INCHES = 9.0
# Left of rows of images.
LABEL_INCHES = 1.6
MIN_COLUMNS = 4
TITLE_CHARACTERS_PER_INCH = 10
MAX_NAME_CHARACTERS = 24
MAX_NAMED_CLASSES = 12
# Okabe and Ito's palette, which colour-blind readers tell apart; black first for what is measured.
MODEL, LINEAR, NOTHING = "#0072B2", "#E69F00", "#666666"
# Of other scripts, where the machine has them: what the default font lacks is drawn with the first that has it.
OTHER_FONTS = (
    *(f"Noto Sans CJK {region}" for region in ("JP", "SC", "TC", "KR", "HK")),
    *("Noto Sans JP", "Noto Sans SC", "Noto Sans KR", "Source Han Sans", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei"),
    *("IPAexGothic", "IPAGothic", "TakaoGothic", "VL Gothic", "NanumGothic", "UnDotum", "Baekmuk Dotum"),
    *("Droid Sans Fallback", "AR PL UMing CN", "Unifont", "Arial Unicode MS", "Microsoft YaHei", "SimHei", "Meiryo"),
    *("Yu Gothic", "Malgun Gothic", "PingFang SC", "PingFang HK", "Hiragino Sans", "Apple SD Gothic Neo"),
)
_installed = {font.name for font in font_manager.fontManager.ttflist}
FONTS = ["DejaVu Sans", *(name for name in OTHER_FONTS if name in _installed)]
SETTINGS: "dict[RcKeyType, Any]" = {
    "font.family": FONTS,
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#e3e3e3",
    "legend.frameon": False,
    "image.cmap": "gray",
    "image.interpolation": "nearest",
    "svg.hashsalt": "aepipe",
}


def new_figure(height_inches: float, width_inches: float = WIDTH_INCHES) -> Figure:
    """Return an empty figure whose parts never overlap."""
    with mpl.rc_context(SETTINGS):
        return Figure((width_inches, height_inches), dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")


def most_columns(image_width: int, most: int, width_inches: float = WIDTH_INCHES - LABEL_INCHES) -> int:
    """Return how many images of a width in pixels a row has room for without making them smaller; at least four."""
    room = int(width_inches * DOTS_PER_INCH)
    return min(most, max(MIN_COLUMNS, room // (image_width + gap_between(image_width))))


def gap_between(image_width: int) -> int:
    """Return how many pixels are between images of a row."""
    return max(1, image_width // 12)


def set_title(figure: Figure, title: str) -> Text:
    """Write a title above everything, in as many lines as it takes, and return it."""
    width = int(figure.get_figwidth() * TITLE_CHARACTERS_PER_INCH)
    lines = [textwrap.fill(line, width) for line in _literal(title).splitlines()]
    return figure.suptitle("\n".join(lines), fontsize=13)


def short_name(name: str, most_characters: int = MAX_NAME_CHARACTERS) -> str:
    """Return a class's name, which is a user's folder name, as a legend or an axis has room for."""
    shortened = name if len(name) <= most_characters else f"{name[: most_characters - 3]}..."
    # A legend leaves out names that start with an underscore.
    return _literal(f" {shortened}" if shortened.startswith("_") else shortened)


def drawable_names(names: Sequence[str]) -> list[str]:
    """Return what figures call classes: their names, or their numbers where no font has the script."""
    return [name if _is_drawable(name) else f"class {number}" for number, name in enumerate(names, 1)]


def numbered_classes(names: Sequence[str]) -> str:
    """Return which class has which number in the figures, in one line; empty where all have their names."""
    return ", ".join(f"{number}: {name}" for number, name in enumerate(names, 1) if not _is_drawable(name))


def _is_drawable(text: str) -> bool:
    # A new line or a tab is no character of any font.
    return all(ord(character) in _characters() for character in text if character.isprintable())


@cache
def _characters() -> frozenset[int]:
    """Return every character that the fonts have."""
    paths = (font_manager.findfont(font_manager.FontProperties(family=name)) for name in FONTS)
    return frozenset().union(*(font_manager.get_font(path).get_charmap() for path in paths))


def _literal(text: str) -> str:
    """Return text in which Matplotlib finds no formula."""
    return text.replace("$", r"\$")


def save(figure: Figure, path: Path, is_cropped: bool = False) -> None:
    """Write a PNG that says nothing about when or by what it was made; cropped, without empty space around it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"Software": None}
    if is_cropped:
        figure.savefig(path, metadata=metadata, bbox_inches="tight", pad_inches=0.1)
    else:
        figure.savefig(path, metadata=metadata)


def show_image(axes: Axes, image: np.ndarray, **placed: Any) -> None:
    """Show one image, (height, width, 1 or 3) in [0, 1], without ticks; on the whole of the axes, or placed as told."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    pixels = np.clip(image, 0, 1)
    # What has to become smaller must not lose every other line.
    is_large = pixels.shape[1] > WIDTH_INCHES * DOTS_PER_INCH
    axes.imshow(
        pixels[..., 0] if pixels.shape[-1] == 1 else pixels,
        vmin=0,
        vmax=1,
        cmap="gray",
        interpolation="antialiased" if is_large or placed else "nearest",
        **placed,
    )
