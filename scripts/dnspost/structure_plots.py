"""Pictures of structure functions and of spectra about an axis."""

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from dnspost.grid import Array
from dnspost.picks import LAST, Choice, over, pick
from dnspost.runs import Run
from dnspost.style import (
    ONE_COLUMN,
    TWO_COLUMNS,
    label,
    named_line,
    plain_decades,
    reference_line,
)

FOUR_FIFTHS = 4 / 5  # Kolmogorov 1941: -<(du_L)^3> = 4/5 dissipation r


# Separations that the exponents are of by default: beyond dissipation, below the large scales.
ESS_FROM = 5  # Kolmogorov lengths: Benzi et al. 1993 see extended self-similarity from there on


def structure(run: Run, choice: Choice = LAST) -> Figure:
    """Longitudinal structure functions of the solver, averaged over the axes; or means over time.

    Left: the third order over -dissipation r, beside 4/5. Right: extended self-similarity, the
    others over <|du|^3> (Benzi et al. 1993, Phys. Rev. E 48, R29), and their slopes over the
    separations from 5 Kolmogorov lengths to the integral length, which are filled.
    """
    names = ["velocity_longitudinal", "velocity_longitudinal_absolute"]
    found = pick(run.structure_functions[names].mean("axis"), choice, "structure_functions")
    record = found.values.dropna("r", how="all")
    dissipation = over(run, "dissipation", found)
    if not dissipation > 0:
        raise ValueError("there is no viscous dissipation to scale structure functions with")
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    third, similar = figure.subplots(1, 2)
    r = record["r"].values
    scale = -1 / (dissipation * r)
    ratio = record["velocity_longitudinal"].sel(order=3).values * scale
    (line,) = third.semilogx(r, ratio, "o-", ms=2.5)
    if found.error is not None:
        error = found.error["velocity_longitudinal"].sel(order=3, r=record["r"]).values * abs(scale)
        third.fill_between(r, ratio - error, ratio + error, color=line.get_color(), alpha=0.3, lw=0)
    named_line(third, FOUR_FIFTHS, "4/5")
    plain_decades(third.xaxis)
    third.set_xlabel(label("$r$", "L"))
    third.set_ylabel(r"$-\langle (\delta u_L)^3 \rangle / (\varepsilon r)$")
    absolute = record["velocity_longitudinal_absolute"]
    low = ESS_FROM * over(run, "kolmogorov_length", found)
    high = over(run, "integral_length", found)
    inside = _within(r, low, high)
    exponents = ess_exponents(absolute, low, high) if inside.sum() >= FEWEST else {}
    for order in absolute["order"].values:
        if order != 3:
            note = f"$p$ = {order:.0f}"
            note += f": {exponents[int(order)]:.2f}" if exponents else ""
            x, y = absolute.sel(order=3).values, absolute.sel(order=order).values
            (line,) = similar.loglog(x, y, "o-", ms=3, mfc="none", lw=0.8, label=note)
            similar.loglog(x[inside], y[inside], "o", ms=3, color=line.get_color())
    similar.set_xlabel(r"$\langle |\delta u_L|^3 \rangle$")
    similar.set_ylabel(r"$\langle |\delta u_L|^p \rangle$")
    title = f"slopes, $r$ = {low:.2g} to {high:.2g}" if exponents else "too few $r$ for slopes"
    similar.legend(title=title, loc="center left", bbox_to_anchor=(1.02, 0.5))
    figure.suptitle(found.words, fontsize=8)
    return figure


FEWEST = 3  # separations that a slope wants


def _within(r: Array, low: float, high: float) -> Array:
    return np.asarray((r >= low * (1 - 1e-9)) & (r <= high * (1 + 1e-9)))


def ess_exponents(
    absolute: xr.DataArray, low: float = 0.0, high: float = np.inf
) -> dict[int, float]:
    """Return zeta_p / zeta_3, the slopes of ln <|du|^p> over ln <|du|^3>, of <|du|^p>(order, r).

    Separations from `low` to `high` count, by default all. Raises ValueError when they are less
    than three.
    """
    r = absolute["r"].values if "r" in absolute.coords else np.ones(absolute.sizes["r"])
    chosen = absolute.isel(r=np.flatnonzero(_within(r, low, high)))
    if chosen.sizes["r"] < min(FEWEST, absolute.sizes["r"]):
        raise ValueError(
            f"{chosen.sizes['r']} separations lie from r = {low:g} to {high:g}: too few for a slope"
        )
    logs = chosen.copy(data=np.log(chosen.values))
    third = logs.sel(order=3).values
    return {
        int(order): float(np.polyfit(third, logs.sel(order=order).values, 1)[0])
        for order in logs["order"]
    }


def axial(run: Run, choice: Choice = LAST) -> Figure:
    """Kinetic energy over the wavenumbers across and along the axis of the flow.

    Raises ValueError for a flow without an axis.
    """
    if "kinetic_energy_axial" not in run.spectra:
        raise ValueError(
            f"{run.directory} has no axial spectra: there are some of flows with rotation, "
            "stratification or a mean magnetic field"
        )
    found = pick(run.spectra[["kinetic_energy_axial"]], choice, "spectra")
    energy = found.values["kinetic_energy_axial"]
    energy = energy.dropna("k_par", how="all").dropna("k_perp", how="all")
    if not bool((energy > 0).any()):
        raise ValueError("the flow is at rest: it has no spectrum")
    shown = energy.where(energy > 1e-10 * energy.max())
    figure = Figure(figsize=(ONE_COLUMN, 2.8))
    axes = figure.subplots()
    image = axes.pcolormesh(
        energy["k_perp"], energy["k_par"], shown.transpose("k_par", "k_perp"), norm=LogNorm()
    )
    figure.colorbar(image, label=label(r"$E(k_\perp, k_\parallel)$", energy.attrs["units"]))
    limit = [0, min(float(energy[k].max()) for k in ("k_perp", "k_par"))]
    axes.plot(limit, limit, **reference_line())
    axes.annotate(
        r"$k_\perp = k_\parallel$",
        (limit[1], limit[1]),
        xytext=(-4, -10),
        textcoords="offset points",
        ha="right",
        color="white",
        fontsize=7,
    )
    axes.set_xlabel(label(r"$k_\perp$", "1/L"))
    axes.set_ylabel(label(r"$k_\parallel$", "1/L"))
    axes.set_title(found.words)
    return figure
