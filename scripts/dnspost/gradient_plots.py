"""Pictures of the velocity gradient as a tensor, from `invariants.h5`."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnspost.picks import LAST, Choice, pick
from dnspost.runs import Run
from dnspost.style import TWO_COLUMNS, reference_line

_NAMES = ("most stretching", "middle", "most compressing")


def invariants(run: Run, choice: Choice = LAST) -> Figure:
    """Q and R together, vorticity among the axes of strain, and the shape of the strain."""
    picked = pick(run.invariants, choice, "invariants")
    figure = Figure(figsize=(TWO_COLUMNS, 2.7))
    joint, alignment, shape = figure.subplots(1, 3)
    _joint(figure, joint, picked.values["joint_q_r"])
    for marker, (name, density) in zip(
        "os^", zip(_NAMES, picked.values["alignment"], strict=True), strict=True
    ):
        alignment.plot(density["magnitude"], density, marker + "-", ms=2, lw=0.8, label=name)
    alignment.axhline(1.0, **reference_line())
    alignment.set_xlabel(r"$|\cos(\omega, e_i)|$")
    alignment.set_ylabel("probability density")
    alignment.set_ylim(bottom=0)
    alignment.legend(title="axis of strain")
    for marker, name, words in [("o", "shape", "$s^*$"), ("s", "helicity", r"$\cos(u, \omega)$")]:
        density = picked.values[name]
        shape.plot(density["cosine"], density, marker + "-", ms=2, lw=0.8, label=words)
    shape.axhline(0.5, **reference_line())
    shape.set_xlabel(r"$s^*$, $\cos(u, \omega)$")
    shape.set_ylim(bottom=0)
    shape.legend()
    figure.suptitle(picked.words, fontsize=8)
    return figure


def _joint(figure: Figure, axes: Axes, density: xr.DataArray) -> None:
    """Draw contours over decades, and the line 27/4 R^2 + Q^3 = 0 above which flow turns."""
    values = density.transpose("q", "r")
    largest = float(values.max())
    if not largest > 0:
        raise ValueError("there is no point in the bins of joint_q_r")
    decades = np.arange(np.floor(np.log10(largest)) - 5, np.ceil(np.log10(largest)) + 1)
    logarithm = np.log10(values.where(values > 0))
    shown = axes.contourf(values["r"], values["q"], logarithm, levels=decades, extend="min")
    figure.colorbar(shown, ax=axes, label=r"$\log_{10}$ of the density", shrink=0.9)
    # Only bins in which something is are worth the room.
    within = values.where(values > 0, drop=True)
    reach = max(float(abs(within["r"]).max()), 1.0), max(float(abs(within["q"]).max()), 1.0)
    r = np.linspace(-reach[0], reach[0], 201)
    axes.plot(r, -np.cbrt(27 / 4 * r**2), **reference_line())
    axes.set_xlim(-reach[0], reach[0])
    axes.set_ylim(-reach[1], reach[1])
    axes.set_xlabel(r"$R\,/\,\langle s_{ij}s_{ij}\rangle^{3/2}$")
    axes.set_ylabel(r"$Q\,/\,\langle s_{ij}s_{ij}\rangle$")
