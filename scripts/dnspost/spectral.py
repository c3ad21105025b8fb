"""Fourier transforms between fields and modes, derivatives and filters.

u(x) = sum over k of u_hat(k) exp(i k.x): the forward transform carries 1 / N, so the modes are
Fourier coefficients. Everything goes one axis at a time, so that arrays of dask stay out of core.
"""

from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, cast

import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, Array, D


def to_modes(fields: D) -> D:
    """Return the Fourier coefficients of real fields: all that the grid holds.

    Dimensions z, y, x become kz, ky, kx; kx is not negative, ky and kz count 0, 1, .. -1.
    """
    modes = fields
    for axis in AXES:
        n, length = fields.sizes[axis], grid.length(fields, axis)
        if axis == "x":
            numbers, transform = np.arange(n // 2 + 1), np.fft.rfft
        else:
            numbers, transform = np.rint(np.fft.fftfreq(n, 1 / n)), np.fft.fft
        forward = partial(transform, norm="forward")
        modes = _along(modes, axis, f"k{axis}", numbers.size, forward, real=False)
        modes = modes.assign_coords({f"k{axis}": grid.mode_coordinate(axis, numbers, length, n)})
    return modes


def to_points(modes: D, points: Sequence[int] | None = None) -> D:
    """Return the real fields of `modes` on a grid with `points` along x, y, z.

    By default it is the grid that the modes belong to. On another one the series is evaluated
    exactly, but for modes that this grid cannot hold.
    """
    own = grid.grid_points(modes)
    points = own if points is None else tuple(points)
    lengths = [grid.length(modes, axis) for axis in AXES]
    fields = modes
    for axis, m, n in reversed(list(zip(AXES, points, own, strict=True))):
        inverse = _inverse(axis, grid.mode_numbers(modes, axis), m, n)
        fields = _along(fields, f"k{axis}", axis, m, inverse, real=axis == "x")
    fields = fields.assign_coords(grid.point_coordinates(points, lengths))
    leading = [dim for dim in fields.dims if dim not in AXES]
    return fields.transpose(*leading, *reversed(AXES))


def _inverse(axis: str, numbers: Array, m: int, n: int) -> Callable[[Array], Array]:
    """Transform the last axis, which holds modes `numbers` of n points, to m points."""
    # The Nyquist mode means the same on the same grid only.
    kept = np.ones(numbers.size, bool) if m == n else 2 * np.abs(numbers) < min(m, n)

    def inverse(values: Array) -> Array:
        size = m // 2 + 1 if axis == "x" else m
        padded = np.zeros((*values.shape[:-1], size), values.dtype)
        padded[..., numbers[kept] % m] = values[..., kept]
        if axis == "x":
            return np.fft.irfft(padded, m, norm="forward")
        return np.fft.ifft(padded, norm="forward")

    return inverse


def derivative(fields: D, axis: str) -> D:
    """Return the derivative along `axis`, exact for every mode below the Nyquist wavenumber."""
    n, length = fields.sizes[axis], grid.length(fields, axis)
    ik = 1j * np.arange(n // 2 + 1) / length

    def differentiate(values: Array) -> Array:
        modes = np.fft.rfft(values)
        return np.fft.irfft(modes * ik.astype(modes.dtype), n)

    changed = _along(fields, axis, axis, n, differentiate, real=True)
    return changed.assign_coords({axis: fields[axis]}).transpose(*fields.dims)


def filtered(fields: D, width: float, kind: str = "gaussian") -> D:
    """Return the fields filtered with a filter of `width` (Pope 2000, Turbulent Flows, table 13.2).

    "gaussian" multiplies modes by exp(-k^2 width^2 / 24), "sharp" removes |k| > pi / width, and
    "box", a cube of this side, multiplies by the product of sin(k_i width / 2) / (k_i width / 2).
    """
    modes = to_modes(fields)
    k_squared = grid.wavenumber_squared(modes)
    if kind == "gaussian":
        transfer = xr.ufuncs.exp(-k_squared * width**2 / 24)
    elif kind == "sharp":
        transfer = (k_squared <= (np.pi / width) ** 2).astype(float)
    elif kind == "box":
        # numpy's sinc(x) is sin(pi x) / (pi x).
        x, y, z = (
            xr.apply_ufunc(np.sinc, modes[f"k{axis}"] * width / (2 * np.pi)) for axis in AXES
        )
        transfer = x * y * z
    else:
        raise ValueError(f"kind is {kind!r}; it must be 'gaussian', 'sharp' or 'box'")
    return to_points(cast(D, modes * transfer)).transpose(*fields.dims)


def _along(
    data: D, old: str, new: str, size: int, function: Callable[[Array], Array], *, real: bool
) -> D:
    """Apply `function` to the last axis of arrays in which `old` is last; it becomes `new`."""
    if data.chunks:
        whole: dict[Hashable, Any] = dict.fromkeys(data.dims, "auto")
        whole |= {dim: n for dim, n in {"time": 1, old: -1}.items() if dim in data.dims}
        data = data.chunk(whole).assign_coords(data.coords)  # those stay as they are
    first = data if isinstance(data, xr.DataArray) else next(iter(data.values()))
    sample = np.zeros(0, np.result_type(first.dtype, np.complex64))
    return cast(
        D,
        xr.apply_ufunc(
            function,
            data,
            input_core_dims=[[old]],
            output_core_dims=[[new]],
            exclude_dims={old},
            dask="parallelized",
            dask_gufunc_kwargs={
                "output_sizes": {new: size},
                "meta": sample.real if real else sample,
            },
            keep_attrs=True,
        ),
    )
