"""Steady forced isotropic turbulence: what is universal about it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.figure import Figure

from dnspost.grid import Array
from dnspost.runs import Run
from dnspost.style import TWO_COLUMNS, label, reference_line
from validation import jhtdb
from validation.report import Finding, Lab, Section, Size, log_interpolated, table, trapezoidal

POWER = 0.1
START = 6.0  # of the averages: three turnover times


def config(points: int, end: float) -> dict[str, Any]:
    """Return configs/forced_isotropic.toml on `points`^3, with k_max eta = 1.5."""
    return {
        "grid": {"points": [points] * 3},
        "physics": {"viscosity": 5.5e-3 * (128 / points) ** (4 / 3)},
        "initial": {
            "kind": "random",
            "seed": 1,
            "energy": 0.7,
            "spectrum": {"model": "exponential", "peak": 2.0},
        },
        "forcing": {"kind": "constant_power", "power": POWER, "wavenumber": 2.0},
        "time": {"cfl": 0.5, "dt_max": 0.05, "end": end},
        "output": {
            "history": {"every": 0.1},
            "spectra": {"every": 0.5},
            "gradients": {"every": 0.5},
        },
    }


@dataclass(frozen=True)
class Averages:
    """Averages over the steady part of a run."""

    rows: pd.DataFrame
    """The rows of the history that count."""
    mean: pd.Series
    """Of these."""
    gradients: pd.Series
    spectra: xr.Dataset
    """All shells."""
    k: Array
    """Those from 1 to k_max."""
    eta: float
    k_eta: Array
    energy: Array
    """E(k) / (epsilon nu^5)^(1/4) there."""

    @classmethod
    def of(cls, run: Run) -> "Averages":
        """Average over the times from START on."""
        rows = run.history[run.history["time"] >= START]
        mean = rows.mean()
        spectra = run.spectra.sel(time=slice(START, None)).mean("time")
        energy = spectra["kinetic_energy"].sel(k=slice(0.5, run.k_max))
        k, eta = energy["k"].to_numpy(), (run.viscosity**3 / mean["dissipation"]) ** 0.25
        return cls(
            rows,
            mean,
            run.gradients[run.gradients["time"] >= START].mean(),
            spectra,
            k,
            eta,
            k * eta,
            energy.to_numpy() / (mean["dissipation"] * run.viscosity**5) ** 0.25,
        )

    @property
    def turnovers(self) -> float:
        """How many turnover times they are over."""
        return float((self.rows["time"].iloc[-1] - START) / self.mean["turnover_time"])

    @property
    def normalised_dissipation(self) -> float:
        """Return epsilon L / u'^3."""
        rows = self.rows
        each = rows["dissipation"] * rows["integral_length"] / rows["velocity_rms"] ** 3
        return float(each.mean())

    def share(self, lowest: float) -> float:
        """Return the largest share of a component in the energy of k >= `lowest`."""
        high = self.spectra.sel(k=slice(lowest, None)).sum()
        return max(float(high[f"stress_{a}{a}"] / (2 * high["kinetic_energy"])) for a in "xyz")


def section(lab: Lab) -> Section:
    """Averages over the steady part of one run."""
    points, end = lab.choose(48, 128, 256), lab.choose(14.0, 14.0, 24.0)
    run = lab.run(f"forced_{points}", config(points, end))
    found = Averages.of(run)
    findings = [*_large_scales(found), *_balance(run, found)]
    if lab.size is not Size.QUICK:  # whose Reynolds number is too low for what is universal
        findings += _small_scales(found)
    mean = found.mean
    text = (
        f"{points}^3 points, constant power in k <= 2 (negative damping), averages over t = "
        f"{START:g} to {end:g}, {found.turnovers:.0f} turnover times: "
        f"Re_lambda = {mean['taylor_reynolds']:.0f}, k_max eta = {mean['kmax_eta']:.2f}."
    )
    figures = {"forced": _figure(found)}
    return Section("Forced isotropic turbulence", text, findings, figures, [_beside(found)])


