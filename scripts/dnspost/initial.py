"""Velocity fields made in NumPy as the start of a run."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.fields import divergence, gradient
from dnspost.grid import AXES, VELOCITY, Array
from dnspost.spectral import to_modes, to_points

# Beyond rounding in single precision, far below what a wrong field has.
DIVERGENCE_TOLERANCE = 1e-4
CUT_TOLERANCE = 1e-6


def write_initial(
    path: Path | str,
    velocity: xr.Dataset | Sequence[Array],
    lengths: Sequence[float] = (1.0, 1.0, 1.0),
    *,
    project: bool = False,
) -> dict[str, str]:
    """Write a velocity as the file of `initial.kind = "file"`; return this section of a config.

    `velocity` is a Dataset with u, v, w (z, y, x), or three arrays u, v, w of shape [nz][ny][nx],
    values at x = 2 pi lengths[0] i / nx and so on, in the units of the configuration (L/T). The run
    may have another number of points, but must have the same `grid.lengths`.

    A field that is not solenoidal is refused; `project` removes the part that is not. Warns when
    the field has more than 1e-6 of its energy in modes that the 2/3 rule cuts off.
    """
    if not isinstance(velocity, xr.Dataset):
        velocity = _labelled(velocity, lengths)
    velocity = velocity[list(VELOCITY)].transpose("z", "y", "x").compute()
    for name, field in velocity.items():
        if not np.isfinite(field).all():
            raise ValueError(f"{name} has values that are not finite")
    if project:
        velocity = projected(velocity)
    _check_divergence(velocity)
    _check_cut(velocity)
    path = Path(path)
    temporary = path.with_name(path.name + ".tmp")
    _write(temporary, velocity)
    os.replace(temporary, path)
    return {"kind": "file", "path": str(path.resolve())}


def projected(velocity: xr.Dataset) -> xr.Dataset:
    """Return the solenoidal part: each mode loses its component along k.

    Nyquist modes, whose direction of k has no sign, go altogether.
    """
    modes = to_modes(velocity)
    for axis in AXES:
        paired = 2 * _absolute_numbers(modes, axis) < velocity.sizes[axis]
        modes = modes.where(paired, 0)
    k = [modes[f"k{axis}"] for axis in AXES]
    k_squared = grid.wavenumber_squared(modes)
    dot = sum((a * modes[n] for a, n in zip(k, VELOCITY, strict=True)), start=xr.DataArray(0.0))
    along = dot / k_squared.where(k_squared > 0, 1)
    solenoidal = {n: modes[n] - along * a for a, n in zip(k, VELOCITY, strict=True)}
    return to_points(xr.Dataset(solenoidal))


def _labelled(arrays: Sequence[Array], lengths: Sequence[float]) -> xr.Dataset:
    arrays = [np.asarray(array) for array in arrays]
    shapes = [array.shape for array in arrays]
    if len(shapes) != 3 or len(set(shapes)) != 1 or len(shapes[0]) != 3:
        raise ValueError(f"velocity has shapes {shapes}; it must be three arrays [nz][ny][nx]")
    for name, array in zip(VELOCITY, arrays, strict=True):
        if array.dtype.kind not in "fiu":
            raise ValueError(f"{name} is of type {array.dtype}; it must be real numbers")
    fields = {n: (AXES[::-1], array) for n, array in zip(VELOCITY, arrays, strict=True)}
    return xr.Dataset(fields, dict(grid.point_coordinates(shapes[0][::-1], lengths)))


def _absolute_numbers(modes: xr.Dataset | xr.DataArray, axis: str) -> xr.DataArray:
    return xr.DataArray(abs(grid.mode_numbers(modes, axis)), dims=f"k{axis}")


def _rms(fields: Sequence[xr.DataArray]) -> float:
    return float(np.sqrt(sum(float((field**2).mean()) for field in fields)))


def _check_divergence(velocity: xr.Dataset) -> None:
    found, scale = _rms([divergence(velocity)]), _rms(list(gradient(velocity).values()))
    if found > DIVERGENCE_TOLERANCE * scale:
        raise ValueError(
            f"the velocity is not solenoidal: the rms of its divergence is {found / scale:.2g} of "
            f"that of its gradient, at most {DIVERGENCE_TOLERANCE:g} is allowed; mind the order "
            "[z][y][x], or let project=True remove the part that is not"
        )


def _check_cut(velocity: xr.Dataset) -> None:
    modes = to_modes(velocity)
    energy = sum((abs(modes[n]) ** 2 for n in VELOCITY), start=xr.DataArray(0.0))
    energy = energy * grid.weight(modes)
    kept = energy
    for axis in AXES:
        kept = kept.where(3 * _absolute_numbers(modes, axis) < velocity.sizes[axis], 0)
    total = float(energy.sum())
    cut = total - float(kept.sum())
    if cut > CUT_TOLERANCE * total:
        warnings.warn(
            f"{100 * cut / total:.2g} % of the energy is in modes that a run on this grid cuts off "
            "(2/3 rule); sample the field on 3/2 as many points",
            stacklevel=3,
        )


def _write(path: Path, velocity: xr.Dataset) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["description"] = "Velocity written by dnspost as the start of a run."
        file.attrs["time"] = 0.0
        file.attrs["step"] = 0
        file.attrs["points"] = [velocity.sizes[axis] for axis in AXES]
        file.attrs["lengths"] = [grid.length(velocity, axis) for axis in AXES]
        for name, axis in zip(VELOCITY, AXES, strict=True):
            values = velocity[name].values
            if values.dtype != np.float32:
                values = values.astype(float)
            dataset = file.create_dataset(f"fields/{name}", data=values)
            dataset.attrs.update(units="L/T", long_name=f"velocity along {axis}")
