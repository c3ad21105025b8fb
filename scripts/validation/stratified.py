"""Isotropic turbulence that is suddenly strongly stratified: rapid distortion theory."""

import numpy as np
from matplotlib.figure import Figure

from dnspost.grid import Array
from dnspost.style import ONE_COLUMN, label
from validation.report import Finding, Lab, Section

FREQUENCY = 40.0
VELOCITY = 1.0
PEAK = 4.0


def rapid_distortion(phase: Array) -> Array:
    """Return potential over total energy after the phase N t, from isotropy without buoyancy.

    Half of the energy of each mode is in vertical planes with k and turns into potential energy at
    the frequency N sin(angle of k with the vertical): Hanazaki & Hunt 1996, J. Fluid Mech. 318,
    303.
    """
    cosine = (np.arange(2000) + 0.5) / 2000
    swing = np.sin(phase[:, None] * np.sqrt(1 - cosine**2)) ** 2
    return np.asarray(0.5 * swing.mean(axis=1))


def section(lab: Lab) -> Section:
    """Potential energy over some buoyancy periods beside the theory."""
    points, end = lab.choose((32, 0.3), (64, 0.5), (96, 0.5))
    run = lab.run(
        f"stratified_{points}",
        {
            "grid": {"points": [points] * 3},
            "physics": {
                "viscosity": lab.choose(0.04, 0.015, 0.01),
                "stratification": {"frequency": FREQUENCY, "vertical": "z", "prandtl": 1.0},
            },
            "initial": {
                "kind": "random",
                "seed": 1,
                "velocity": VELOCITY,
                "spectrum": {"model": "exponential", "peak": PEAK},
            },
            "time": {"cfl": 0.5, "dt_max": 0.005, "end": end},
            "output": {"history": {"every": 0.005}},
        },
    )
    table = run.history
    phase = FREQUENCY * table["time"].to_numpy()
    potential, kinetic = table["potential_energy"], table["kinetic_energy"]
    share = (potential / (kinetic + potential)).to_numpy()
    expected = rapid_distortion(phase)
    figure = Figure(figsize=(ONE_COLUMN, 2.8))
    axes = figure.subplots()
    axes.plot(phase, expected, "k--", lw=0.8, label="rapid distortion theory")
    axes.plot(phase, share, label="here")
    axes.axhline(0.25, color="0.55", lw=0.6)
    axes.set_xlabel(label("$N t$", "1"))
    axes.set_ylabel("potential / total energy")
    axes.legend()
    length = table["integral_length"].iloc[0]
    froude = VELOCITY / (FREQUENCY * length)
    turnovers = table["time"].iloc[-1] * VELOCITY / length
    modes = 4 * np.pi * PEAK**2  # in the shell that holds most of the energy
    findings = [
        Finding(
            "largest difference of potential / total energy from the theory",
            float(np.abs(share - expected).max()),
            0,
            froude + 3 * 0.5 / np.sqrt(modes),
            "Froude number u' / N L, which the theory neglects, and three standard deviations of "
            f"the {modes:.0f} modes at the peak",
        ),
        Finding.about(
            "potential / total energy, averaged over N t > pi",
            float(share[phase > np.pi].mean()),
            float(expected[phase > np.pi].mean()),
            0.1,
            "1/4: half of the modes' energy is in waves, in equal parts of both kinds; 10 % as "
            "turbulence begins to act on them within a turnover time",
        ),
    ]
    text = (
        f"Random isotropic turbulence on {points}^3 points without buoyancy at t = 0, N = "
        f"{FREQUENCY:g}, Froude number u' / N L = {froude:.3f}, {turnovers:.1f} turnover times. "
        "Before turbulence has time to act, each mode oscillates; together they settle at 1/4."
    )
    return Section("Stratification", text, findings, {"stratified": figure})