def _bottleneck(k_eta: Array, energy: Array) -> float:
    compensated = k_eta ** (5 / 3) * energy
    return float(compensated[(k_eta > 0.05) & (k_eta < 0.5)].max())


def _beside(found: Averages) -> str:
    gradients = found.gradients
    moments = f"{gradients['longitudinal_skewness']:.3f}, {gradients['longitudinal_flatness']:.2f}"
    # At the Reynolds numbers of here.
    fits = (
        0.468 + 18.9 / found.mean["integral_reynolds"],
        0.2 * (1 + np.sqrt(1 + (92 / found.mean["taylor_reynolds"]) ** 2)),
    )
    bottlenecks = (
        f"{_bottleneck(*scaled):.2f}"
        for scaled in [(found.k_eta, found.energy), jhtdb.kolmogorov_scaled()]
    )
    return table(
        ["", "here", "JHTDB isotropic1024", "others"],
        [
            ["Re_lambda", f"{found.mean['taylor_reynolds']:.0f}", "418", ""],
            [
                "epsilon L / u'^3",
                f"{found.normalised_dissipation:.3f}",
                "0.435",
                f"{fits[0]:.2f} (McComb et al. 2015, Phys. Rev. E 91, 043013, with this forcing), "
                f"{fits[1]:.2f} (Donzis et al. 2005, J. Fluid Mech. 532, 199)",
            ],
            [
                "largest epsilon^(-2/3) k^(5/3) E(k) in k eta = 0.05 to 0.5",
                *bottlenecks,
                "1.6 +- 0.17 in an inertial range (Sreenivasan 1995, Phys. Fluids 7, 2778)",
            ],
            [
                "skewness, flatness of du/dx",
                moments,
                "",
                "-0.5, 4 to 6 (Sreenivasan & Antonia 1997, Annu. Rev. Fluid Mech. 29, 435)",
            ],
        ],
    )


def _large_scales(found: Averages) -> list[Finding]:
    # The 32 modes of k <= 2 have 64 degrees of freedom, a third of them for a component.
    spread = 1 / 3 * np.sqrt(2 / (64 / 3 * found.turnovers))
    rows, time = found.rows, found.rows["time"].to_numpy()
    lost, error = trapezoidal(rows["dissipation"].to_numpy(), time)
    put_in = float((rows["injected_power"].to_numpy()[1:] * np.diff(time)).sum())
    gained = float(rows["kinetic_energy"].iloc[-1] - rows["kinetic_energy"].iloc[0])
    return [
        Finding(
            "energy put in - dissipated - gained, over all of them",
            abs(put_in - lost - gained),
            0,
            error,
            "error of the trapezoidal rule over the rows of the history",
        ),
        Finding(
            "largest share of a component in the energy",
            found.share(0.5),
            1 / 3,
            1 / 3 + 3 * spread,
            "1/3 and three standard deviations of 64 degrees of freedom over these turnover times",
        ),
        Finding.about(
            "skewness of du/dx",
            found.gradients["longitudinal_skewness"],
            -0.5,
            0.1 if found.mean["taylor_reynolds"] > 50 else 0.2,
            "-0.45 to -0.55 for Re_lambda of 50 to 200, -0.4 to -0.6 below: Sreenivasan & Antonia "
            "1997, figure 5",
        ),
    ]


