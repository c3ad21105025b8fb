"""The kinematic dynamo of the ABC flow: the growth of a weak magnetic field."""

import numpy as np
from matplotlib.figure import Figure

from dnspost.runs import Run
from dnspost.style import ONE_COLUMN, reference_line
from validation.report import Finding, Lab, Section

VISCOSITY = 0.2  # the flow is stable below a Reynolds number of 13
FIRST, LAST = 8.9, 17.5  # the window of magnetic Reynolds numbers in which it is a dynamo
SETTLED = 50.0


def growth_rate(lab: Lab, reynolds: float) -> float:
    """Return the rate at which the amplitude of the magnetic field grows, 1/T."""
    end = lab.choose(90.0, 150.0, 250.0)
    run: Run = lab.run(
        f"dynamo_{reynolds:g}",
        {
            "grid": {"points": [lab.choose(16, 24, 32)] * 3},
            "physics": {
                "equation": "mhd",
                "viscosity": VISCOSITY,
                "magnetic": {"diffusivity": 1 / reynolds},
            },
            "initial": {
                "kind": "abc",
                "magnetic": {
                    "kind": "random",
                    "seed": 1,
                    "energy": 1e-12,
                    "spectrum": {"model": "exponential", "peak": 1.5},
                },
            },
            "forcing": {"kind": "abc", "coefficients": [VISCOSITY] * 3, "wavenumber": 1.0},
            "time": {"cfl": 1.0, "dt_max": 0.1, "end": end},
            "output": {"history": {"every": 0.5}},
        },
    )
    table = run.history[run.history["time"] >= SETTLED]
    amplitude = np.log(table["magnetic_energy"].to_numpy()) / 2
    return float(np.polyfit(table["time"].to_numpy(), amplitude, 1)[0])


def section(lab: Lab) -> Section:
    """Growth rates, and where they change their sign."""
    numbers = [
        8.0,
        9.0,
        10.0,
        *lab.choose([], [12.0, 14.0, 16.0, 17.0, 18.0, 20.0], [12.0, 14.0, 16.0, 17.0, 18.0, 20.0]),
    ]
    rates = np.array([growth_rate(lab, number) for number in numbers])
    figure = Figure(figsize=(ONE_COLUMN, 2.6))
    axes = figure.subplots()
    axes.plot(numbers, rates, "o-", ms=3)
    axes.axhline(0, **reference_line())
    axes.axvline(FIRST, **reference_line())
    axes.set_xlabel("magnetic Reynolds number")
    axes.set_ylabel("growth rate [1/T]")
    source = (
        "Galloway & Frisch 1986, Geophys. Astrophys. Fluid Dyn. 36, 53: a dynamo from 8.9 to 17.5"
    )
    onset = float(np.interp(0, rates[:2], numbers[:2]))
    findings = [Finding.about("onset of the dynamo", onset, FIRST, 0.02, source)]
    if numbers[-1] > LAST:
        axes.axvline(LAST, **reference_line())
        falling = slice(numbers.index(16.0), None)
        offset = float(np.interp(0, -rates[falling], numbers[falling]))
        findings.append(Finding.about("its end", offset, LAST, 0.04, source))
    text = (
        "A magnetic field too weak to act on the flow u = (sin z + cos y, sin x + cos z, sin y + "
        "cos x), which a force keeps up. The rates are slopes of the logarithm of its rms from "
        f"t = {SETTLED:g} on; beyond the window the modes beat, which makes the rates uneven."
    )
    return Section("Magnetic field: the ABC dynamo", text, findings, {"dynamo": figure})
