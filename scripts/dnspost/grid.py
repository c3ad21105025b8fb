"""The periodic box: what the coordinates of fields and of modes say about it, and its shells.

A *field* has the dimensions z, y, x (and perhaps time); the coordinates are the grid points.
*Modes* have the dimensions kz, ky, kx in any order; the coordinates are the wavenumbers n / length
for the mode numbers n, and kx is never negative: the other half follows from
u_hat(-k) = conj u_hat(k). Each coordinate carries `length`, the side of the box in units of 2 pi,
and those of modes also `points`, the number of grid points along this axis.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray

AXES = ("x", "y", "z")
VELOCITY = ("u", "v", "w")

Array = NDArray[Any]
Data = xr.DataArray | xr.Dataset
D = TypeVar("D", xr.DataArray, xr.Dataset)


def point_coordinates(points: Sequence[int], lengths: Sequence[float]) -> dict[str, xr.Variable]:
    """Return the coordinates x, y, z of a grid with `points` along x, y, z."""
    coordinates = {}
    for axis, n, length in zip(AXES, points, lengths, strict=True):
        attributes = {"units": "L", "long_name": axis, "length": float(length)}
        values = 2 * np.pi * length * np.arange(n) / n
        coordinates[axis] = xr.Variable(axis, values, attributes)
    return coordinates


def mode_coordinate(axis: str, numbers: Array, length: float, points: int) -> xr.Variable:
    """Return the wavenumbers of mode `numbers` along `axis` as the coordinate kx, ky or kz."""
    attributes = {
        "units": "1/L",
        "long_name": f"wavenumber along {axis}",
        "length": float(length),
        "points": int(points),
    }
    return xr.Variable(f"k{axis}", numbers / length, attributes)


def length(data: Data, axis: str) -> float:
    """Side of the box along `axis` in units of 2 pi.

    Fields made by hand may lack the attribute; then equally spaced points tell.
    """
    coordinate = data[axis if axis in data.dims else f"k{axis}"]
    if "length" in coordinate.attrs:
        return float(coordinate.attrs["length"])
    if coordinate.size < 2:
        raise ValueError(f"{axis} has one point and no attribute `length` (side / 2 pi); add it")
    spacing = float(coordinate[1] - coordinate[0])
    return spacing * coordinate.size / (2 * np.pi)


def mode_numbers(modes: Data, axis: str) -> Array:
    """Mode numbers n along `axis`, in the order in which they are stored."""
    numbers: Array = np.rint(modes[f"k{axis}"].values * length(modes, axis)).astype(int)
    return numbers


def grid_points(modes: Data) -> tuple[int, ...]:
    """Points along x, y, z of the grid that the modes belong to."""
    return tuple(int(modes[f"k{axis}"].attrs["points"]) for axis in AXES)


def weight(modes: Data) -> xr.DataArray:
    """How often a stored mode counts in a sum over all modes.

    Twice, for its conjugate is not stored, but once for kx = 0 and at the Nyquist wavenumber.
    """
    n = mode_numbers(modes, "x")
    once = (n == 0) | (2 * n == modes["kx"].attrs["points"])
    return xr.DataArray(np.where(once, 1.0, 2.0), {"kx": modes["kx"]})


def wavenumber_squared(modes: Data) -> xr.DataArray:
    """|k|^2 of every mode, summed in the order in which the solver does."""
    return (modes["kx"] ** 2 + modes["ky"] ** 2) + modes["kz"] ** 2


def shell_width(modes: Data) -> float:
    """Width of a spherical shell: the smallest wavenumber that the box holds."""
    return min((1 / length(modes, axis) for axis in AXES if modes.sizes[f"k{axis}"] > 1), default=1)


def shell_of(modes: Data) -> xr.DataArray:
    """Return the number of the shell of every mode.

    Shell s holds (s - 1/2) <= |k| / width < s + 1/2, as in the solver (src/shells.rs).
    """
    scaled = wavenumber_squared(modes) ** 0.5 / shell_width(modes)
    whole = scaled // 1
    shell: xr.DataArray = whole.where(scaled - whole < 0.5, whole + 1).astype(int)
    return shell


# The largest mode number that each `grid.dealias` of the solver keeps on n points.
CUTOFFS: dict[str, Callable[[int], int]] = {
    "two_thirds": lambda n: -(-n // 3) - 1,
    "phase_shift": lambda n: math.isqrt(2 * n * n // 9),
    "none": lambda n: (n - 1) // 2,
}


def cutoffs(config: Mapping[str, Any]) -> list[int]:
    """Return the largest mode numbers along x, y, z that the run of a configuration keeps."""
    box = config["grid"]
    return [CUTOFFS[box.get("dealias", "two_thirds")](n) for n in box["points"]]


def k_max(kept: Sequence[int], lengths: Sequence[float]) -> float:
    """Return the largest wavenumber that is there along every axis, where modes up to `kept` are.

    Axes with one mode do not count, as in the solver (src/grid.rs).
    """
    found = [n / length for n, length in zip(kept, lengths, strict=True)]
    return min((k for k in found if k > 0), default=float("inf"))
