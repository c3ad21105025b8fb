"""Pictures of energy over wavenumbers: spectra, their transfer and flux."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnspost import statistics
from dnspost.grid import VELOCITY
from dnspost.picks import LAST, Choice, Pick, at_time, over, pick
from dnspost.runs import Run
from dnspost.style import (
    ONE_COLUMN,
    TWO_COLUMNS,
    label,
    named_line,
    plain_decades,
    reference_line,
    shades,
)

KOLMOGOROV_CONSTANT = 1.6  # Sreenivasan 1995, Phys. Fluids 7, 2778: 1.62 +- 0.17
# What is not above this share of the largest is rounding.
ROUNDING = 1e-14


class AtRestError(ValueError):
    """There is no spectrum, for nothing moves."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the flow is at rest: it has no spectrum")


@dataclass(frozen=True)
class Line:
    """A spectrum E(k) of an instant or a mean, with the scales that it is compensated by."""

    energy: xr.DataArray
    error: xr.DataArray | None
    dissipation: float
    eta: float
    words: str

    @property
    def is_scaled(self) -> bool:
        """Whether there are Kolmogorov scales: viscosity, and something that it takes up."""
        return bool(np.isfinite(self.eta) and self.eta > 0 and self.dissipation > 0)


def spectra(
    run: Run, count: int = 5, choice: Choice = LAST, *, even_shells: bool = False
) -> Figure:
    """Up to `count` energy spectra over time, or their mean, raw and compensated.

    They are the solver's, or of snapshots if it wrote none; `even_shells` as `energy_lines`. The
    compensated ones are left out where there is no viscosity. Raises AtRestError at rest.
    """
    lines = energy_lines(run, count, choice, even_shells=even_shells)
    with_scales = any(line.is_scaled for line in lines)
    width = TWO_COLUMNS if with_scales else ONE_COLUMN
    figure = Figure(figsize=(width, 2.8))
    panels = figure.subplots(1, 2 if with_scales else 1, squeeze=False)[0]
    raw, compensated = panels[0], panels[1] if with_scales else None
    for colour, line in zip(shades(len(lines)), lines, strict=True):
        draw(raw, compensated, line, line.words, colour)
    finish(raw, compensated, lines[-1])
    return figure


def energy_lines(
    run: Run, count: int = 5, choice: Choice = LAST, *, even_shells: bool = False
) -> list[Line]:
    """Return the spectra to draw: `count` of them evenly over the time, or their mean.

    With `even_shells` each is divided by the modes in its shell over 4 pi k^2 dk, those that a
    shell has on average; see `statistics.shell_correction`.
    """
    if run.has("spectra"):
        found, name = run.spectra[["kinetic_energy"]], "spectra"
    else:
        snapshots = run.snapshots_with(VELOCITY)
        if not choice.mean:
            snapshots = _spread(_since(snapshots, choice), count)
        found, name = statistics.energy_spectrum(snapshots).to_dataset(name="kinetic_energy"), None
    if even_shells:
        found = found * statistics.shell_correction(found["k"], run.config["grid"])
    if choice.mean:
        picks = [pick(found, choice, name)]
    else:
        chosen = _spread(_since(found, choice), count)
        times = chosen["time"].values.tolist()
        picks = [pick(found, Choice(time), name) for time in times]
    lines = [_line(run, each) for each in picks]
    lines = [line for line in lines if bool((line.energy > 0).any())]
    if not lines:
        raise AtRestError
    return lines


def _line(run: Run, picked: Pick) -> Line:
    """Keep the shells up to k_max, without those that hold nothing but rounding."""
    energy = picked.values["kinetic_energy"].dropna("k")
    k = energy["k"]
    kept = (k > 0) & (k <= float(picked.values["k_max"]) * (1 + 1e-12))
    energy = energy[kept]
    energy = energy.where(energy > ROUNDING * energy.max())
    error = None if picked.error is None else picked.error["kinetic_energy"].sel(k=energy["k"])
    dissipation, eta = (over(run, name, picked) for name in ("dissipation", "kolmogorov_length"))
    return Line(energy, error, dissipation, eta, picked.words)


def draw(raw: Axes, compensated: Axes | None, line: Line, words: str, colour: object) -> None:
    """Draw a spectrum, with a band of a standard error to both sides of a mean."""
    k, energy = line.energy["k"].values, line.energy.values
    scaled = [(raw, k, np.ones_like(k))]
    if compensated is not None and line.is_scaled:
        scaled.append((compensated, k * line.eta, k ** (5 / 3) * line.dissipation ** (-2 / 3)))
    for axes, x, factor in scaled:
        axes.loglog(x, energy * factor, color=colour, label=words)
        if line.error is not None:
            low, high = ((energy + sign * line.error.values) * factor for sign in (-1, 1))
            low = np.where(low > 0, low, energy * factor * 1e-3)
            axes.fill_between(x, low, high, color=colour, alpha=0.3, lw=0)


