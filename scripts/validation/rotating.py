"""Isotropic turbulence that is suddenly put into rotation."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

import dnspost
from dnspost.grid import AXES, VELOCITY, Array
from dnspost.runs import Run
from dnspost.style import ONE_COLUMN, label, reference_line
from validation.report import Finding, Lab, Section

SPACING = 0.0125  # of snapshots: short beside all that goes on


def section(lab: Lab) -> Section:
    """See cyclones win: <omega_z^3> grows at the rate that isotropy sets."""
    points, end = lab.choose((32, 0.025), (64, 0.25), (128, 0.25))
    viscosity = lab.choose(0.05, 0.02, 0.01)
    base: dict[str, Any] = {"grid": {"points": [points] * 3}, "physics": {"viscosity": viscosity}}
    turbulence = lab.run(
        f"rotating_start_{points}",
        base
        | {
            "initial": {
                "kind": "random",
                "seed": 1,
                "velocity": 1.0,
                "spectrum": {"model": "exponential", "peak": 3.0},
            },
            "time": {"cfl": 0.6, "dt_max": 0.02, "end": 0.8},
            "output": {"snapshots": {"every": 0.8, "precision": "double"}},
        },
    )

    def rotating(omega: float) -> Run:
        config = base | {
            "physics": {"viscosity": viscosity, "rotation": [0.0, 0.0, omega]},
            "initial": {"kind": "file", "path": str(turbulence.snapshot_files[-1])},
            "time": {"cfl": 0.6, "dt_max": SPACING, "end": end},
            "output": {"snapshots": {"every": SPACING, "precision": "double"}},
        }
        return lab.run(f"rotating_{omega:g}_{points}", config)

    start = turbulence.snapshots.isel(time=-1)
    vorticity, strain = dnspost.vorticity(start), dnspost.gradient(start)
    # <omega_a^2 du_a/dx_a> along each axis; isotropy makes it 2/15 <omega_i s_ij omega_j>.
    along = [
        float((vorticity[f"omega_{a}"] ** 2 * strain[u, a]).mean())
        for u, a in zip(VELOCITY, AXES, strict=True)
    ]
    stretching = sum(
        float((vorticity[f"omega_{a}"] * vorticity[f"omega_{b}"] * strain[u, b]).mean())
        for u, a in zip(VELOCITY, AXES, strict=True)
        for b in AXES
    )
    unit = float((vorticity["omega_z"] ** 2).mean()) ** 1.5
    findings = [
        Finding.about(
            "<omega_z^2 dw/dz> / (2/15) <omega_i s_ij omega_j> at the start",
            15 / 2 * along[2] / stretching,
            1,
            3 * float(np.std(along, ddof=1) / np.mean(along)),
            "isotropy; three times the spread over the axes, as there are few large eddies",
        )
    ]
    figure = Figure(figsize=(ONE_COLUMN, 2.8))
    axes = figure.subplots()
    still = _cubes(rotating(0.0)) / unit
    for omega in (1.0, 4.0):
        run = rotating(omega)
        times, gain = run.snapshots["time"].to_numpy(), _cubes(run) / unit - still
        (line,) = axes.plot(times, gain, "o-", ms=2.5, label=f"$\\Omega$ = {omega:g}")
        tangent = 0.8 * omega * stretching / unit * times
        axes.plot(times, tangent, **(reference_line() | {"color": line.get_color()}))
        one, two = gain[1:3]
        findings.append(
            Finding.about(
                f"growth of <omega_z^3> / 6 Omega <omega_z^2 dw/dz>, Omega = {omega:g}",
                (4 * one - two) / (2 * SPACING) / (6 * omega * along[2] / unit),
                1,
                0.02,
                "exact, but for (2 Omega dt)^2 and (nu k^2 dt)^2 between snapshots",
            )
        )
    axes.set_ylim(0, 1.5 * gain.max())
    axes.set_xlabel(label("$t$", "T"))
    axes.set_ylabel(r"gain of $\langle\omega_z^3\rangle / \langle\omega_z^2\rangle_0^{3/2}$")
    axes.legend()
    reynolds = turbulence.history["taylor_reynolds"].iloc[-1]
    text = (
        f"Decaying turbulence on {points}^3 points (Re_lambda = {reynolds:.0f}) is put into "
        "rotation about z; the figure has what that adds to the run without. Vorticity along the "
        "axis becomes skewed towards cyclones, as Coriolis forces turn stretching into vorticity. "
        "Dashed: 0.4 (2 Omega) <omega_i s_ij omega_j> t, the growth at first in isotropic "
        "turbulence (Gence & Frick 2001, C. R. Acad. Sci. Paris IIb 329, 351)."
    )
    return Section("Rotation", text, findings, {"rotating": figure})


def _cubes(run: Run) -> Array:
    """Return <omega_z^3> at the times of the snapshots."""
    vorticity = dnspost.vorticity(run.snapshots)["omega_z"]
    return np.asarray((vorticity**3).mean(["x", "y", "z"]))
