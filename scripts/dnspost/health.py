"""Is a run to be believed? Each check gives a number, a light and a sentence."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from dnspost import statistics
from dnspost.grid import AXES, VELOCITY, Array
from dnspost.plots import RESOLVED
from dnspost.runs import Run
from dnspost.style import number

Light = Literal["good", "warn", "bad"]

# Up to which dt |u| k each scheme is stable, about, and the cutoff k dx / (2 pi) of each
# `grid.dealias`, as the solver has them (src/simulation/blow_up.rs).
STABLE_PHASE = {"rk4": 2.73, "rk3": 1.68, "rk2": 1.05}
CUTOFF = {"two_thirds": 1 / 3, "phase_shift": 2**0.5 / 3, "none": 1 / 2}
# Of the numbers of a run.
EPSILON = {"double": 2.3e-16, "single": 1.2e-7}


@dataclass(frozen=True)
class Check:
    """The outcome of one check."""

    name: str
    value: str
    light: Light
    words: str


def checks(run: Run, since: float | None = None) -> list[Check]:
    """Return all checks that what is there so far allows; of the time from `since` on.

    One that fails says why, and the others stand.
    """
    history = run.history
    if since is not None:
        history = history[history["time"] >= since]
    found = [_guarded("Progress", lambda: [_progress(run)])]
    found.append(_left_out(run.history))
    if len(history) > 1:
        found += [
            _guarded("Resolution", lambda: _resolution(run, history)),
            _guarded("Time step", lambda: [_time_step(run, history)]),
            _guarded("Energy budget", lambda: [_energy_budget(run, history)]),
            _guarded("Budgets of scalars", lambda: _scalar_budgets(run, history)),
            _guarded("Divergence", lambda: [_divergence(run, history)]),
        ]
    if run.snapshot_files:
        found += [
            _guarded("Isotropy", lambda: [_isotropy(run)]),
            _guarded("End of the spectrum", lambda: _tail(run)),
        ]
    return list(itertools.chain.from_iterable(found))


def _guarded(name: str, check: Callable[[], list[Check]]) -> list[Check]:
    """Return checks, or one that says why there are none."""
    try:
        with np.errstate(all="ignore"):
            return check()
    except FileNotFoundError as error:  # snapshots of other fields, by choice
        return [Check(name, "-", "warn", f"Not known: {error}.")]
    except Exception as error:  # whatever is wrong with a file must not hide the rest
        return [Check(name, "-", "warn", f"Could not be checked: {error}")]


def _left_out(history: pd.DataFrame) -> list[Check]:
    lines = history.attrs["left_out"]
    if lines == 0:
        return []
    words = "Lines of history.csv that are no row of numbers; they were left out."
    return [Check("History", f"{lines} damaged", "warn", words)]


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


def _resolution(run: Run, history: pd.DataFrame) -> list[Check]:
    """Judge k_max eta, which says nothing where viscosity is not what ends the cascade."""
    if "hyper" in run.config["physics"]:
        words = "With hyperviscosity k_max eta says nothing; see the end of the spectrum."
        return [Check("Resolution", "-", "good", words)]
    rows = history["kmax_eta"]
    found = rows[np.isfinite(rows) & (rows > 0)]
    if found.empty:
        words = (
            "Without viscosity no scale ends the cascade; see the end of the spectrum."
            if run.viscosity == 0
            else "Nothing moves: there is nothing to resolve."
        )
        return [Check("Resolution", "-", "warn" if run.viscosity == 0 else "good", words)]
    lowest = float(found.min())
    words = f"Lowest k_max eta; {RESOLVED} resolves the dissipation, below 1 it is wrong."
    return [Check("Resolution", number(lowest), _light(-lowest, -RESOLVED, -1.0), words)]


def courant_limit(config: dict[str, Any]) -> float:
    """Return the Courant number up to which the scheme of a run is stable, about."""
    cutoff = 2 * np.pi * CUTOFF[config["grid"]["dealias"]]
    return float(np.floor(10 * STABLE_PHASE[config["time"]["scheme"]] / cutoff) / 10)


def _time_step(run: Run, history: pd.DataFrame) -> Check:
    """Judge each row by the scheme and grid that the run had then."""
    spans = run.spans
    ends = [*(span.after for span in spans[1:]), history.index[-1]]
    worst = Check("Time step", "-", "good", "No row has a Courant number.")
    most = -1.0
    for span, end in zip(spans, ends, strict=True):
        rows = history["cfl"][(history.index > span.after) & (history.index <= end)]
        if not rows.notna().any():
            continue
        time, dealias, largest = span.config["time"], span.config["grid"]["dealias"], rows.max()
        limit = courant_limit(span.config)
        words = f"{time['scheme']} with {dealias} is stable up to about {limit}."
        share = float(largest) / limit
        if "tolerance" in time:  # any Courant number is good
            share, words = 0.0, "the error of each step was held below time.tolerance."
        if share > most:
            most, light = share, _light(share, 0.8, 1.0)
            words = f"Largest Courant number; {words}"
            worst = Check("Time step", f"{largest:.2f}", light, words)
    return worst


def _energy_budget(run: Run, history: pd.DataFrame) -> Check:
    """Compare the change of all energy with the power of all forces less what all damping takes."""
    energies = ["kinetic_energy", "magnetic_energy", "potential_energy"]
    losses = [
        f"{of}{kind}dissipation" for of in ("", "magnetic_") for kind in ("", "hyper_", "drag_")
    ]
    powers = ["injected_power", "magnetic_injected_power"]
    rates = (_sum(history, powers), _sum(history, [*losses, "potential_dissipation"]))
    words = "What is missing in dE/dt = power - dissipation over the rows of the history."
    return _budget("Energy budget", run, history, _sum(history, energies), rates, words)


def _scalar_budgets(run: Run, history: pd.DataFrame) -> list[Check]:
    """Compare the change of each variance with injection and production less dissipation."""
    found = []
    for scalar in run.config["physics"].get("scalars", []):
        name = scalar["name"]
        # A mean gradient G makes -2 G.<u s>.
        fluxes = [_sum(history, [f"{name}_flux_{axis}"]) for axis in AXES]
        produced = -2 * sum(g * flux for g, flux in zip(scalar["gradient"], fluxes, strict=True))
        # Injections are means since the last row, fluxes values at the rows.
        lost = _sum(history, [f"{name}_dissipation"]) - produced
        rates = (_sum(history, [f"{name}_injection"]), lost)
        words = f"What is missing in the change of <{name}^2> over the rows of the history."
        variance = _sum(history, [f"{name}_variance"])
        found.append(_budget(f"Budget of {name}", run, history, variance, rates, words))
    return found


def _budget(
    name: str,
    run: Run,
    history: pd.DataFrame,
    stored: Array,
    rates: tuple[Array, Array],
    words: str,
) -> Check:
    """Judge what is missing: `rates` are the gain, a mean since the last row, and the loss.

    What is within the rounding of the numbers themselves is not missing, however little moved.
    """
    time, (gain, loss) = history["time"].to_numpy(), rates
    gained, lost = float((gain[1:] * np.diff(time)).sum()), float(np.trapezoid(loss, time))
    missing = abs(stored[-1] - stored[0] - gained + lost)
    steps = max(float(history.index[-1] - history.index[0]), 1.0)
    rounding = EPSILON[run.config["precision"]] * np.sqrt(steps) * float(abs(stored).max())
    if missing <= 100 * rounding:
        return Check(name, "rounding", "good", words)
    moved = max(abs(gained), float(np.trapezoid(abs(loss), time)))
    if moved <= 100 * rounding:
        # Nothing drives or takes energy: what is missing is told beside the energy itself.
        share = missing / float(abs(stored).max())
        words = "Change of what nothing drives or damps, beside itself: the error of the steps."
    else:
        share = missing / moved
    return Check(name, f"{100 * share:.2g} %", _light(share, 0.01, 0.05), words)


def _sum(history: pd.DataFrame, columns: list[str]) -> Array:
    """Add up those columns that there are; what was not measured then was not part of the run."""
    found = [history[name].fillna(0.0).to_numpy() for name in columns if name in history]
    return np.sum(found, axis=0) if found else np.zeros(len(history))


def _divergence(run: Run, history: pd.DataFrame) -> Check:
    words = "Largest |k.u_hat| over k_max u': nothing but rounding."
    scale = run.k_max * history["velocity_rms"].max()
    if not scale > 0:
        return Check("Divergence", "-", "good", "Nothing moves.")
    share = float(history["max_divergence"].max() / scale)
    rounding = 1e-4 if run.config["precision"] == "single" else 1e-12
    return Check("Divergence", f"{share:.1e}", _light(share, rounding, 100 * rounding), words)


def _isotropy(run: Run) -> Check:
    last = run.snapshots_with(VELOCITY).isel(time=-1)
    squares = last[list(VELOCITY)].map(lambda f: (f**2).mean() - f.mean() ** 2).compute()
    energies = np.array([float(squares[name]) for name in VELOCITY])
    if not energies.mean() > 0:
        return Check("Isotropy", "-", "good", "Nothing moves in the last snapshot.")
    uneven = float(np.ptp(energies) / energies.mean())
    words = "Spread of <u^2>, <v^2>, <w^2> in the last snapshot; only some flows are isotropic."
    light: Light = "good" if uneven < 0.3 else "warn"
    return Check("Isotropy", f"{100 * uneven:.0f} %", light, words)


def _tail(run: Run) -> list[Check]:
    """Look for energy that piles up at the cutoff; with equal energy in all modes E(k) ~ k^2."""
    spectrum = statistics.energy_spectrum(run.snapshots_with(VELOCITY).isel(time=-1))
    k_max = float(spectrum["k_max"])
    tail = spectrum.sel(k=slice(k_max / 2, k_max)).values
    if tail.size == 0 or not float(spectrum.max()) > 0:
        return []
    noise = 1e-12 * float(spectrum.max())  # rounding, where symmetry leaves nothing else
    rise = max(float(tail[-1]), noise) / max(float(tail.min()), noise)
    words = (
        "E(k_max) over the smallest E(k) from k_max / 2 on: energy that is not drained piles up."
    )
    return [Check("End of the spectrum", f"{rise:.2g}", _light(rise, 1.5, 3.0), words)]