def finish(raw: Axes, compensated: Axes | None, last: Line) -> None:
    """Add slopes, constants, labels and limits."""
    low, high = raw.dataLim.intervalx
    if last.is_scaled and high > low:
        k = np.array([low * (high / low) ** 0.25, low * (high / low) ** 0.75])
        slope = 2 * KOLMOGOROV_CONSTANT * last.dissipation ** (2 / 3) * k ** (-5 / 3)
        raw.loglog(k, slope, **reference_line())
        name = raw.annotate("$k^{-5/3}$", (k[1], slope[1]), color="0.55", fontsize=7)
        name.set_verticalalignment("bottom")
    raw.set_xlabel(label("$k$", "1/L"))
    raw.set_ylabel(label("$E(k)$", "L^3/T^2"))
    # What a start from few modes has beside them is no part of the picture.
    raw.set_ylim(bottom=max(raw.dataLim.intervaly[0], 1e-8 * raw.dataLim.intervaly[1]))
    raw.legend()
    plain_decades(raw.xaxis)
    if compensated is None:
        return
    named_line(compensated, KOLMOGOROV_CONSTANT, f"$C_K$ = {KOLMOGOROV_CONSTANT}")
    compensated.set_xlabel(r"$k\,\eta$")
    compensated.set_ylabel(r"$\varepsilon^{-2/3}\, k^{5/3}\, E(k)$")
    # Far in the dissipation range compensated spectra say nothing.
    top = max(compensated.dataLim.intervaly[1], KOLMOGOROV_CONSTANT)
    compensated.set_ylim(max(compensated.dataLim.intervaly[0], 1e-4 * top), 2 * top)
    plain_decades(compensated.xaxis)
    plain_decades(compensated.yaxis)


def flux(run: Run, choice: Choice = LAST) -> Figure:
    """Nonlinear transfer T(k) and flux Pi(k), by the dissipation, or as they are if there is none.

    They are the solver's, or of a snapshot if it wrote no spectra.
    """
    picked = pick(_transfer(run, choice), choice, "spectra")
    k_max = float(picked.values["k_max"])
    picked_k = picked.values["k"]
    kept = (picked_k > 0) & (picked_k <= k_max * (1 + 1e-12)) & picked.values["flux"].notnull()
    found = picked.values[["transfer", "flux"]].isel(k=np.flatnonzero(kept))
    losses = [over(run, f"{kind}dissipation", picked) for kind in ("", "hyper_", "drag_")
              if f"{kind}dissipation" in run.history]  # fmt: skip
    dissipation = float(np.nansum(losses))
    unit = dissipation if dissipation > 0 else 1.0
    names = {"flux": (r"\Pi", "o-"), "transfer": (r"k\,T", "s-")}
    figure = Figure(figsize=(ONE_COLUMN, 2.6))
    axes = figure.subplots()
    k = found["k"].values
    for name, (symbol, marker) in names.items():
        factor = (k if name == "transfer" else 1.0) / unit
        words = rf"${symbol} / \varepsilon$" if unit == dissipation else f"${symbol}$"
        values = found[name].values * factor
        (line,) = axes.semilogx(k, values, marker, ms=2.5, label=words)
        if picked.error is not None:
            error = picked.error[name].sel(k=found["k"]).values * factor
            colour = line.get_color()
            axes.fill_between(k, values - error, values + error, color=colour, alpha=0.3, lw=0)
    axes.axhline(0, **reference_line())
    axes.set_xlabel(label("$k$", "1/L"))
    what = "nonlinear transfer of energy"
    axes.set_ylabel(what if unit == dissipation else label(what, "L^2/T^3"))
    axes.set_title(picked.words)
    plain_decades(axes.xaxis)
    axes.legend()
    return figure


def _transfer(run: Run, choice: Choice) -> xr.Dataset:
    """Return transfer and flux over time; of snapshots only those that are wanted."""
    names = {"kinetic_energy_transfer": "transfer", "kinetic_energy_flux": "flux"}
    if run.has("spectra"):
        return run.spectra[list(names)].rename(names)
    snapshots = run.snapshots_with(VELOCITY)
    if choice.mean:
        snapshots = snapshots.sel(time=slice(choice.tmin, None))
    else:
        snapshots = snapshots.sel(time=[float(at_time(snapshots["time"], choice.time))])
    each = [statistics.energy_flux(snapshots.isel(time=i)) for i in range(snapshots.sizes["time"])]
    return xr.concat(each, "time", coords="different", compat="equals")


def _since(series: xr.Dataset, choice: Choice) -> xr.Dataset:
    chosen = series.isel(time=series["time"].values >= choice.tmin)
    if chosen.sizes["time"] == 0:
        raise ValueError(f"there are no spectra from t = {choice.tmin:g} on")
    if choice.time is not None:
        return chosen.sel(time=[choice.time], method="nearest")
    return chosen


def _spread(series: xr.Dataset, count: int) -> xr.Dataset:
    """Return at most `count` records, evenly spread, the first and the last included."""
    if count < 1:
        raise ValueError(f"count is {count}; it must be at least 1")
    n = series.sizes["time"]
    places = np.unique(np.linspace(0, n - 1, min(n, count)).round().astype(int))
    return series.isel(time=places if count > 1 else [-1])
