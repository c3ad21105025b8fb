"""Pictures of structure functions and of spectra about an axis."""

import numpy as np
import xarray as xr
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from dnspost.plots import at_time
from dnspost.runs import Run
from dnspost.style import ONE_COLUMN, TWO_COLUMNS, label, plain_decades, reference_line

FOUR_FIFTHS = 4 / 5  # Kolmogorov 1941: -<(du_L)^3> = 4/5 dissipation r


def structure(run: Run, time: float | None = None) -> Figure:
    """Longitudinal structure functions of the solver, averaged over the axes.

    Left: the third order over -dissipation r, beside 4/5. Right: extended self-similarity, the
    others over <|du|^3> (Benzi et al. 1993, Phys. Rev. E 48, R29), and their slopes.
    """
    record = at_time(run.structure_functions, time).mean("axis")
    table = run.history
    dissipation = np.interp(float(record["time"]), table["time"], table["dissipation"])
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    third, similar = figure.subplots(1, 2)
    r = record["r"].values
    ratio = -record["velocity_longitudinal"].sel(order=3) / (dissipation * r)
    third.semilogx(r, ratio, "o-", ms=2.5)
    third.axhline(FOUR_FIFTHS, **reference_line())
    plain_decades(third.xaxis)
    third.set_xlabel(label("$r$", "L"))
    third.set_ylabel(r"$-\langle (\delta u_L)^3 \rangle / (\varepsilon r)$")
    absolute = record["velocity_longitudinal_absolute"]
    for order, slope in ess_exponents(absolute).items():
        if order != 3:
            note = f"$p$ = {order}: {slope:.2f}"
            over = absolute.sel(order=3)
            similar.loglog(over, absolute.sel(order=order), "o-", ms=2.5, label=note)
    similar.set_xlabel(r"$\langle |\delta u_L|^3 \rangle$")
    similar.set_ylabel(r"$\langle |\delta u_L|^p \rangle$")
    similar.legend(title="exponents")
    figure.suptitle(f"$t$ = {float(record['time']):.3g}")
    return figure


def ess_exponents(absolute: xr.DataArray) -> dict[int, float]:
    """Return zeta_p / zeta_3, the slopes of ln <|du|^p> over ln <|du|^3>, of <|du|^p>(order, r)."""
    logs = absolute.copy(data=np.log(absolute.values))
    third = logs.sel(order=3).values
    return {
        int(order): float(np.polyfit(third, logs.sel(order=order).values, 1)[0])
        for order in logs["order"]
    }


def axial(run: Run, time: float | None = None) -> Figure:
    """Kinetic energy over the wavenumbers across and along the axis of the flow.

    Raises ValueError for a flow without an axis.
    """
    if "kinetic_energy_axial" not in run.spectra:
        raise ValueError(
            f"{run.directory} has no axial spectra: there are some of flows with rotation, "
            "stratification or a mean magnetic field"
        )
    energy = at_time(run.spectra, time)["kinetic_energy_axial"]
    shown = energy.where(energy > 1e-10 * energy.max())
    figure = Figure(figsize=(ONE_COLUMN, 2.8))
    axes = figure.subplots()
    image = axes.pcolormesh(
        energy["k_perp"], energy["k_par"], shown.transpose("k_par", "k_perp"), norm=LogNorm()
    )
    figure.colorbar(image, label=label(r"$E(k_\perp, k_\parallel)$", energy.attrs["units"]))
    limit = [0, min(float(energy[k].max()) for k in ("k_perp", "k_par"))]
    axes.plot(limit, limit, **reference_line())
    axes.set_xlabel(label(r"$k_\perp$", "1/L"))
    axes.set_ylabel(label(r"$k_\parallel$", "1/L"))
    axes.set_title(f"$t$ = {float(energy['time']):.3g}")
    return figure