def _small_scales(found: Averages) -> list[Finding]:
    mean, k_eta = found.mean, found.k_eta
    theirs = k_eta**2 * log_interpolated(k_eta, *jhtdb.kolmogorov_scaled())
    universal = (k_eta > 0.15) & (k_eta < 1.0)
    difference = np.abs(k_eta**2 * found.energy - theirs)[universal].sum()
    return [
        Finding(
            "dissipation L / u'^3",
            found.normalised_dissipation,
            0.4,
            0.6,
            "boxes forced at low k, Re_lambda beyond 50: Sreenivasan 1998, Phys. Fluids 10, 528; "
            "fits are in the table below",
        ),
        Finding.about(
            "flatness of du/dx",
            found.gradients["longitudinal_flatness"],
            1.14 * mean["taylor_reynolds"] ** 0.34,
            0.17,
            "1.14 Re_lambda^0.34, the factor good to 0.19: Ishihara et al. 2007, J. Fluid Mech. "
            "592, 335",
        ),
        Finding(
            "difference of the dissipation spectrum from JHTDB's in k eta = 0.15 to 1",
            float(difference / theirs[universal].sum()),
            0,
            0.1,
            "spectra of many flows collapse within some 10 %: Saddoughi & Veeravalli 1994, J. "
            "Fluid Mech. 268, 333",
        ),
        Finding.about(
            "largest share of a component in the energy of k eta > 0.2",
            found.share(0.2 / found.eta),
            1 / 3,
            0.03,
            "local isotropy",
        ),
    ]


def _balance(run: Run, found: Averages) -> list[Finding]:
    history = run.history
    step = history["time"].diff() / history.index.to_series().diff()
    kolmogorov_time = np.sqrt(run.viscosity / history["dissipation"])
    residual = (history["budget_residual"].abs() / history["dissipation"]).iloc[1:]
    transfer = found.spectra["kinetic_energy_transfer"]
    high = found.spectra.sel(k=slice(4, None))
    imbalance = abs(high["kinetic_energy_transfer"] - high["dissipation"]).sum()
    return [
        Finding(
            "largest budget residual / dissipation",
            residual.max(),
            0,
            float(((step / kolmogorov_time) ** 2).max()),
            "(dt / Kolmogorov time)^2: the residual is a trapezoidal rule over a step",
        ),
        Finding(
            "sum of T(k) / sum of its magnitudes",
            float(abs(transfer.sum()) / abs(transfer).sum()),
            0,
            1e-12,
            "the nonlinear term conserves energy to rounding",
        ),
        Finding(
            "imbalance of T and D above k = 4",
            float(imbalance / high["dissipation"].sum()),
            0,
            0.1,
            "steady state, but for the change over these turnover times",
        ),
    ]


def _figure(found: Averages) -> Figure:
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    compensated, dissipation, balance = figure.subplots(1, 3)
    for (k_eta, energy), look, name in [
        (jhtdb.kolmogorov_scaled(), "k--", r"JHTDB, Re$_\lambda$ = 418"),
        ((found.k_eta, found.energy), "o-", "here"),
    ]:
        compensated.loglog(k_eta, k_eta ** (5 / 3) * energy, look, ms=2.5, lw=1, label=name)
        dissipation.semilogx(k_eta, 2 * k_eta**3 * energy, look, ms=2.5, lw=1)
    compensated.axhline(1.6, **reference_line())
    compensated.set_ylim(1e-3, 5)
    compensated.set_ylabel(r"$\varepsilon^{-2/3}\, k^{5/3}\, E(k)$")
    compensated.legend(loc="lower left")
    dissipation.set_ylabel(r"$k\,D(k)/\varepsilon$")
    spectra = found.spectra.sel(k=found.k)
    for name, sign, words in [
        ("kinetic_energy_transfer", 1, "$k\\,T$"),
        ("dissipation", -1, "$-k\\,D$"),
    ]:
        rate = sign * found.k * spectra[name]
        balance.semilogx(found.k_eta, rate, "o-", ms=2.5, lw=1, label=words)
    balance.plot(found.k_eta, spectra["kinetic_energy_flux"], label=r"$\Pi$")
    balance.axhline(0, **reference_line())
    balance.set_ylabel(label("rate", "L^2/T^3"))
    balance.legend()
    for axes in (compensated, dissipation, balance):
        axes.set_xlabel(r"$k\,\eta$")
    return figure
