"""Line plots: histories, spectra, fluxes, densities, comparisons, scaling.

Each function returns a matplotlib Figure; make it inside of `dnspost.style.style()`.
"""

import itertools
import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnspost import fields, statistics
from dnspost.runs import Run
from dnspost.spectral import derivative
from dnspost.style import ONE_COLUMN, TWO_COLUMNS, label, plain_decades, reference_line, shades

KOLMOGOROV_CONSTANT = 1.6  # Sreenivasan 1995, Phys. Fluids 7, 2778: 1.62 +- 0.17
RESOLVED = 1.5  # k_max eta, Yeung & Pope 1989, J. Fluid Mech. 207, 531
SYMBOLS = {
    "kinetic_energy": "$K$",
    "dissipation": r"$\varepsilon$",
    "injected_power": "injected power",
    "taylor_reynolds": r"$Re_\lambda$",
    "kmax_eta": r"$k_\mathrm{max}\,\eta$",
}


def history(runs: Sequence[Run]) -> Figure:
    """Energy, dissipation, Reynolds number and resolution over time, a line for each run."""
    figure = Figure(figsize=(TWO_COLUMNS, 4.0))
    panels = ["kinetic_energy", "dissipation", "taylor_reynolds", "kmax_eta"]
    for axes, name in zip(figure.subplots(2, 2, sharex=True).flat, panels, strict=True):
        for run in runs:
            _history_line(axes, run, name)
        axes.set_ylabel(label(SYMBOLS[name], runs[0].history.attrs["units"].get(name, "1")))
        if name == "kmax_eta":
            axes.axhline(RESOLVED, **reference_line())
        axes.margins(x=0)
    for axes in figure.axes[2:]:
        axes.set_xlabel(label("$t$", "T"))
    forced = len(runs) == 1 and (runs[0].history["injected_power"] != 0).any()
    if forced:
        power = runs[0].history.iloc[1:]
        figure.axes[1].plot(power["time"], power["injected_power"], "--", label="injected power")
        figure.axes[1].lines[0].set_label("dissipation")
        figure.axes[1].set_ylabel(label(r"$\varepsilon$, power", "L^2/T^3"))
        figure.axes[1].legend()
    for axes in figure.axes[:3]:
        axes.set_ylim(bottom=0)
    if len(runs) > 1:
        figure.axes[0].legend()
    return figure


def _history_line(axes: Axes, run: Run, name: str) -> None:
    table = run.history
    axes.plot(table["time"], table[name], label=run.name)


def spectra(run: Run, count: int = 5) -> Figure:
    """Up to `count` energy spectra over time, raw and compensated by Kolmogorov's scaling.

    They are the solver's, or of snapshots if it wrote none.
    """
    if run.has("spectra"):
        found = _spread(run.spectra, count)["kinetic_energy"]
    else:
        found = statistics.energy_spectrum(_spread(run.snapshots, count))
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    raw, compensated = figure.subplots(1, 2)
    for colour, spectrum in zip(shades(found.sizes["time"]), found, strict=True):
        name = f"$t$ = {float(spectrum['time']):.3g}"
        _spectrum_lines(raw, compensated, run, spectrum, color=colour, label=name)
    _finish_spectra(raw, compensated, run)
    return figure


def _spectrum_lines(
    raw: Axes, compensated: Axes, run: Run, spectrum: xr.DataArray, **look: object
) -> None:
    """Draw one spectrum up to k_max, without shells that hold nothing but rounding."""
    resolved = spectrum.sel(k=slice(spectrum["k"][1], run.k_max))
    resolved = resolved.where(resolved > 1e-14 * resolved.max())
    k, e = resolved["k"].values, resolved.values
    table = run.history
    dissipation = np.interp(float(spectrum["time"]), table["time"], table["dissipation"])
    eta = (run.viscosity**3 / dissipation) ** 0.25
    raw.loglog(k, e, **look)
    compensated.loglog(k * eta, e * k ** (5 / 3) * dissipation ** (-2 / 3), **look)


def _finish_spectra(raw: Axes, compensated: Axes, run: Run) -> None:
    low, high = raw.dataLim.intervalx
    k = np.array([low * (high / low) ** 0.25, low * (high / low) ** 0.75])
    table = run.history
    last = KOLMOGOROV_CONSTANT * table["dissipation"].iloc[-1] ** (2 / 3) * k ** (-5 / 3)
    raw.loglog(k, 2 * last, **reference_line())
    raw.annotate(
        "$k^{-5/3}$", (k[1], 2 * last[1]), xytext=(2, 2), textcoords="offset points", color="0.55"
    )
    raw.set_xlabel(label("$k$", "1/L"))
    raw.set_ylabel(label("$E(k)$", "L^3/T^2"))
    # What a start from few modes has beside them is no part of the picture.
    raw.set_ylim(bottom=max(raw.dataLim.intervaly[0], 1e-8 * raw.dataLim.intervaly[1]))
    raw.legend()
    compensated.axhline(KOLMOGOROV_CONSTANT, **reference_line())
    compensated.set_xlabel(r"$k\,\eta$")
    compensated.set_ylabel(r"$\varepsilon^{-2/3}\, k^{5/3}\, E(k)$")
    # Far in the dissipation range compensated spectra say nothing.
    top = compensated.dataLim.intervaly[1]
    compensated.set_ylim(max(compensated.dataLim.intervaly[0], 1e-4 * top), 2 * top)
    plain_decades(raw.xaxis)
    plain_decades(compensated.xaxis)


