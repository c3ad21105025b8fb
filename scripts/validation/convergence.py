"""How the error falls with the time step, for each scheme, and with the number of points."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import dnspost
from dnspost.grid import VELOCITY
from dnspost.runs import Run
from dnspost.solver import SolverError
from dnspost.style import TWO_COLUMNS, label
from validation import taylor_green
from validation.report import Finding, Lab, Section

NUMERICS = Path(__file__).resolve().parents[2] / "docs/numerics.md"


def section(lab: Lab) -> Section:
    """Return both."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.8))
    left, right = figure.subplots(1, 2)
    findings = [*_in_time(lab, left), *_in_space(lab, right)]
    text = (
        "Left: the Taylor-Green vortex at Re = 400 on 24^3 points until t = 2, as a system of "
        "ordinary differential equations; rms difference of the velocity from a run with rk4 "
        "and a step of 1/320, divided by its rms. Right: at Re = 50 until t = 1.5, from a run on "
        "64^3 points."
    )
    return Section("Convergence", text, findings, {"convergence": figure})


def schemes() -> dict[str, int]:
    """Return the order of each scheme: the solver's list, the orders of docs/numerics.md."""
    unknown = taylor_green.config(24, 400, 1.0, scheme="?", dt=0.1)
    try:
        dnspost.validate(unknown | {"output": {"directory": "unused"}})
    except SolverError as error:
        (said,) = re.findall(r"time\.scheme: .*", str(error))
    orders = dict(
        re.findall(r"^\| `(\w+)` \| (\d+) \|", NUMERICS.read_text(encoding="utf-8"), re.MULTILINE)
    )
    return {name: int(orders[name]) for name in re.findall(r"`(\w+)`", said)}


def difference(run: Run, exact: Run, points: int) -> float:
    """Return the rms difference of the last velocities on `points`^3, divided by the rms."""
    velocity, expected = (
        r.checkpoints[-1].fields((points,) * 3)[list(VELOCITY)].to_array().to_numpy()
        for r in (run, exact)
    )
    return float(np.sqrt(((velocity - expected) ** 2).mean() / (expected**2).mean()))


def _in_time(lab: Lab, axes: Axes) -> Iterator[Finding]:
    steps = [1 / 10, 1 / 20, 1 / 40]

    def run(scheme: str, dt: float) -> Run:
        name = f"convergence_{scheme}_{round(1 / dt)}"
        return lab.run(name, taylor_green.config(24, 400, 2.0, scheme=scheme, dt=dt))

    exact = run("rk4", 1 / 320)
    for scheme, order in schemes().items():
        errors = [difference(run(scheme, dt), exact, 24) for dt in steps]
        axes.loglog(steps, errors, "o-", ms=3, label=scheme)
        slope = float(np.log2(errors[-2] / errors[-1]))
        why = "theory; the next order of the error makes a difference of dt / T"
        yield Finding(f"order of {scheme}", slope, order - 0.25, order + 0.25, why)
    axes.set_xlabel(label("time step", "T"))
    axes.set_ylabel("relative error")
    axes.set_xticks(steps, [f"{dt:g}" for dt in steps])
    axes.minorticks_off()
    axes.legend()


def _in_space(lab: Lab, axes: Axes) -> Iterator[Finding]:
    grids = [12, 16, 24, 32, 48]

    def run(points: int) -> Run:
        config = taylor_green.config(points, 50, 1.5, scheme="rk4", dt=0.025)
        return lab.run(f"convergence_{points}", config)

    exact = run(64)
    errors = np.array([difference(run(points), exact, 64) for points in grids])
    axes.semilogy(grids, errors, "o-", ms=3)
    axes.set_xlabel("points along each axis")
    axes.set_ylabel("relative error")
    first, second = np.log2(errors[0] / errors[2]), np.log2(errors[2] / errors[4])
    sixth = "spectral: beyond the sixth order of compact differences (Lele 1992)"
    yield Finding("order from 24^3 to 48^3", float(second), 6, np.inf, sixth)
    grows = "spectral: the order grows with the points, in proportion once they resolve the flow"
    yield Finding("the same / order from 12^3 to 24^3", float(second / first), 1.25, np.inf, grows)
