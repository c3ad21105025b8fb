"""What a flow's report is made of: runs, findings with their bands, tables and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Semaphore
from typing import Any, TypeVar

import numpy as np
from matplotlib.figure import Figure

import dnspost
from dnspost import style
from dnspost.grid import Array
from dnspost.runs import Run

T = TypeVar("T")


class Size(StrEnum):
    """How large the runs are."""

    QUICK = "quick"
    STANDARD = "standard"
    LONG = "long"


@dataclass(frozen=True)
class Lab:
    """Where flows are run: a folder, how large they may be, and how many run at once."""

    folder: Path
    size: Size
    cores: Semaphore

    def run(self, name: str, config: Mapping[str, Any]) -> Run:
        """Run `config` into the folder `name` on one core, unless it is complete there."""
        output = {"directory": str(self.folder / name)} | config.get("output", {})
        with self.cores:
            print(f"runs {name}", flush=True)
            return dnspost.run({**config, "output": output})

    def choose(self, quick: T, standard: T, long: T) -> T:
        """Return what belongs to this size."""
        return {Size.QUICK: quick, Size.STANDARD: standard, Size.LONG: long}[self.size]


@dataclass(frozen=True)
class Finding:
    """A number beside what it should be, and why the band is that wide."""

    name: str
    value: float
    low: float
    high: float
    source: str

    @classmethod
    def about(
        cls, name: str, value: float, expected: float, share: float, source: str
    ) -> "Finding":
        """Return a number that should be `expected` but for a `share` of it."""
        low, high = sorted([expected * (1 - share), expected * (1 + share)])
        return cls(name, value, low, high, source)

    @property
    def good(self) -> bool:
        """Whether it is in its band."""
        return self.low <= self.value <= self.high

    def cells(self) -> list[str]:
        """Return the cells of its row in the table."""
        if self.low == -np.inf:
            band = f"at most {self.high:.4g}"
        elif self.high == np.inf:
            band = f"at least {self.low:.4g}"
        else:
            band = f"{self.low:.4g} to {self.high:.4g}"
        mark = "yes" if self.good else "**no**"
        return [self.name, f"{self.value:.4g}", band, mark, self.source]


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    text: str
    findings: list[Finding]
    figures: Mapping[str, Figure]
    tables: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> str:
        """Write the figures and return the text."""
        parts = [f"## {self.title}", self.text]
        header = ["", "found", "band", "in it", "where the band comes from"]
        parts.append(table(header, [finding.cells() for finding in self.findings]))
        parts += self.tables
        for name, figure in self.figures.items():
            style.save(figure, folder / name, ["png"])
            parts.append(f"![{self.title}: {name.replace('_', ' ')}]({name}.png)")
        return "\n\n".join(parts) + "\n"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def log_interpolated(x: Array, known: Array, values: Array) -> Array:
    """Return `values`, given at `known`, at `x`: straight lines between logarithms."""
    return np.exp(np.interp(np.log(x), np.log(known), np.log(values)))


def trapezoidal(values: Array, times: Array) -> tuple[float, float]:
    """Return the integral of `values` over `times` by the trapezoidal rule, and its error.

    The error is h^2 / 12 times the change of the slope, summed by magnitude over the rows.
    """
    slopes = np.gradient(values, times)
    error = np.diff(times).max() ** 2 / 12 * np.abs(np.diff(slopes)).sum()
    return float(np.trapezoid(values, times)), float(error)
