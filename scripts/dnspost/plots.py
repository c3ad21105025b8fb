"""Line plots: histories, comparisons, scaling; spectra, fluxes and densities from their own files.

Each function returns a matplotlib Figure; make it inside of `dnspost.style.style()`.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnspost.densities import pdf
from dnspost.picks import LAST, Choice, at_time
from dnspost.runs import Run
from dnspost.spectra_plots import AtRestError, draw, energy_lines, finish, flux, spectra
from dnspost.style import (
    TWO_COLUMNS,
    label,
    named_line,
    plain_decades,
    reference_line,
)

__all__ = [
    "RESOLVED",
    "at_time",
    "compare",
    "flux",
    "history",
    "pdf",
    "scaling",
    "scaling_table",
    "spectra",
]

RESOLVED = 1.5  # k_max eta, Yeung & Pope 1989, J. Fluid Mech. 207, 531
SYMBOLS = {
    "kinetic_energy": "$K$",
    "dissipation": r"$\varepsilon$",
    "taylor_reynolds": r"$Re_\lambda$",
    "kmax_eta": r"$k_\mathrm{max}\,\eta$",
}
# What is drawn beside the quantity of a panel where a single run has it.
BESIDE = {
    "kinetic_energy": {"magnetic_energy": "magnetic", "potential_energy": "potential"},
    "dissipation": {
        "hyper_dissipation": "by hyperviscosity",
        "drag_dissipation": "by drag",
        "magnetic_dissipation": "magnetic",
        "potential_dissipation": "potential",
        "injected_power": "injected power",
        "magnetic_injected_power": "magnetic power",
    },
}
GENERAL = {
    "kinetic_energy": ("kinetic", "energy"),
    "dissipation": ("dissipation", r"$\varepsilon$, power"),
}


def history(runs: Sequence[Run]) -> Figure:
    """Energies, dissipation, Reynolds number and resolution over time, a line for each run."""
    figure = Figure(figsize=(TWO_COLUMNS, 4.0))
    for axes, name in zip(figure.subplots(2, 2, sharex=True).flat, SYMBOLS, strict=True):
        drawn = [_history_line(axes, run, name) for run in runs]
        units = runs[0].history.attrs["units"]
        axes.set_ylabel(label(SYMBOLS[name], units.get(name, "1")))
        if not any(drawn):
            axes.text(0.5, 0.5, "not defined in this flow", ha="center", transform=axes.transAxes)
        elif name == "kmax_eta":
            named_line(axes, RESOLVED, f"{RESOLVED:g}: resolved")
        else:
            axes.set_ylim(bottom=0)
        axes.margins(x=0)
        if len(runs) == 1:
            _others(axes, runs[0], name)
    for axes in figure.axes[2:]:
        axes.set_xlabel(label("$t$", "T"))
    if len(runs) > 1:
        figure.axes[0].legend()
    return figure


def _history_line(axes: Axes, run: Run, name: str) -> bool:
    """Draw a column; return whether there is anything but zero and infinity in it."""
    table = run.history
    if name not in table:
        return False
    values = table[name].where(np.isfinite(table[name]))
    axes.plot(table["time"], values, label=run.name)
    return name in BESIDE or bool((values > 0).any())


def _others(axes: Axes, run: Run, name: str) -> None:
    """Draw the other energies, or what else takes and gives energy, and name all."""
    table = run.history
    found = {
        column: words
        for column, words in BESIDE.get(name, {}).items()
        if column in table and (table[column].fillna(0) != 0).any()
    }
    for column, words in found.items():
        # Powers are means since the last row: the first row has none.
        rows = table.iloc[1:] if column.endswith("power") else table
        look = "--" if column.endswith("power") else "-"
        axes.plot(rows["time"], rows[column], look, label=words)
    if found:
        own, general = GENERAL[name]
        axes.lines[0].set_label(own)
        axes.set_ylabel(label(general, table.attrs["units"].get(name, "1")))
        axes.set_ylim(top=1.35 * axes.get_ylim()[1])  # room for the names
        axes.legend(ncols=min(len(found) + 1, 3), loc="upper right", columnspacing=1)


def compare(runs: Sequence[Run], choice: Choice = LAST) -> Figure:
    """Dissipation over time, and the last spectra or their means, of several runs.

    A run at rest has no spectrum, and its name says so. Raises ValueError when all are.
    """
    figure = Figure(figsize=(TWO_COLUMNS, 2.4))
    left, raw, compensated = figure.subplots(1, 3)
    line = None
    for run in runs:
        _history_line(left, run, "dissipation")
        drawn = left.lines[-1]
        try:
            (line,) = energy_lines(run, 1, choice)
        except AtRestError:
            drawn.set_label(f"{run.name} (at rest)")
        else:
            draw(raw, compensated, line, run.name, drawn.get_color())
    if line is None:
        raise ValueError("all of these runs are at rest: there is nothing to compare")
    left.set_xlabel(label("$t$", "T"))
    left.set_ylabel(label(SYMBOLS["dissipation"], "L^2/T^3"))
    left.set_ylim(bottom=0)
    finish(raw, compensated, line)
    raw.legend().remove()
    left.legend()
    raw.set_title(line.words if choice.mean else "the last spectra")
    return figure


def scaling_table(runs: Sequence[Run]) -> pd.DataFrame:
    """Points, cores and milliseconds per step of finished runs, from their logs.

    The best of several runs of the same grid on as many cores: other work can only add time.
    """
    rows = []
    for run in runs:
        shape = re.findall(r"^ranks: +(\d+) with (\d+) thread", run.log, re.MULTILINE)
        if not shape or run.timings.empty:
            raise ValueError(f"the log of {run.directory} has no table of times: is it complete?")
        ranks, threads = map(int, shape[-1])
        points = run.config["grid"]["points"]
        milliseconds = run.timings.loc["all", "max"]
        rows.append((" x ".join(map(str, points)), ranks * threads, milliseconds))
    table = pd.DataFrame(rows, columns=["points", "cores", "ms_per_step"])
    return table.groupby(["points", "cores"], as_index=False).min()


def scaling(runs: Sequence[Run]) -> Figure:
    """Time per step over cores, and the efficiency, a line for each grid."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    times, efficiencies = figure.subplots(1, 2)
    table = scaling_table(runs)
    ideal: str | None = "ideal"
    for marker, (points, group) in zip(itertools.cycle("os^Dv"), table.groupby("points")):
        cores, ms = group["cores"].to_numpy(), group["ms_per_step"].to_numpy()
        times.loglog(cores, ms, marker + "-", ms=3, label=points)
        times.loglog(cores, ms[0] * cores[0] / cores, **reference_line(), label=ideal)
        ideal = None
        efficiencies.semilogx(cores, ms[0] * cores[0] / (ms * cores), marker + "-", ms=3)
    for axes in (times, efficiencies):
        axes.set_xlabel("cores")
        ticks = sorted(set(table["cores"]))
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.minorticks_off()
    times.set_ylabel("time per step [ms]")
    plain_decades(times.yaxis)
    named_line(efficiencies, 1, "ideal")
    efficiencies.set_ylim(0, 1.2)
    efficiencies.set_ylabel("parallel efficiency")
    times.legend(title="points")
    return figure
