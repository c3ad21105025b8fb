"""Pictures of probability densities."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from dnspost import fields, statistics
from dnspost.grid import VELOCITY
from dnspost.picks import LAST, Choice, at_time, pick
from dnspost.runs import Run
from dnspost.spectral import derivative
from dnspost.style import ONE_COLUMN, number, reference_line

# Names of the solver's densities by their symbols.
SOLVER = {
    "$u$": "u",
    r"$\partial u_i/\partial x_i$": "velocity_longitudinal",
    r"$\omega_i$": "vorticity",
}


@dataclass(frozen=True)
class Density:
    """A density over (value - mean) / rms, and in words its skewness and flatness."""

    values: xr.DataArray
    error: xr.DataArray | None
    moments: str


def pdf(run: Run, choice: Choice = LAST) -> Figure:
    """Densities of velocity, longitudinal gradient and vorticity, beside the Gaussian.

    They are the solver's, or of a snapshot if it wrote none; or means over time.
    """
    words, found = densities(run, choice)
    if not found:
        raise ValueError("there is no standardised density of velocity, gradient or vorticity")
    figure = Figure(figsize=(ONE_COLUMN, 3.2))
    axes = figure.subplots()
    for marker, (name, density) in zip("os^", found.items(), strict=False):
        value = density.values["value"].values
        shown = density.values.where(density.values > 0).values
        note = f"{name}: {density.moments}"
        (line,) = axes.semilogy(value, shown, marker + "-", ms=2, lw=0.8, label=note)
        if density.error is not None:
            error = density.error.values
            low = np.where(shown > error, shown - error, 1e-3 * shown)
            axes.fill_between(value, low, shown + error, color=line.get_color(), alpha=0.3, lw=0)
    value = np.linspace(-8, 8, 200)
    gauss = np.exp(-(value**2) / 2) / np.sqrt(2 * np.pi)
    axes.semilogy(value, gauss, **reference_line(), label="Gaussian: S = 0, F = 3")
    axes.set_ylim(0.3 / np.prod(run.config["grid"]["points"]), 2)
    axes.set_xlabel("(value - mean) / rms")
    axes.set_ylabel("probability density")
    figure.legend(loc="outside upper center", ncols=1, title=words)
    return figure


def densities(run: Run, choice: Choice = LAST) -> tuple[str, dict[str, Density]]:
    """Return the time in words, and the densities that there are by their symbols."""
    if run.has("pdfs"):
        return _of_the_solver(run.pdfs, choice)
    if choice.mean:
        raise ValueError(
            f"{run.directory} has no pdfs.h5 to average: give output.pdfs = {{ every = .. }} in "
            "the configuration"
        )
    snapshot = at_time(run.snapshots_with(VELOCITY), choice.time)
    shown = {
        "$u$": snapshot["u"],
        r"$\partial u/\partial x$": derivative(snapshot["u"], "x"),
        r"$\omega_x$": fields.vorticity(snapshot)["omega_x"],
    }
    found = {}
    for name, field in shown.items():
        density = statistics.pdf(field, bins=60)
        moments = density.attrs["skewness"], density.attrs["flatness"]
        found[name] = Density(density, None, _moments(*moments))
    return f"$t$ = {float(snapshot['time']):.4g}", found


def _of_the_solver(pdfs: xr.Dataset, choice: Choice) -> tuple[str, dict[str, Density]]:
    # What has bins of its own is no standardised density.
    names = {s: n for s, n in SOLVER.items() if n in pdfs and "value" in pdfs[n].dims}
    if not names:
        return "", {}
    wanted = pdfs[[*names.values(), *(f"{name}_moments" for name in names.values())]]
    picked = pick(wanted, choice, "pdfs")
    found = {}
    for symbol, name in names.items():
        values = picked.values[name].dropna("value")
        error = None if picked.error is None else picked.error[name].sel(value=values["value"])
        moments = picked.values[f"{name}_moments"].values[2:4]
        if picked.error is None:
            words = _moments(*moments)
        else:
            words = _moments(*moments, *picked.error[f"{name}_moments"].values[2:4])
        found[symbol] = Density(values, error, words)
    return picked.words, found


def _moments(skewness: float, flatness: float, *errors: float) -> str:
    own = [f" ± {number(error)}" for error in errors] or ["", ""]
    return f"S = {number(skewness)}{own[0]}, F = {number(flatness)}{own[1]}"
