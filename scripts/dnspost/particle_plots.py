"""Pictures of particles: where they are, the ways that they go, and how fast they spread."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dnspost import particles
from dnspost.grid import AXES, Array
from dnspost.runs import Run
from dnspost.style import TWO_COLUMNS, label, reference_line, shades

# Paths in the picture, and records of each at most.
PATHS, POINTS = 40, 400
# Thickness of the slab, over the side of the box along its normal.
SLAB = 0.05


def particle_set(run: Run, name: str | None = None) -> xr.Dataset:
    """Return a set of particles of a run, the first one by default; ValueError if it has none."""
    sets = run.particles
    if not sets:
        raise ValueError(
            f"{run.directory} has no particles: see [[particles]] in docs/particles.md"
        )
    if name is None:
        return next(iter(sets.values()))
    if name not in sets:
        raise ValueError(f"{run.directory} has no particles {name}; there are: {', '.join(sets)}")
    return sets[name]


def overview(run: Run, name: str | None = None) -> Figure:
    """Draw some paths, a slab of the last record, displacement and autocorrelation."""
    chosen = particle_set(run, name)
    if chosen.sizes["time"] < 2:
        raise ValueError("there are less than two records of particles")
    figure = Figure(figsize=(TWO_COLUMNS, 5.6))
    places = figure.add_gridspec(2, 2, height_ratios=[3, 2])
    paths(figure.add_subplot(places[0, 0], projection="3d"), chosen)
    slab(figure.add_subplot(places[0, 1]), chosen)
    displacement(figure.add_subplot(places[1, 0]), chosen)
    autocorrelation(figure.add_subplot(places[1, 1]), chosen)
    return figure


def paths(axes: Axes, chosen: xr.Dataset) -> None:
    """Draw the paths of some particles in 3-D, with a dot where each ends."""
    some = chosen["position"].isel(particle=slice(None, PATHS))
    some = some.isel(time=slice(None, None, max(some.sizes["time"] // POINTS, 1)))
    places = some.transpose("particle", "time", "component").values
    colours = shades(len(places))
    for path, colour in zip(places, colours, strict=True):
        axes.plot(*path.T, lw=0.6, color=colour)
        axes.plot(*path[-1:].T, "o", ms=1.5, color=colour)
    axes.set_aspect("equal")
    axes.tick_params(pad=-3)
    for axis in AXES:
        getattr(axes, f"set_{axis}label")(label(f"${axis}$", "L"), labelpad=-6)
    first, last = (float(chosen["time"][index]) for index in (0, -1))
    axes.set_title(f"{len(places)} paths, $t$ = {first:.3g} to {last:.3g}")


def slab(axes: Axes, chosen: xr.Dataset) -> None:
    """Draw the particles of the last record that are in a slab in the middle of the box."""
    width, height, depth = chosen.attrs["box"]
    place = particles.in_box(chosen).isel(time=-1).values
    inside = abs(place[:, 2] - depth / 2) < SLAB * depth / 2
    axes.plot(*place[inside, :2].T, ".", ms=2, mew=0)
    axes.set(xlim=(0, width), ylim=(0, height), aspect="equal")
    axes.set(xlabel=label("$x$", "L"), ylabel=label("$y$", "L"))
    last = float(chosen["time"][-1])
    axes.set_title(f"{inside.sum()} in a slab of {SLAB:.0%} of the box, $t$ = {last:.4g}")


def displacement(axes: Axes, chosen: xr.Dataset) -> None:
    """Draw the mean square displacement beside <u^2> lag^2, its limit for short lags."""
    found = particles.mean_square_displacement(chosen).isel(lag=slice(1, None))
    variance = (chosen["velocity"] ** 2).mean(("time", "particle")).compute()
    lag = found["lag"].values
    for axis in AXES:
        axes.loglog(lag, found.sel(component=axis).values, label=f"${axis}$")
    ballistic = float(variance.mean()) * lag**2
    axes.loglog(lag, ballistic, **reference_line(), label=r"$\langle u^2 \rangle \tau^2$")
    axes.set_xlabel(label(r"lag $\tau$", "T"))
    axes.set_ylabel(label(r"$\langle (x(t + \tau) - x(t))^2 \rangle$", "L^2"))
    axes.legend()


def autocorrelation(axes: Axes, chosen: xr.Dataset) -> None:
    """Draw the autocorrelation of the velocity, with the time scale that it integrates to."""
    found = particles.velocity_autocorrelation(chosen)
    lag = found["lag"].values
    for axis in AXES:
        axes.plot(lag, found.sel(component=axis).values, label=f"${axis}$")
    mean = found.mean("component").values
    axes.axhline(0, **reference_line())
    axes.set_xlabel(label(r"lag $\tau$", "T"))
    axes.set_ylabel("velocity autocorrelation")
    axes.set_title(f"$T_L$ = {_integral_until_zero(lag, mean):.3g}")
    axes.margins(x=0)


def _integral_until_zero(lag: Array, values: Array) -> float:
    """Return the integral up to the first number that is not above zero, if there is one."""
    below = np.flatnonzero(values <= 0)
    end = below[0] if below.size else values.size
    return float(np.trapezoid(values[:end], lag[:end]))
