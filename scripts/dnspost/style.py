"""How figures look: sizes of a journal, colours that all can tell apart, units in words."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

ONE_COLUMN, TWO_COLUMNS = 3.4, 7.0  # inches: 86 and 178 mm, as most journals have them

# Okabe & Ito 2008, "Color Universal Design": seven colours safe for the colour-blind. Yellow is
# left out, too pale for lines.
COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00"]
SEQUENTIAL, DIVERGING = "viridis", "RdBu_r"

_LIGHT: dict[Any, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 150,
    "savefig.dpi": 300,
    "pdf.fonttype": 42,  # text stays text: journals ask for it
    "font.size": 8,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.top": True,
    "ytick.right": True,
    "lines.linewidth": 1.2,
    "axes.linewidth": 0.6,
    "mathtext.fontset": "dejavusans",
    "axes.prop_cycle": cycler(color=COLOURS),
    "image.cmap": SEQUENTIAL,
}
_INK, _PAGE = "#d8dee6", "#161b22"
_DARK: dict[Any, Any] = {
    name: _INK
    for name in ["text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"]
} | {
    "figure.facecolor": _PAGE,
    "axes.facecolor": _PAGE,
    "savefig.facecolor": _PAGE,
    "axes.prop_cycle": cycler(color=["#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#D55E00"]),
}


@contextmanager
def style(*, dark: bool = False) -> Iterator[None]:
    """Apply the look to all figures made inside of the `with` block."""
    with mpl.rc_context(_LIGHT | (_DARK if dark else {})):
        yield


def shades(count: int) -> list[Any]:
    """Return colours for lines that follow each other in time, none of them close to the page's."""
    dark = mpl.rcParams["axes.facecolor"] == _PAGE
    first, last = (0.3, 1.0) if dark else (0.0, 0.85)
    return list(mpl.colormaps[SEQUENTIAL](np.linspace(first, last, count)))


def reference_line() -> dict[str, Any]:
    """Return how a line looks that is no result: theory, limits."""
    return {"color": "0.55", "linewidth": 0.8, "linestyle": "--"}


def named_line(axes: Axes, height: float, words: str) -> None:
    """Draw a horizontal line that is no result, with its name at the right end inside the frame."""
    axes.axhline(height, **reference_line())
    low, high = axes.get_ylim()
    if axes.get_yscale() == "linear" and height > low + 0.9 * (high - low):
        axes.set_ylim(top=low + (height - low) / 0.9)
    axes.annotate(
        words,
        (1, height),
        xycoords=("axes fraction", "data"),
        xytext=(-2, 2),
        textcoords="offset points",
        ha="right",
        color="0.55",
        fontsize=7,
    )


def number(value: float, digits: int = 2) -> str:
    """Return a number with so many digits after the point, and no minus before zeros."""
    return f"{round(value, digits) + 0.0:.{digits}f}"


def plain_decades(axis: Axis) -> None:
    """Label a logarithmic axis 1, 2, 5, 10 where it spans less than two decades."""
    low, high = axis.get_view_interval()
    if high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def label(name: str, unit: str) -> str:
    """Return an axis label, `name [unit]` with raised exponents; the unit 1 is left out."""
    raised = re.sub(r"\^(-?\d+)", r"$^{\1}$", unit)
    return name if unit == "1" else f"{name} [{raised}]"


def save(figure: Figure, path: Path, formats: Sequence[str] = ("png", "pdf")) -> list[Path]:
    """Write `path` with the ending of each format, and return the names."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = [path.with_name(f"{path.name}.{ending}") for ending in formats]
    for name in written:
        figure.savefig(name)
    return written
