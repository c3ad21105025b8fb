"""Fields at any point: the Fourier series itself, or Lagrange polynomials as the JHTDB offers.

JHTDB: Li et al. 2008, J. Turbulence 9, 31, section 4 and appendix.
"""

import itertools

import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, Array
from dnspost.spectral import to_modes

LAGRANGE = {"lag4": 4, "lag6": 6, "lag8": 8}
BATCH = 32  # points at a time, so that the tables of the series stay small


def sample(fields: xr.Dataset, points: Array, method: str = "spectral") -> xr.Dataset:
    """Values of `fields` (z, y, x) at `points` of shape [n][3] (x, y, z), anywhere in space.

    "spectral" sums the Fourier series: exact, but each point costs a sum over all modes. "lag4",
    "lag6" and "lag8" are polynomials through so many grid points along each axis; only these are
    read from the file. The result has the dimension `point`.
    """
    points = np.atleast_2d(np.asarray(points, float))
    if points.ndim != 2 or points.shape[1] != 3:
        raise ValueError(f"points have shape {points.shape}; it must be [n][3], x y z in a row")
    if method == "spectral":
        modes = to_modes(fields).compute()
        values = {name: _fourier(modes[name], points) for name in fields}
    elif method in LAGRANGE:
        values = {name: _lagrange(fields[name], points, LAGRANGE[method]) for name in fields}
    else:
        names = ", ".join(["spectral", *LAGRANGE])
        raise ValueError(f"method is {method!r}; it must be one of {names}")
    result = xr.Dataset({name: ("point", v, fields[name].attrs) for name, v in values.items()})
    return result.assign_coords({axis: ("point", points[:, i]) for i, axis in enumerate(AXES)})


def sample_in_time(
    fields: xr.Dataset, points: Array, time: float, method: str, time_method: str
) -> xr.Dataset:
    """Values of a series of fields at a time; see `dnspost.Run.sample`."""
    times = fields["time"].values
    if not times[0] <= time <= times[-1]:
        raise ValueError(f"time is {time:g}; the snapshots are from {times[0]:g} to {times[-1]:g}")
    if time_method == "none":
        nearest = fields.sel(time=time, method="nearest")
        return sample(nearest, points, method)
    if time_method != "pchip":
        raise ValueError(f"time_method is {time_method!r}; it must be 'none' or 'pchip'")
    after = int(np.searchsorted(times, time))
    if times[after] == time:
        return sample(fields.isel(time=after), points, method)
    if after < 2 or after + 1 >= times.size:
        raise ValueError(f"pchip at time {time:g} needs two snapshots before it and two after it")
    four = [sample(fields.isel(time=after + i), points, method) for i in (-2, -1, 0, 1)]
    return _hermite(four, times[after - 2 : after + 2], time)


def _hermite(four: list[xr.Dataset], times: Array, time: float) -> xr.Dataset:
    """Cubic between the middle two values, with slopes from those on either side of each."""
    step = times[2] - times[1]
    s = (time - times[1]) / step
    slopes = [(four[i + 1] - four[i - 1]) / (times[i + 1] - times[i - 1]) for i in (1, 2)]
    result: xr.Dataset = (
        (2 * s**3 - 3 * s**2 + 1) * four[1]
        + (3 * s**2 - 2 * s**3) * four[2]
        + (s**3 - 2 * s**2 + s) * step * slopes[0]
        + (s**3 - s**2) * step * slopes[1]
    )
    return result.assign_coords(time=time)


def _fourier(modes: xr.DataArray, points: Array) -> Array:
    """Sum the Fourier series at points: one axis after the other, x first."""
    numbers = (modes * grid.weight(modes)).transpose("kz", "ky", "kx").values
    result = np.empty(len(points))
    for start in range(0, len(points), BATCH):
        part = points[start : start + BATCH]
        x, y, z = (np.exp(1j * np.outer(modes[f"k{a}"], part[:, i])) for i, a in enumerate(AXES))
        planes = np.einsum("zyp,yp->zp", numbers @ x, y)
        result[start : start + BATCH] = np.einsum("zp,zp->p", planes, z).real
    return result


def _lagrange(field: xr.DataArray, points: Array, order: int) -> Array:
    """Polynomials through the `order` grid points around each point, along each axis."""
    shift = np.arange(order) - (order // 2 - 1)
    indices, weights = [], []
    for i, axis in enumerate(AXES):
        n = field.sizes[axis]
        position = points[:, i] * n / (2 * np.pi * grid.length(field, axis))
        first = np.floor(position)
        indices.append((first[:, None].astype(int) + shift) % n)
        weights.append(_lagrange_weights(position - first, shift))
    x, y, z = (
        xr.DataArray(index, dims=("point", f"node_{axis}"))
        for index, axis in zip(indices, AXES, strict=True)
    )
    values = field.transpose("z", "y", "x").isel(z=z, y=y, x=x)
    nodes = values.transpose("point", "node_x", "node_y", "node_z").values
    return np.asarray(np.einsum("pxyz,px,py,pz->p", nodes, *weights))


def _lagrange_weights(s: Array, nodes: Array) -> Array:
    """Values at s of the polynomials that are 1 at one node and 0 at the others, [point][node]."""
    weights = np.ones((s.size, nodes.size))
    for i, j in itertools.permutations(range(nodes.size), 2):
        weights[:, i] *= (s - nodes[j]) / (nodes[i] - nodes[j])
    return weights
