"""Flows with published results: runs them, compares, and writes a report with figures.

`scripts/validate.sh` builds the solver and starts this. Runs that are complete are not repeated.
The exit code is 1 when a result lies outside of its band.
"""

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import dnspost
from dnspost import style
from dnspost.runs import Run
from dnspost.style import ONE_COLUMN, TWO_COLUMNS, label, reference_line

# Taylor-Green vortex at Re = 1600, 512^3 modes, spectral: time, energy, enstrophy. van Rees,
# Leonard, Pullin & Koumoutsakos 2011, J. Comput. Phys. 230, 2794; spectral_Re1600_512.gdiag of case
# C3.3 of the International Workshop on High-Order CFD Methods.
TAYLOR_GREEN = np.array(
    [
        [0, 0.125, 0.375],
        [1, 0.124515267367, 0.415054960369],
        [2, 0.12391676584, 0.566047789484],
        [3, 0.123023878593, 0.901208116699],
        [4, 0.121508194351, 1.65296400285],
        [5, 0.118435751357, 3.30169878562],
        [6, 0.11358111274, 4.42476078041],
        [7, 0.107024732124, 5.891732518],
        [8, 0.0982898834307, 8.29834024036],
        [9, 0.086403858222, 10.2837660885],
        [10, 0.0744791681585, 9.01746236419],
    ]
)


@dataclass(frozen=True)
class Finding:
    """A number beside what it should be."""

    name: str
    value: float
    low: float
    high: float
    source: str

    @property
    def good(self) -> bool:
        """Whether it is in its band."""
        return self.low <= self.value <= self.high

    def row(self) -> str:
        """Return it as a row of a table."""
        mark = "yes" if self.good else "**no**"
        band = f"{self.low:g} to {self.high:g}"
        return f"| {self.name} | {self.value:.3g} | {band} | {mark} | {self.source} |"


@dataclass(frozen=True)
class Section:
    """A part of the report."""

    title: str
    text: str
    findings: list[Finding]
    figures: Mapping[str, Figure]

    def write(self, folder: Path) -> str:
        """Write the figures and return the text."""
        lines = [f"## {self.title}\n", f"{self.text}\n"]
        lines += ["| | found | band | in it | source |", "|---|---|---|---|---|"]
        lines += [finding.row() for finding in self.findings]
        for name, figure in self.figures.items():
            style.save(figure, folder / name, ["png"])
            lines.append(f"\n![{self.title}]({name}.png)")
        return "\n".join(lines) + "\n"


def start(folder: Path, name: str, config: Mapping[str, Any]) -> Run:
    """Run `config` into `folder/name`, unless it is complete there."""
    print(f"runs {name}", flush=True)
    output = {"directory": str(folder / name)} | config.get("output", {})
    return dnspost.run({**config, "output": output})


def taylor_green(folder: Path, points: int, end: float, **time: object) -> Run:
    """Run the Taylor-Green vortex at Re = 1600."""
    name = "_".join(["taylor_green", str(points), *map(str, time.values())])
    config = {
        "grid": {"points": [points] * 3},
        "physics": {"viscosity": 1 / 1600},
        "initial": {"kind": "taylor_green"},
        "time": {**(time or {"cfl": 0.5}), "end": end},
        "output": {"history": {"every": 0.1}},
    }
    return start(folder, name, config)


