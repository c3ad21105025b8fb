"""Decay of grid turbulence: Comte-Bellot & Corrsin 1971."""

import tomllib
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dnspost.style import TWO_COLUMNS, label
from validation.report import Finding, Lab, Section, log_interpolated

CONFIG = Path(__file__).resolve().parents[2] / "configs/comte_bellot_corrsin.toml"

# Table 3 of Comte-Bellot & Corrsin 1971, J. Fluid Mech. 48, 273: k in 1/cm, E(k) in cm^3/s^2 at
# t U0 / M = 98 and 171. That at 42 is the initial spectrum, configs/comte_bellot_corrsin.txt.
MEASURED = np.array(
    [
        [0.30, 195, 125],
        [0.40, 202, 98.0],
        [0.50, 168, 81.5],
        [0.70, 127, 60.2],
        [1.00, 79.2, 39.4],
        [1.50, 47.8, 24.1],
        [2.00, 34.6, 16.5],
        [2.50, 28.6, 12.5],
        [3.00, 23.1, 9.12],
        [4.00, 14.3, 5.62],
        [6.00, 5.95, 1.69],
        [8.00, 2.23, 0.520],
        [10.00, 0.900, 0.161],
        [12.50, 0.363, 0.0520],
        [15.00, 0.162, 0.0141],
    ]
)


def section(lab: Lab) -> Section:
    """Spectra at the two later stations."""
    config = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    points = lab.choose(64, 128, config["grid"]["points"][0])
    config["grid"]["points"] = [points] * 3
    config["initial"]["spectrum"]["path"] = str(
        CONFIG.with_name(config["initial"]["spectrum"]["path"])
    )
    del config["output"]["directory"]
    run = lab.run(f"comte_bellot_corrsin_{points}", config)
    spectra = run.spectra["kinetic_energy"].sel(k=slice(0.2, run.k_max))
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    raw, ratio = figure.subplots(1, 2)
    k_start, start = np.loadtxt(CONFIG.with_suffix(".txt")).T
    raw.loglog(k_start, start, "o", ms=2.5, color="0.6")
    raw.loglog(spectra["k"], spectra.isel(time=0), color="0.6", label="42")
    findings = []
    k, width = spectra["k"].to_numpy(), float(spectra["k"][1] - spectra["k"][0])
    for column, (station, time) in enumerate([(98, 0.28448), (171, 0.65532)], start=1):
        found = spectra.sel(time=time, method="nearest")
        measured = log_interpolated(k, MEASURED[:, 0], MEASURED[:, column])
        inside = (k >= MEASURED[0, 0]) & (k <= MEASURED[-1, 0])
        line = raw.loglog(k, found, label=str(station))
        raw.loglog(*MEASURED[:, [0, column]].T, "o", ms=2.5, color=line[0].get_color())
        at = log_interpolated(MEASURED[:, 0], k, found.to_numpy())
        ratio.semilogx(MEASURED[:, 0], at / MEASURED[:, column], "o-", ms=2.5, label=str(station))
        energy, expected = (float((e[inside] * width).sum()) for e in (found.to_numpy(), measured))
        findings.append(
            Finding.about(
                f"energy in k = 0.3 to 15 / cm at {station}",
                energy,
                expected,
                0.1,
                "the table's own sum is 3 % below u'^2 as measured; and random phases at the start "
                "decay less for some 0.02 s",
            )
        )
        # The box holds few modes of small k, and the grid does not resolve k > k_max / 2.
        trusted = (MEASURED[:, 0] >= 1) & (MEASURED[:, 0] <= run.k_max / 2)
        away = np.abs(np.log(at / MEASURED[:, column]))[trusted]
        findings.append(
            Finding(
                f"mean difference of E(k), k = 1 / cm to k_max / 2, at {station}",
                float(np.exp(away.mean()) - 1),
                0,
                0.2,
                "an allowance for the measurement, whose E(k) is the derivative of hot-wire "
                "spectra, and for the random phases",
            )
        )
    raw.set_xlabel(label("$k$", "1/cm"))
    raw.set_ylabel("$E(k)$ [cm$^3$/s$^2$]")
    raw.set_ylim(1e-3, 1e3)
    raw.legend(title="$t\\,U_0/M$")
    ratio.set_xlabel(label("$k$", "1/cm"))
    ratio.set_ylabel("$E(k)$ / measured")
    ratio.axhline(1, color="0.55", lw=0.8)
    ratio.set_ylim(0, 2)
    text = (
        "configs/comte_bellot_corrsin.toml: random phases with the measured spectrum at the first "
        f"station, on {points}^3 points; k_max eta is {run.history['kmax_eta'].iloc[0]:.2f} at the "
        f"start, {run.history['kmax_eta'].iloc[-1]:.2f} at the end, so that energy piles up beyond "
        "k_max / 2. Dots are the measurements."
    )
    return Section("Decaying grid turbulence", text, findings, {"decay": figure})
