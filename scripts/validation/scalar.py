"""A passive scalar with a mean gradient in forced isotropic turbulence."""

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

import dnspost
from dnspost.grid import AXES, VELOCITY
from dnspost.style import TWO_COLUMNS, label, reference_line
from validation import forced
from validation.report import Finding, Lab, Section, Size, trapezoidal


def section(lab: Lab) -> Section:
    """Budget of the variance, and the skewness of gradients."""
    points, end, start = lab.choose((32, 12.0, 6.0), (64, 20.0, 6.0), (128, 20.0, 6.0))
    config = forced.config(points, end)
    config["physics"]["scalars"] = [{"name": "c", "schmidt": 1.0, "gradient": [0.0, 0.0, 1.0]}]
    config["output"]["snapshots"] = {"every": 2.0, "precision": "double"}
    run = lab.run(f"scalar_{points}", config)
    table = run.history
    production, dissipation = -2 * table["c_flux_z"], table["c_dissipation"]
    figure = Figure(figsize=(TWO_COLUMNS, 2.6))
    budget, density = figure.subplots(1, 2)
    budget.plot(table["time"], production, label=r"production $-2\langle wc\rangle G$")
    budget.plot(
        table["time"], dissipation, label=r"dissipation $2\kappa\langle|\nabla c|^2\rangle$"
    )
    budget.set_xlabel(label("$t$", "T"))
    budget.set_ylabel(label("rate", "1/T"))
    budget.legend()
    change = table["c_variance"].iloc[-1] - table["c_variance"].iloc[0]
    net, error = trapezoidal((production - dissipation).to_numpy(), table["time"].to_numpy())
    snapshots = run.snapshots.sel(time=slice(start, None))
    gradient = dnspost.derivative(snapshots["c"], "z").isel(time=-1)
    for name, field in [(r"$\partial c/\partial z$", gradient), ("$c$", snapshots["c"][-1])]:
        values = dnspost.pdf(field)
        density.semilogy(values["value"], values.where(values > 0), label=name)
    x = np.linspace(-6, 6, 100)
    density.semilogy(x, np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), **reference_line())
    density.set_ylim(1e-5, 1)
    density.set_xlabel("(value - mean) / rms")
    density.set_ylabel("probability density")
    density.legend()
    steady = table[table["time"] >= start].mean()
    findings = [
        Finding(
            "production - dissipation - d<c^2>/dt over the run",
            abs(net - change),
            0,
            error,
            "error of the trapezoidal rule over the rows of the history",
        )
    ]
    if lab.size is not Size.QUICK:  # whose Reynolds number is too low for what is universal
        findings += _universal(snapshots)
    text = (
        f"The forced turbulence of above on {points}^3 points (Re_lambda = "
        f"{steady['taylor_reynolds']:.0f}) mixes a scalar of Schmidt number 1 with the mean "
        "gradient G = 1 along z. Skewnesses are averages over snapshots, 2 time units apart."
    )
    return Section("Passive scalar", text, findings, {"scalar": figure})


def _universal(snapshots: xr.Dataset) -> list[Finding]:
    products, strains, gradients = [], [], []
    for name, axis in zip(VELOCITY, AXES, strict=True):
        strain = dnspost.derivative(snapshots[name], axis)
        gradient = dnspost.derivative(snapshots["c"], axis)
        products.append(float((strain * gradient**2).mean()))
        strains.append(float((strain**2).mean()))
        gradients.append(float((gradient**2).mean()))
    mixed = float(np.mean(products) / (np.sqrt(np.mean(strains)) * np.mean(gradients)))
    along = float((gradient**3).mean()) / gradients[-1] ** 1.5
    return [
        Finding.about(
            "mixed skewness <u_x c_x^2> / <u_x^2>^(1/2) <c_x^2>, three directions",
            mixed,
            -0.5,
            0.2,
            "-0.4 to -0.6: Kerr 1985, J. Fluid Mech. 153, 31; Sreenivasan & Antonia 1997",
        ),
        Finding(
            "skewness of dc/dz, along the mean gradient",
            along,
            1.0,
            2.0,
            "1.4 in simulations, 1.8 +- 0.2 in experiments at Re_lambda of 30 to 700: Warhaft "
            "2000, Annu. Rev. Fluid Mech. 32, 203",
        ),
    ]