def taylor_green_reference(folder: Path, grids: list[int]) -> Section:
    """Energy and enstrophy until t = 10 beside the reference, and their error over the grid."""
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    course, errors = figure.subplots(1, 2)
    course.plot(*TAYLOR_GREEN[:, [0, 2]].T, "ko", ms=3, label="512$^3$, van Rees et al.")
    at_five, at_nine = [], []
    for points in grids:
        table = taylor_green(folder, points, 10.0).history
        course.plot(table["time"], table["enstrophy"], label=f"{points}$^3$")
        rows = table.set_index(table["time"].round(9))
        at_five.append(abs(rows["enstrophy"][5.0] / TAYLOR_GREEN[5, 2] - 1))
        at_nine.append(abs(rows["kinetic_energy"][9.0] / TAYLOR_GREEN[9, 1] - 1))
    errors.loglog(grids, at_five, "o-", label=r"$\Omega$ at $t = 5$")
    errors.loglog(grids, at_nine, "s-", label="$K$ at $t = 9$")
    errors.set_xticks(grids, [str(n) for n in grids])
    errors.minorticks_off()
    errors.set_xlabel("points along each axis")
    errors.set_ylabel("relative error")
    course.set_xlabel(label("$t$", "T"))
    course.set_ylabel(label(r"$\Omega$", "1/T^2"))
    course.legend()
    errors.legend()
    source = "van Rees et al. 2011; an independent 512^3 run differs by 0.0017"
    finest = grids[-1]
    # What such a grid leaves unresolved: at 64^3 as measured with room to spare, so that the band
    # guards what is there; at 128^3 what is to be expected of it.
    bands = {64: (0.06, 0.05), 128: (2e-3, 4e-3)}[finest]
    findings = [
        Finding(f"error of enstrophy, t = 5, {finest}^3", at_five[-1], 0, bands[0], source),
        Finding(f"error of energy, t = 9, {finest}^3", at_nine[-1], 0, bands[1], source),
        Finding("its fall from grid to grid", at_five[-2] / at_five[-1], 4, np.inf, "spectral"),
    ]
    text = "From smooth vortices to turbulence, against a spectral code on 512^3 points."
    return Section("Taylor-Green vortex, Re = 1600", text, findings, {"taylor_green": figure})


def convergence_in_time(folder: Path) -> Section:
    """Order of each scheme: the error of the enstrophy at t = 4 over the step."""
    figure = Figure(figsize=(ONE_COLUMN, 2.8))
    axes = figure.subplots()
    steps = [0.1, 0.05, 0.025]
    exact = taylor_green(folder, 32, 4.0, scheme="rk4", dt=0.00625).history["enstrophy"].iloc[-1]
    findings = []
    for order in (2, 3, 4):
        scheme = f"rk{order}"
        runs = [taylor_green(folder, 32, 4.0, scheme=scheme, dt=dt) for dt in steps]
        error = [abs(run.history["enstrophy"].iloc[-1] / exact - 1) for run in runs]
        axes.loglog(steps, error, "o-", label=scheme)
        slope = np.log2(error[-2] / error[-1])
        findings.append(Finding(f"order of {scheme}", slope, order - 0.4, order + 1.2, "theory"))
    axes.set_xlabel(label("time step", "T"))
    axes.set_ylabel("relative error")
    axes.legend()
    text = "The Taylor-Green vortex on 32^3 points until t = 4, against a step of 0.00625."
    return Section("Convergence in time", text, findings, {"convergence_in_time": figure})


