"""Is a run to be believed? Each check gives a number, a light and a sentence."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from dnspost import statistics
from dnspost.grid import AXES, VELOCITY, Array
from dnspost.plots import RESOLVED
from dnspost.runs import Run

Light = Literal["good", "warn", "bad"]

# Up to which dt |u| k each scheme is stable, about, and the cutoff k dx / (2 pi) of each
# `grid.dealias`, as the solver has them (src/simulation/blow_up.rs).
STABLE_PHASE = {"rk4": 2.73, "rk3": 1.68, "rk2": 1.05}
CUTOFF = {"two_thirds": 1 / 3, "phase_shift": 2**0.5 / 3, "none": 1 / 2}


@dataclass(frozen=True)
class Check:
    """The outcome of one check."""

    name: str
    value: str
    light: Light
    words: str


def checks(run: Run) -> list[Check]:
    """Return all checks that what is there so far allows."""
    history = run.history
    found = [_progress(run)]
    if len(history) > 1:
        found += [_resolution(history), _time_step(run, history), _energy_budget(history)]
        found += _scalar_budgets(run, history)
        found += [_divergence(run, history)]
    if run.snapshot_files:
        found += [_isotropy(run), _tail(run)]
    return found


def _light(value: float, good: float, warn: float) -> Light:
    """Judge a value of which less is better."""
    if value <= good:
        return "good"
    return "warn" if value <= warn else "bad"


def _progress(run: Run) -> Check:
    end = run.config["time"]["end"]
    value = f"t = {run.time:.4g} of {end:.4g}"
    if run.is_complete:
        return Check("Progress", value, "good", "The run is complete.")
    if "blew up" in run.log:
        return Check("Progress", value, "bad", "The solution blew up; the log says where.")
    return Check("Progress", value, "warn", "The run goes on, or was stopped.")


def _resolution(history: pd.DataFrame) -> Check:
    lowest = float(history["kmax_eta"].min())
    words = f"Lowest k_max eta; {RESOLVED} resolves the dissipation, below 1 it is wrong."
    return Check("Resolution", f"{lowest:.2f}", _light(-lowest, -RESOLVED, -1.0), words)


def courant_limit(config: dict[str, Any]) -> float:
    """Return the Courant number up to which the scheme of a run is stable, about."""
    cutoff = 2 * np.pi * CUTOFF[config["grid"]["dealias"]]
    return float(np.floor(10 * STABLE_PHASE[config["time"]["scheme"]] / cutoff) / 10)


def _time_step(run: Run, history: pd.DataFrame) -> Check:
    largest, limit = float(history["cfl"].max()), courant_limit(run.config)
    value, scheme = f"{largest:.2f}", run.config["time"]["scheme"]
    if "tolerance" in run.config["time"]:
        words = "Largest Courant number; the error of each step was held below time.tolerance."
        return Check("Time step", value, "good", words)
    dealias = run.config["grid"]["dealias"]
    words = f"Largest Courant number; {scheme} with {dealias} is stable up to about {limit}."
    return Check("Time step", value, _light(largest, 0.8 * limit, limit), words)


def _energy_budget(history: pd.DataFrame) -> Check:
    """Compare the change of all energy with the power of all forces less what all damping takes."""
    energies = ["kinetic_energy", "magnetic_energy", "potential_energy"]
    losses = [
        f"{of}{kind}dissipation" for of in ("", "magnetic_") for kind in ("", "hyper_", "drag_")
    ]
    powers = ["injected_power", "magnetic_injected_power"]
    rates = (_sum(history, powers), _sum(history, [*losses, "potential_dissipation"]))
    words = "What is missing in dE/dt = power - dissipation over the rows of the history."
    return _budget("Energy budget", history, _sum(history, energies), rates, words)


def _scalar_budgets(run: Run, history: pd.DataFrame) -> list[Check]:
    """Compare the change of each variance with injection and production less dissipation."""
    found = []
    for scalar in run.config["physics"].get("scalars", []):
        name = scalar["name"]
        # A mean gradient G makes -2 G.<u s>.
        fluxes = [history[f"{name}_flux_{axis}"].to_numpy() for axis in AXES]
        produced = -2 * sum(g * flux for g, flux in zip(scalar["gradient"], fluxes, strict=True))
        # Injections are means since the last row, fluxes values at the rows.
        lost = _sum(history, [f"{name}_dissipation"]) - produced
        rates = (_sum(history, [f"{name}_injection"]), lost)
        words = f"What is missing in the change of <{name}^2> over the rows of the history."
        variance = _sum(history, [f"{name}_variance"])
        found.append(_budget(f"Budget of {name}", history, variance, rates, words))
    return found


def _budget(
    name: str, history: pd.DataFrame, stored: Array, rates: tuple[Array, Array], words: str
) -> Check:
    """Judge what is missing: `rates` are the gain, a mean since the last row, and the loss."""
    time, (gain, loss) = history["time"].to_numpy(), rates
    gained, lost = float((gain[1:] * np.diff(time)).sum()), float(np.trapezoid(loss, time))
    moved = max(abs(gained), float(np.trapezoid(abs(loss), time)), 1e-300)
    share = abs(stored[-1] - stored[0] - gained + lost) / moved
    return Check(name, f"{100 * share:.2g} %", _light(share, 0.01, 0.05), words)


def _sum(history: pd.DataFrame, columns: list[str]) -> Array:
    """Add up those columns that there are."""
    found = [history[name].to_numpy() for name in columns if name in history]
    return np.sum(found, axis=0) if found else np.zeros(len(history))


def _divergence(run: Run, history: pd.DataFrame) -> Check:
    scale = run.k_max * history["velocity_rms"].max()
    share = float(history["max_divergence"].max() / max(scale, 1e-300))
    rounding = 1e-4 if run.config["precision"] == "single" else 1e-12
    words = "Largest |k.u_hat| over k_max u': nothing but rounding."
    return Check("Divergence", f"{share:.1e}", _light(share, rounding, 100 * rounding), words)


def _isotropy(run: Run) -> Check:
    last = run.snapshots.isel(time=-1)
    squares = last[list(VELOCITY)].map(lambda f: (f**2).mean() - f.mean() ** 2).compute()
    energies = np.array([float(squares[name]) for name in VELOCITY])
    uneven = float(np.ptp(energies) / max(energies.mean(), 1e-300))
    words = "Spread of <u^2>, <v^2>, <w^2> in the last snapshot; only some flows are isotropic."
    light: Light = "good" if uneven < 0.3 else "warn"
    return Check("Isotropy", f"{100 * uneven:.0f} %", light, words)


def _tail(run: Run) -> Check:
    """Look for energy that piles up at the cutoff; with equal energy in all modes E(k) ~ k^2."""
    spectrum = statistics.energy_spectrum(run.snapshots.isel(time=-1))
    tail = spectrum.sel(k=slice(run.k_max / 2, run.k_max)).values
    noise = 1e-12 * float(spectrum.max())  # rounding, where symmetry leaves nothing else
    rise = max(float(tail[-1]), noise) / max(float(tail.min()), noise)
    words = (
        "E(k_max) over the smallest E(k) from k_max / 2 on: energy that is not drained piles up."
    )
    return Check("End of the spectrum", f"{rise:.2g}", _light(rise, 1.5, 3.0), words)
