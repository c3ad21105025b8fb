"""Statistics along the paths of particles, and of their distances.

Functions take a set of `run.particles`. A *lag* is a time between two records: averages are over
all particles, and over all records that have another one so much later.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import xarray as xr

from dnspost.grid import AXES, Array
from dnspost.neighbours import pairs_within

# Particles that are looked at together: their paths are in memory.
_AT_A_TIME = 4096
# Lags by default, at most.
_LAGS = 100


def in_box(particles: xr.Dataset) -> xr.DataArray:
    """Return the positions modulo the sides of the box, where the particles are in it."""
    place = particles["position"] % _box(particles)
    return place.assign_attrs(particles["position"].attrs, long_name="position in the box")


def mean_square_displacement(
    particles: xr.Dataset, lags: Sequence[int] | None = None
) -> xr.DataArray:
    """Return <(x(t + lag) - x(t))^2>, L^2, of each component over the lags.

    `lags` are numbers of records; by default they reach over half of the records, and are a hundred
    at most. For short ones it is <u^2> lag^2, for long ones 2 <u^2> T_L lag (Taylor 1922, Proc.
    Lond. Math. Soc. 20, 196). In a mean flow it has the mean displacement as well.
    """
    found = _over_lags(particles, "position", lags, lambda start, end: (end - start) ** 2)
    return _described(found, "mean_square_displacement", "L^2")


def lagrangian_structure_function(
    particles: xr.Dataset, order: int = 2, lags: Sequence[int] | None = None
) -> xr.DataArray:
    """Return <(v(t + lag) - v(t))^order> along the paths, of each component over the lags.

    In the inertial range that of second order is C_0 dissipation lag (Sawford & Yeung 2011, Phys.
    Fluids 23, 091704).
    """
    found = _over_lags(particles, "velocity", lags, lambda start, end: (end - start) ** order)
    return _described(found, f"structure_function_{order}", f"(L/T)^{order}")


def velocity_autocorrelation(
    particles: xr.Dataset, lags: Sequence[int] | None = None
) -> xr.DataArray:
    """Return <v'(t) v'(t + lag)> / <v'^2> along the paths, of each component over the lags.

    v' is the velocity less its mean over all particles and records. The integral over the lags is
    the Lagrangian time scale T_L.
    """
    velocity = particles["velocity"]
    mean = velocity.mean(("time", "particle")).compute()
    variance = velocity.var(("time", "particle")).compute()
    centred = particles.assign(velocity=velocity - mean)
    found = _over_lags(centred, "velocity", lags, lambda start, end: start * end) / variance
    return _described(found, "velocity_autocorrelation", "1")


def pair_dispersion(
    particles: xr.Dataset, separations: Sequence[float] | Array, most: int = 100_000, seed: int = 0
) -> xr.Dataset:
    """Return how pairs move apart whose first distance lies between two of the `separations`.

    Over (separation, time): `distance_squared` <r^2>, and `change_squared` <|r - r_0|^2>, which
    grows as the structure function times t^2 at first (Batchelor 1950, Q. J. R. Meteorol. Soc. 76,
    133) and as g dissipation t^3 in the inertial range (Richardson). `pairs` are those averaged
    over: `most` of each interval, drawn by `seed`. Coordinates are the mean first distance, and the
    `elapsed` time since the first record.
    """
    edges = _edges(particles, separations)
    box = _box(particles).values
    first = in_box(particles).isel(time=0).values
    i, j, distance = pairs_within(first, box, edges[-1])
    random = np.random.default_rng(seed)
    chosen = []
    for low, high in pairwise(edges):
        inside = np.flatnonzero((distance >= low) & (distance < high))
        if inside.size > most:
            inside = random.choice(inside, most, replace=False)
        chosen.append(inside)
    position = particles["position"]
    start = position.isel(time=0).values
    # Each is next to the other across a side of the box, or many boxes away by then.
    images = np.rint((start[i] - start[j]) / box) * box
    squares = np.full((2, len(chosen), position.sizes["time"]), np.nan)
    for time in range(position.sizes["time"]):
        now = position.isel(time=time).values
        for index, pairs in enumerate(chosen):
            a, b = i[pairs], j[pairs]
            if pairs.size:
                apart = now[a] - now[b] - images[pairs]
                change = (now[a] - start[a]) - (now[b] - start[b])
                squares[:, index, time] = [(r**2).sum(-1).mean() for r in (apart, change)]
    times = particles["time"]
    means = [distance[pairs].mean() if pairs.size else np.nan for pairs in chosen]
    attributes = {"units": "L^2"}
    return xr.Dataset(
        {
            "distance_squared": (("separation", "time"), squares[0], attributes),
            "change_squared": (("separation", "time"), squares[1], attributes),
            "pairs": ("separation", [pairs.size for pairs in chosen], {"units": "1"}),
        },
        {
            "separation": ("separation", means, {"units": "L", "long_name": "first distance"}),
            "time": times.variable,
            "elapsed": ("time", (times - times[0]).values, {"units": "T"}),
        },
    )


def radial_distribution(
    particles: xr.Dataset, distances: Sequence[float] | Array, record: int = -1
) -> xr.DataArray:
    """Return g(r) of a record, over the middles of the intervals between `distances`.

    It is the number of pairs at a distance over that of particles which know nothing of each other:
    1 for tracers, above it where particles cluster. Distances end at half of the shortest side.
    """
    edges = _edges(particles, distances)
    box = _box(particles).values
    place = in_box(particles).isel(time=record).values
    *_, distance = pairs_within(place, box, edges[-1])
    counts, _ = np.histogram(distance, edges)
    pairs = len(place) * (len(place) - 1) / 2
    shells = 4 / 3 * np.pi * np.diff(edges**3) / np.prod(box)
    middles = ("r", (edges[1:] + edges[:-1]) / 2, {"units": "L", "long_name": "distance"})
    found = xr.DataArray(counts / (pairs * shells), {"r": middles}, ("r",))
    return _described(found, "radial_distribution", "1")


def _box(particles: xr.Dataset) -> xr.DataArray:
    return xr.DataArray(particles.attrs["box"], {"component": list(AXES)}, ("component",))


def _edges(particles: xr.Dataset, distances: Sequence[float] | Array) -> Array:
    """Return distances that rise, and stay below half of the box."""
    edges = np.asarray(distances, float)
    half = min(particles.attrs["box"]) / 2
    if edges.size < 2 or edges[0] < 0 or (np.diff(edges) <= 0).any() or edges[-1] > half:
        raise ValueError(f"distances must be two or more that rise, from 0 to {half:g} at most")
    return edges


def _interval(particles: xr.Dataset) -> float:
    """Return the time between records, which must be the same for all."""
    steps = np.diff(particles["time"].values)
    if steps.size == 0:
        raise ValueError("there is one record only; lags want two or more")
    if np.ptp(steps) > 1e-6 * steps.mean():
        raise ValueError(
            "the records are not at even times; choose some by .sel(time=slice(.., ..))"
        )
    return float(steps.mean())


def _over_lags(
    particles: xr.Dataset,
    name: str,
    lags: Sequence[int] | None,
    of: Callable[[Array, Array], Array],
) -> xr.DataArray:
    """Return the mean of a function of the values at two records, over (lag, component)."""
    interval = _interval(particles)
    values = particles[name].transpose("time", "particle", "component")
    records, count, _ = values.shape
    if lags is None:
        half = max(records // 2, 1)
        lags = np.unique(np.rint(np.linspace(0, half, min(half, _LAGS) + 1)).astype(int)).tolist()
    if not all(0 <= lag < records for lag in lags):
        raise ValueError(f"lags must be from 0 to {records - 1} records")
    sums = np.zeros((len(lags), len(AXES)))
    for first in range(0, count, _AT_A_TIME):
        paths = values.isel(particle=slice(first, first + _AT_A_TIME)).values
        for index, lag in enumerate(lags):
            start, end = paths[: records - lag], paths[lag:]
            sums[index] += of(start, end).mean(axis=0).sum(axis=0)
    lag = ("lag", np.asarray(lags) * interval, {"units": "T", "long_name": "lag"})
    coordinates = {"lag": lag, "component": list(AXES)}
    return xr.DataArray(sums / count, coordinates, ("lag", "component"))


def _described(data: xr.DataArray, name: str, units: str) -> xr.DataArray:
    return data.rename(name).assign_attrs(units=units, long_name=name.replace("_", " "))