def forced(folder: Path, points: int) -> Section:
    """Steady isotropic turbulence: what is universal about it."""
    end = 20.0
    config = {
        "grid": {"points": [points] * 3},
        "physics": {"viscosity": 5.5e-3 * (128 / points) ** (4 / 3)},
        "initial": {
            "kind": "random",
            "seed": 1,
            "energy": 0.7,
            "spectrum": {"model": "exponential", "peak": 2.0},
        },
        "forcing": {"kind": "constant_power", "power": 0.1, "wavenumber": 2.0},
        "time": {"cfl": 0.5, "dt_max": 0.05, "end": end},
        "output": {
            "history": {"every": 0.1},
            "spectra": {"every": 0.5},
            "gradients": {"every": 0.5},
        },
    }
    run = start(folder, f"forced_{points}", config)
    table, viscosity = run.history, run.viscosity
    steady = table[table["time"] > 8]
    mean = steady.mean()
    gradients = run.gradients[run.gradients["time"] > 8].mean()
    spectrum = run.spectra.sel(time=slice(8, None)).mean("time").sel(k=slice(0.5, run.k_max))
    eta = (viscosity**3 / mean["dissipation"]) ** 0.25
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    energy, balance = figure.subplots(1, 2)
    k = spectrum["k"]
    scaled = spectrum["kinetic_energy"] * k ** (5 / 3) * mean["dissipation"] ** (-2 / 3)
    energy.loglog(k * eta, scaled, "o-", ms=2.5)
    energy.axhline(1.62, **reference_line())
    energy.set_xlabel(r"$k\,\eta$")
    energy.set_ylabel(r"$\varepsilon^{-2/3}\, k^{5/3}\, E(k)$")
    for name, sign, words in [
        ("kinetic_energy_transfer", 1, "$k\\,T$"),
        ("dissipation", -1, "$-k\\,D$"),
    ]:
        balance.semilogx(k * eta, sign * k * spectrum[name], "o-", ms=2.5, label=words)
    balance.plot(k * eta, spectrum["kinetic_energy_flux"], label=r"$\Pi$")
    balance.axhline(0, **reference_line())
    balance.set_xlabel(r"$k\,\eta$")
    balance.legend()
    normalised = (steady["dissipation"] * steady["integral_length"]) / steady["velocity_rms"] ** 3
    residual = (table["budget_residual"].abs() / table["dissipation"]).max()
    high = spectrum.sel(k=slice(4, None))
    balance_error = abs(high["kinetic_energy_transfer"] - high["dissipation"]).sum()
    findings = [
        Finding(
            "skewness of du/dx",
            gradients["longitudinal_skewness"],
            -0.6,
            -0.4,
            "about -0.5: Sreenivasan & Antonia 1997, Annu. Rev. Fluid Mech. 29, 435",
        ),
        Finding(
            "flatness of du/dx",
            gradients["longitudinal_flatness"],
            3.5,
            6.5,
            "the same, at Re_lambda below 100",
        ),
        Finding(
            "dissipation L / u'^3",
            normalised.mean(),
            0.4,
            0.75,
            "0.4 at high, to 0.7 at low Re_lambda: Sreenivasan 1998, Phys. Fluids 10, 528",
        ),
        Finding("dissipation / power", mean["dissipation"] / 0.1, 0.85, 1.15, "steady state"),
        Finding("largest budget residual / dissipation", residual, 0, 1e-3, "conservation"),
        Finding(
            "imbalance of T and D above k = 4",
            float(balance_error / high["dissipation"].sum()),
            0,
            0.15,
            "steady state",
        ),
    ]
    text = (
        f"{points}^3 points, constant power in k <= 2, averages over t = 8 to {end:g}: "
        f"Re_lambda = {mean['taylor_reynolds']:.0f}, k_max eta = {mean['kmax_eta']:.2f}."
    )
    return Section("Forced isotropic turbulence", text, findings, {"forced": figure})


def sections(folder: Path, *, quick: bool) -> Iterator[Section]:
    """Yield the parts of the report."""
    runs = folder / "runs"
    yield taylor_green_reference(runs, [32, 64] if quick else [32, 64, 128])
    yield convergence_in_time(runs)
    yield forced(runs, 64 if quick else 128)


def main() -> int:
    """Run the cases and write `validation.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="64^3 points at most")
    parser.add_argument("--output", type=Path, default=Path("validation"), metavar="DIR")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    bad = []
    with style.style():
        report = "# Validation\n\nWritten by `scripts/validate.sh`.\n"
        for section in sections(options.output, quick=options.quick):
            report += "\n" + section.write(options.output)
            bad += [finding for finding in section.findings if not finding.good]
    (options.output / "validation.md").write_text(report)
    print(f"wrote {options.output / 'validation.md'}")
    for finding in bad:
        print(f"outside of its band: {finding.row()}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