def flux(run: Run, time: float | None = None) -> Figure:
    """Nonlinear transfer T(k) and flux Pi(k) of one snapshot."""
    snapshot = at_time(run.snapshots, time)
    found = statistics.energy_flux(snapshot).sel(k=slice(0.5 / run.k_max, run.k_max))
    table = run.history
    dissipation = np.interp(float(snapshot["time"]), table["time"], table["dissipation"])
    figure = Figure(figsize=(ONE_COLUMN, 2.6))
    axes = figure.subplots()
    k = found["k"]
    axes.semilogx(k, found["flux"] / dissipation, "o-", ms=2.5, label=r"$\Pi / \varepsilon$")
    axes.semilogx(
        k, k * found["transfer"] / dissipation, "s-", ms=2.5, label=r"$k\,T / \varepsilon$"
    )
    axes.axhline(0, **reference_line())
    axes.set_xlabel(label("$k$", "1/L"))
    axes.set_ylabel("nonlinear transfer of energy")
    axes.set_title(f"$t$ = {float(snapshot['time']):.3g}")
    plain_decades(axes.xaxis)
    axes.legend()
    return figure


def pdf(run: Run, time: float | None = None) -> Figure:
    """Densities of velocity, longitudinal gradient and vorticity, beside the Gaussian.

    They are the solver's, or of a snapshot if it wrote none.
    """
    figure = Figure(figsize=(ONE_COLUMN, 3.0))
    axes = figure.subplots()
    time, densities = _densities(run, time)
    for marker, (name, density) in zip("os^", densities.items(), strict=False):
        shown = density.where(density > 0)
        note = f"{name}: S = {density.attrs['skewness']:.2f}, F = {density.attrs['flatness']:.2f}"
        axes.semilogy(density["value"], shown, marker + "-", ms=2, lw=0.8, label=note)
    value = np.linspace(-8, 8, 200)
    gauss = np.exp(-(value**2) / 2) / np.sqrt(2 * np.pi)
    axes.semilogy(value, gauss, **reference_line(), label="Gaussian")
    axes.set_ylim(0.3 / np.prod(run.config["grid"]["points"]), 2)
    axes.set_xlabel("(value - mean) / rms")
    axes.set_ylabel("probability density")
    figure.legend(loc="outside upper center", ncols=2, title=f"$t$ = {time:.3g}")
    return figure


def _densities(run: Run, time: float | None) -> tuple[float, dict[str, xr.DataArray]]:
    """Return the time and the densities, with skewness and flatness as attributes."""
    if run.has("pdfs"):
        record = at_time(run.pdfs, time)
        names = {
            "$u$": "u",
            r"$\partial u_i/\partial x_i$": "velocity_longitudinal",
            r"$\omega_i$": "vorticity",
        }
        # What has bins of its own is no standardised density.
        kept = {label: name for label, name in names.items() if "value" in record[name].dims}
        found = {}
        for name_shown, name in kept.items():
            moments = record[f"{name}_moments"].values
            shape = {"skewness": moments[2], "flatness": moments[3]}
            found[name_shown] = record[name].assign_attrs(shape)
        return float(record["time"]), found
    snapshot = at_time(run.snapshots, time)
    fields_shown = {
        "$u$": snapshot["u"],
        r"$\partial u/\partial x$": derivative(snapshot["u"], "x"),
        r"$\omega_x$": fields.vorticity(snapshot)["omega_x"],
    }
    densities = {name: statistics.pdf(field, bins=60) for name, field in fields_shown.items()}
    return float(snapshot["time"]), densities


def compare(runs: Sequence[Run]) -> Figure:
    """Dissipation over time, and the last spectra, of several runs."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.4))
    left, raw, compensated = figure.subplots(1, 3)
    for run in runs:
        _history_line(left, run, "dissipation")
        last = statistics.energy_spectrum(run.snapshots.isel(time=[-1]))[0]
        _spectrum_lines(raw, compensated, run, last, label=run.name)
    left.set_xlabel(label("$t$", "T"))
    left.set_ylabel(label(SYMBOLS["dissipation"], "L^2/T^3"))
    left.set_ylim(bottom=0)
    _finish_spectra(raw, compensated, runs[-1])
    raw.legend().remove()
    left.legend()
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
    for marker, (points, group) in zip(itertools.cycle("os^Dv"), table.groupby("points")):
        cores, ms = group["cores"].to_numpy(), group["ms_per_step"].to_numpy()
        times.loglog(cores, ms, marker + "-", ms=3, label=points)
        times.loglog(cores, ms[0] * cores[0] / cores, **reference_line())
        efficiencies.semilogx(cores, ms[0] * cores[0] / (ms * cores), marker + "-", ms=3)
    for axes in (times, efficiencies):
        axes.set_xlabel("cores")
        ticks = sorted(set(table["cores"]))
        axes.set_xticks(ticks, [str(n) for n in ticks])
        axes.minorticks_off()
    times.set_ylabel("time per step [ms]")
    plain_decades(times.yaxis)
    efficiencies.axhline(1, **reference_line())
    efficiencies.set_ylim(0, 1.2)
    efficiencies.set_ylabel("parallel efficiency")
    times.legend(title="points")
    return figure


def at_time(snapshots: xr.Dataset, time: float | None) -> xr.Dataset:
    """Return the snapshot nearest to a time; the last one by default."""
    if time is None:
        return snapshots.isel(time=-1)
    return snapshots.sel(time=time, method="nearest")


def _spread(snapshots: xr.Dataset, count: int) -> xr.Dataset:
    """Return at most `count` snapshots, evenly spread, the first and the last included."""
    n = snapshots.sizes["time"]
    return snapshots.isel(time=np.unique(np.linspace(0, n - 1, min(n, count)).round().astype(int)))
