"""The spectrum of a 1024^3 run at Re_lambda = 418, and what the scale formulas make of it."""

from pathlib import Path

import numpy as np
import xarray as xr

from dnspost import statistics
from dnspost.grid import Array
from validation.report import Finding, Lab, Section

TABLE = Path(__file__).resolve().parents[2] / "tests/data/jhtdb_isotropic1024.txt"
VISCOSITY = 1.85e-4
TRUSTED = 1.1  # k eta, beyond which energy piles up in it
# Averages published with the data set isotropic1024coarse, README-isotropic; three digits.
PUBLISHED = {
    "kinetic_energy": 0.705,
    "dissipation": 0.103,
    "velocity_rms": 0.686,
    "integral_length": 1.364,
    "taylor_length": 0.113,
    "taylor_reynolds": 418,
    "kolmogorov_length": 0.00280,
    "turnover_time": 1.99,
}


def spectrum() -> xr.DataArray:
    """Return E(k) of the data set, from k = 0 as the solver's spectra."""
    k, energy = np.insert(np.loadtxt(TABLE), 0, 0.0, axis=0).T
    return xr.DataArray(energy, {"k": k})


def kolmogorov_scaled() -> tuple[Array, Array]:
    """Return k eta and E(k) / (epsilon nu^5)^(1/4) of the data set, where it is to be trusted."""
    energy = spectrum()[1:]
    k = energy["k"].to_numpy()
    dissipation = 2 * VISCOSITY * (k**2 * energy.to_numpy()).sum()
    k_eta = k * (VISCOSITY**3 / dissipation) ** 0.25
    scaled = energy.to_numpy() / (dissipation * VISCOSITY**5) ** 0.25
    trusted = k_eta < TRUSTED
    return k_eta[trusted], scaled[trusted]


def scales(lab: Lab) -> Section:
    """Let the solver measure a field with that spectrum, in a box with modes along x alone."""
    energy = spectrum()
    total = float(energy.sum())
    run = lab.run(
        "jhtdb_spectrum",
        {
            # 2/3 of 1449 points hold the 482 modes of the table.
            "grid": {"points": [1449, 1, 1]},
            "physics": {"viscosity": VISCOSITY},
            "initial": {
                "kind": "random",
                "energy": total,
                "spectrum": {"model": "table", "path": str(TABLE)},
            },
            "time": {"dt": 1e-6, "end": 1e-6},
        },
    )
    found = run.history.iloc[0]
    # dnspost has formulas of its own, for snapshots.
    k_squared = energy["k"] ** 2
    own = statistics.scales(total, float((k_squared * energy).sum()), VISCOSITY, 482.0)
    own["integral_length"] = statistics.integral_length(energy)
    findings = []
    for name, published in PUBLISHED.items():
        words = name.replace("_", " ")
        source = "three digits, and the published sum of E(k) is 0.15 % above the published E"
        findings.append(Finding.about(words, found[name], published, 0.005, source))
        if name in own:
            findings.append(
                Finding.about(
                    f"{words}, dnspost / solver", own[name] / found[name], 1, 1e-12, "rounding"
                )
            )
    text = (
        "The mean spectrum published with the data set isotropic1024coarse of the Johns Hopkins "
        "Turbulence Database (Li et al. 2008, J. Turbul. 9, N31) is the initial spectrum of a run; "
        "its history has to give the scales that are published with it."
    )
    return Section("Scales of a known spectrum", text, findings, {})
