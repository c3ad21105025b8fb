"""Series in time from several files, which a change of the run may have given other coordinates.

What a file does not have is missing: NaN, never 0. Numbers that belong to a whole file, such as the
viscosity, are coordinates over the time where they differ.
"""

from collections.abc import Sequence
from typing import Any

import dask.array as da
import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, Array
from dnspost.spectral import to_modes, to_points

# Coordinates of two files that differ by less than this part of the largest are the same.
SAME = 1e-9
# What stays an attribute, of the last file: texts about the program.
_TEXTS = ("config", "code_version", "description")


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return parts with records (`time`, ..) as one: an outer join of all other coordinates."""
    filled = [part for part in parts if part.sizes["time"]] or [parts[-1]]
    if len(filled) == 1:
        return filled[0]
    return _concatenated(_snapped(_with_what_differs(filled)))


def of_fields(snapshots: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return snapshots (z, y, x) as (time, z, y, x), on the most points that any of them has.

    The Fourier series of those with fewer points are evaluated there, which is exact, and lazy as
    all else. A field that a snapshot does not have is NaN at its time.
    """
    points = [max(s.sizes[axis] for s in snapshots) for axis in AXES]
    return _concatenated([_resampled(snapshot, points) for snapshot in snapshots])


def of_modes(snapshots: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return modes as (time, ky, kx, kz), of the largest grid: a smaller one has zeros beyond."""
    largest = {
        name: max((s[name].variable for s in snapshots), key=lambda k: int(k.attrs["points"]))
        for name in (f"k{axis}" for axis in AXES)
    }
    same = []
    for modes in snapshots:
        if any(modes.sizes[name] != wanted.size for name, wanted in largest.items()):
            modes = modes.reindex({n: k.values for n, k in largest.items()}, fill_value=0)
        same.append(modes.assign_coords(largest))
    return _concatenated(same)


def _resampled(snapshot: xr.Dataset, points: Sequence[int]) -> xr.Dataset:
    if [snapshot.sizes[axis] for axis in AXES] == list(points):
        return snapshot
    return to_points(to_modes(snapshot), points)


def _concatenated(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """Return parts one after the other in time; attributes are those of the last."""
    names = {name: part[name] for part in parts for name in part.data_vars}
    whole = [
        part.assign({name: _absent(part, field) for name, field in names.items()
                     if name not in part})
        for part in parts
    ]  # fmt: skip
    result = xr.concat(
        whole,
        "time",
        join="outer",
        fill_value=np.nan,
        combine_attrs="override",
        coords="different",
        compat="equals",
        data_vars="all",
    )
    return result.assign_attrs(parts[-1].attrs)


def _absent(part: xr.Dataset, like: xr.DataArray) -> xr.DataArray:
    """Return a field that a part does not have, on the coordinates that the part has."""
    dims = [dim for dim in like.dims if dim in part.dims or dim != "time"]
    coordinates = {dim: part[dim] if dim in part.coords else like[dim] for dim in dims}
    shape = [coordinates[dim].size for dim in dims]
    kind = np.result_type(like.dtype, np.float32)
    values = da.full(shape, np.nan, kind) if like.chunks else np.full(shape, np.nan, kind)
    return xr.DataArray(values, coordinates, dims, attrs=like.attrs)


def _with_what_differs(parts: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return parts whose attributes are the same, those that were not as coordinates."""
    names = {name for part in parts for name in part.attrs if name not in _TEXTS}
    varying = [
        name for name in sorted(names) if len({_number(part, name) for part in parts} - {None}) > 1
    ]
    result = []
    for part in parts:
        numbers = {n: _number(part, n) for n in varying if n not in part.variables}
        filled = {n: np.nan if v is None else v for n, v in numbers.items()}
        result.append(
            part.assign_coords(
                {n: ("time", np.full(part.sizes["time"], v)) for n, v in filled.items()}
            )
        )
    return result


def _number(part: xr.Dataset, name: str) -> float | None:
    value = part.attrs.get(name)
    if value is None or isinstance(value, str) or np.ndim(value) != 0:
        return None
    return float(value)


def _snapped(parts: Sequence[xr.Dataset]) -> list[xr.Dataset]:
    """Return parts in which coordinates that are the same but for rounding are the same."""
    names = {str(dim) for part in parts for dim in part.dims if dim in part.coords} - {"time"}
    result = list(parts)
    for name in sorted(names):
        values = [part[name].values for part in parts if name in part.coords]
        if all(np.array_equal(values[0], other) for other in values):
            continue
        if not all(np.issubdtype(v.dtype, np.floating) for v in values):
            continue
        known = _distinct(np.concatenate(values))
        for i, part in enumerate(result):
            if name in part.coords:
                nearest = known[_nearest(known, part[name].values)]
                result[i] = part.assign_coords({name: part[name].copy(data=nearest)})
    return result


def _distinct(values: Array) -> Array:
    """Return values in their order, without those that equal the one before but for rounding."""
    ordered = np.unique(values)
    apart = np.diff(ordered, prepend=-np.inf) > SAME * np.abs(ordered).max()
    return np.asarray(ordered[apart])


def _nearest(known: Array, values: Array) -> Array:
    after = np.clip(np.searchsorted(known, values), 1, max(known.size - 1, 1))
    if known.size == 1:
        return np.zeros(values.shape, int)
    before = after - 1
    closer = abs(values - known[before]) <= abs(values - known[after])
    return np.where(closer, before, after)


#: What each record has of the configuration that it was made with.
PARAMETERS = {
    "viscosity": {"units": "L^2/T", "long_name": "kinematic viscosity"},
    "k_max": {"units": "1/L", "long_name": "largest wavenumber kept along every axis"},
}


def parameter(name: str, config: dict[str, Any]) -> float:
    """Return one of `PARAMETERS` of a configuration."""
    if name == "viscosity":
        return float(config["physics"]["viscosity"])
    return grid.k_max(grid.cutoffs(config), config["grid"]["lengths"])


def records_with_parameters(data: xr.Dataset, configs: Sequence[dict[str, Any]]) -> xr.Dataset:
    """Return records with `PARAMETERS` of a configuration each: over time where they differ."""
    for name, attributes in PARAMETERS.items():
        if name not in data.variables and configs:
            known: dict[int, float] = {}
            for config in configs:
                known.setdefault(id(config), parameter(name, config))
            values = np.array([known[id(config)] for config in configs])
            same = bool((values == values[0]).all())
            variable = ((), values[0], attributes) if same else ("time", values, attributes)
            data = data.assign_coords({name: variable})
    return data


def with_parameters(data: xr.Dataset, config: dict[str, Any]) -> xr.Dataset:
    """Return fields of one time with `PARAMETERS` as coordinates.

    What is there, or is the name of a field, stays. k_max is that of the file if it has fewer
    points than the run's modes need.
    """
    found = {name: parameter(name, config) for name in PARAMETERS}
    if set(AXES) <= set(data.dims):
        kept = [
            min(n, (data.sizes[axis] - 1) // 2)
            for n, axis in zip(grid.cutoffs(config), AXES, strict=True)
        ]
        found["k_max"] = grid.k_max(kept, config["grid"]["lengths"])
    coordinates = {n: xr.Variable((), v, PARAMETERS[n]) for n, v in found.items()}
    return data.assign_coords({n: v for n, v in coordinates.items() if n not in data.variables})
