"""Statistics of fields: spectra, scales, densities, structure functions, correlations.

Averages are over the box; a dimension `time` stays where it makes sense. Arguments may be lazy
(dask); results are numbers.
"""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import dask
import numpy as np
import pandas as pd
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, VELOCITY, Array, Data
from dnspost.spectral import derivative, to_modes, to_points


def _modes(data: xr.Dataset) -> xr.Dataset:
    return data if "kx" in data.dims else to_modes(data)


def shell_sum(quantity: xr.DataArray) -> xr.DataArray:
    """Sum a quantity over the modes of each spherical shell, conjugates included.

    The result has the dimension `k`, the wavenumbers in the middle of the shells.
    """
    if "time" in quantity.dims:
        each = [shell_sum(quantity.isel(time=i)) for i in range(quantity.sizes["time"])]
        return xr.concat(each, "time", coords="different", compat="equals")
    shell = grid.shell_of(quantity).transpose(*quantity.dims)
    count = int(shell.max()) + 1
    weighted = quantity * grid.weight(quantity)

    def partial_sums(shells: Array, values: Array) -> Array:
        return np.bincount(shells.ravel(), values.ravel(), count)

    if weighted.chunks:
        chunks = shell.chunk(dict(weighted.chunksizes)).data.to_delayed().ravel()
        values = weighted.data.to_delayed().ravel()
        parts = map(dask.delayed(partial_sums), chunks, values)
        sums = reduce(np.add, dask.compute(*parts))
    else:
        sums = partial_sums(shell.values, weighted.values)
    width = grid.shell_width(quantity)
    k = xr.Variable("k", np.arange(count) * width, {"units": "1/L", "long_name": "wavenumber"})
    result = xr.DataArray(sums, {"k": k})
    return result.assign_coords({n: c for n, c in quantity.coords.items() if not c.dims})


def energy_spectrum(velocity: xr.Dataset) -> xr.DataArray:
    """E(k), L^3/T^2, of velocity fields or modes: the energy in shells, divided by their width.

    Parseval: the sum over k times the width of a shell is <u.u> / 2. Shell 0 holds the mean flow;
    those beyond k_max are not whole.
    """
    modes = _modes(velocity)
    energy = sum((abs(modes[name]) ** 2 for name in VELOCITY), start=xr.DataArray(0.0))
    spectrum = shell_sum(energy / 2) / grid.shell_width(modes)
    return _described(spectrum, "E", "L^3/T^2", "energy spectrum")


def shell_correction(k: xr.DataArray, box: Mapping[str, Any]) -> xr.DataArray:
    """Return 4 pi k^2 dk over the volume that the modes of each shell stand for, over `k`.

    The number of modes in a shell jumps from one to the next, and a spectrum with it. Multiplied by
    this it is 4 pi k^2 times the mean energy density of the modes of a shell: smoother, but its sum
    is no longer <u.u> / 2. In a flow of two dimensions the factor is of 2 pi k dk. `box` has
    `points` and `lengths` as the configuration. 1 for k = 0.
    """
    width = float(k[1] - k[0])
    largest = int(np.rint(float(k[-1]) / width))
    pairs = zip(box["points"], box["lengths"], strict=True)
    sides = sorted((length for points, length in pairs if points > 1), reverse=True)
    first, *others = [
        np.arange(-n, n + 1) / length
        for length in sides
        for n in [int(np.ceil((largest + 0.5) * width * length))]
    ]
    in_plane = np.zeros(1)
    for numbers in others:
        in_plane = (in_plane[:, None] + numbers**2).ravel()
    counts = np.zeros(largest + 1)
    for at in first:  # plane by plane, as the whole would take gigabytes
        shells = np.floor(np.sqrt(in_plane + at**2) / width + 0.5).astype(int)
        counts += np.bincount(shells[shells <= largest], minlength=largest + 1)
    volume = counts / np.prod(sides)  # a mode stands for 1 / (L_x L_y L_z)
    measure = {1: 2 + 0 * k, 2: 2 * np.pi * k, 3: 4 * np.pi * k**2}[len(sides)]
    factor = measure.values * width / np.where(volume > 0, volume, np.nan)
    return xr.DataArray(np.where(k.values > 0, factor, 1.0), {"k": k}, name="shell_correction")


def energy_flux(velocity: xr.Dataset) -> xr.Dataset:
    """Return transfer T(k), L^3/T^3, and flux Pi(k), L^2/T^3, of kinetic energy.

    T(k) is the energy that shell k gains from all others by nonlinear interaction, divided by
    the width; Pi(k) = -(sum of T up to k) is what passes to smaller scales (Pope 2000, eq. 6.161).
    Exact for all fields, and T sums up to 0: products are formed on 3/2 of the points where there
    are modes beyond the 2/3 rule, as in coarse snapshots or with another `dealias`.
    """
    modes, products = to_modes(velocity), {}
    fine = _without_aliasing(velocity, modes)
    for name in VELOCITY:
        terms = (fine[a] * derivative(fine[name], x) for a, x in zip(VELOCITY, AXES, strict=True))
        products[name] = sum(terms, start=xr.zeros_like(fine[name]))
    advection = to_modes(xr.Dataset(products))
    if fine is not velocity:
        advection = advection.sel({name: modes[name] for name in ("kx", "ky", "kz")})
        modes = _below_nyquist(modes, velocity)
    works = (-(modes[name].conj() * advection[name]).real for name in VELOCITY)
    gain = sum(works, start=xr.DataArray(0.0))
    width = grid.shell_width(modes)
    transfer = shell_sum(gain) / width
    return xr.Dataset(
        {
            "transfer": _described(transfer, "transfer", "L^3/T^3", "energy transfer"),
            "flux": _described(-transfer.cumsum("k") * width, "flux", "L^2/T^3", "energy flux"),
        }
    ).assign_coords(k=transfer["k"])


def _without_aliasing(velocity: xr.Dataset, modes: xr.Dataset) -> xr.Dataset:
    """Return the velocity on points on which products of two of its modes alias on none of them."""
    square = sum((abs(modes[name]) ** 2 for name in VELOCITY), start=xr.DataArray(0.0))
    inside = square
    for axis in AXES:
        low = 3 * abs(grid.mode_numbers(modes, axis)) < velocity.sizes[axis]
        inside = inside.where(xr.DataArray(low, dims=f"k{axis}"), 0)
    whole, kept = dask.compute(square.sum(), inside.sum())
    rounding = (10 * np.finfo(velocity["u"].dtype).eps) ** 2
    if float(whole) - float(kept) <= rounding * float(whole):
        return velocity
    return to_points(modes, [-(-3 * velocity.sizes[axis] // 2) for axis in AXES])


def _below_nyquist(modes: xr.Dataset, fields: xr.Dataset) -> xr.Dataset:
    for axis in AXES:
        paired = 2 * abs(grid.mode_numbers(modes, axis)) < fields.sizes[axis]
        modes = modes.where(xr.DataArray(paired, dims=f"k{axis}"), 0)
    return modes


def flow_scales(
    velocity: xr.Dataset, viscosity: float | None = None, k_max: float | None = None
) -> pd.Series:
    """Scales of velocity fields or modes at one time, by name and definition those of history.csv.

    By default the viscosity and the largest wavenumber are those of the file, coordinates of what
    dnspost reads. Fields made by hand want the first, and have a k_max by the 2/3 rule.
    """
    modes = _modes(velocity)
    if viscosity is None:
        if "viscosity" not in velocity.coords:
            raise ValueError("the velocity has no coordinate `viscosity`: give it")
        viscosity = float(velocity["viscosity"])
    lengths = [grid.length(modes, axis) for axis in AXES]
    if k_max is None and "k_max" in velocity.coords:
        k_max = float(velocity["k_max"])
    if k_max is None:
        kept = [grid.CUTOFFS["two_thirds"](n) for n in grid.grid_points(modes)]
        k_max = grid.k_max(kept, lengths)
    square = sum(abs(modes[name]) ** 2 for name in VELOCITY) * grid.weight(modes)
    mean = square.sel(kx=0, ky=0, kz=0)
    k_squared = grid.wavenumber_squared(modes)
    by_k = (square / k_squared.where(k_squared > 0) ** 0.5).sum()  # without k = 0
    total, still, curl, over_k = (
        float(a) / 2 for a in dask.compute(square.sum(), mean, (k_squared * square).sum(), by_k)
    )
    found = scales(total - still, curl, viscosity, k_max, over_k)
    return pd.concat([pd.Series({"kinetic_energy": total}), found])


def scales(
    energy: float,
    enstrophy: float,
    viscosity: float,
    k_max: float,
    energy_over_k: float | None = None,
) -> pd.Series:
    """Scales of isotropic turbulence (Pope 2000, chapter 6), as src/diagnostics/scales.rs has them.

    `energy` is that of the fluctuations, `enstrophy` <omega.omega> / 2, and `energy_over_k` the sum
    over the modes of their energy by |k|: the integral length is pi / (2 u'^2) times that (Pope
    2000, eq. 6.259), and without it what follows from it is left out. What has no bound is
    infinite: Reynolds numbers without viscosity, times at rest.
    """
    at_rest = enstrophy == 0
    velocity = np.sqrt(2 / 3 * energy)
    dissipation = 2 * viscosity * enstrophy
    taylor = np.inf if at_rest else velocity * np.sqrt(15 / (2 * enstrophy))
    eta = 0.0 if viscosity == 0 else np.inf if at_rest else (viscosity**3 / dissipation) ** 0.25

    def reynolds(length: float) -> float:
        return 0.0 if at_rest else np.inf if viscosity == 0 else velocity * length / viscosity

    found = {
        "dissipation": dissipation,
        "enstrophy": enstrophy,
        "velocity_rms": velocity,
        "taylor_length": taylor,
        "taylor_reynolds": reynolds(taylor),
        "kolmogorov_length": eta,
        "kmax_eta": k_max * eta,
    }
    if energy_over_k is not None:
        length = 0.0 if at_rest else np.pi / (2 * velocity**2) * energy_over_k
        found["integral_length"] = length
        found["integral_reynolds"] = reynolds(length)
        found["turnover_time"] = np.inf if at_rest else length / velocity
    return pd.Series(found)


def integral_length(spectrum: xr.DataArray) -> float:
    """Longitudinal integral length of an E(k) over single wavenumbers k, as in a table.

    pi / (2 u'^2) sum of E / k times dk (Pope 2000, eq. 6.259). Over shells, whose modes have other
    |k|, it is not that of the history: `flow_scales` is.
    """
    moving = spectrum.sel(k=slice(spectrum["k"][1], None))
    energy = float(moving.sum())
    return float(np.pi / (2 * (2 / 3) * energy) * (moving / moving["k"]).sum())


def pdf(field: xr.DataArray, bins: int = 100, span: float = 8.0) -> xr.DataArray:
    """Probability density of (field - mean) / rms, over `span` rms to both sides.

    Multiplied by the width of the bins and summed it gives 1, less what lies outside of the span.
    The attributes hold mean, rms, skewness and flatness.
    """
    mean, mean_square = (float(v) for v in dask.compute(field.mean(), (field**2).mean()))
    rms = float(np.sqrt(mean_square - mean**2))
    if not rms > 0:
        raise ValueError(f"{field.name} is constant: it has no distribution")
    normal = (field - mean) / rms
    edges = np.linspace(-span, span, bins + 1)
    counts, moments = dask.compute(
        _histogram(normal, edges), [(normal**order).mean() for order in (3, 4)]
    )
    density = counts / field.size / np.diff(edges)
    k = {"mean": mean, "rms": rms, "skewness": float(moments[0]), "flatness": float(moments[1])}
    name = field.attrs.get("long_name", field.name)
    middle = xr.Variable("value", (edges[1:] + edges[:-1]) / 2, {"long_name": f"{name} / rms"})
    return xr.DataArray(density, {"value": middle}, name="pdf", attrs=k)


def conditional_average(field: xr.DataArray, condition: xr.DataArray, edges: Array) -> xr.DataArray:
    """Average of `field` where `condition` lies between two `edges`; NaN where it never does."""
    edges = np.asarray(edges, float)
    field, condition = xr.align(field, condition, join="exact")
    field = field.transpose(*condition.dims)
    if condition.chunks:
        field = field.chunk(dict(condition.chunksizes))
    count, total = dask.compute(
        _histogram(condition, edges), _histogram(condition, edges, weights=field)
    )
    average = np.divide(total, count, out=np.full(count.shape, np.nan), where=count > 0)
    name = str(condition.name or "condition")
    middle = xr.Variable(name, (edges[1:] + edges[:-1]) / 2, condition.attrs)
    return xr.DataArray(average, {name: middle}, name=field.name, attrs=field.attrs)


def _histogram(values: xr.DataArray, edges: Array, weights: xr.DataArray | None = None) -> Any:  # noqa: ANN401
    """`numpy.histogram`, lazy where the values are."""
    if values.chunks:
        lazy_weights = None if weights is None else weights.data.ravel()
        return dask.array.histogram(values.data.ravel(), edges, weights=lazy_weights)[0]
    plain = None if weights is None else weights.values.ravel()
    return np.histogram(values.values.ravel(), edges, weights=plain)[0]


def structure_functions(
    velocity: xr.Dataset, orders: Sequence[int] = (2, 3), separations: Sequence[int] | None = None
) -> xr.Dataset:
    """<(u_i(x + r e_j) - u_i(x))^p>, averaged over the three directions j.

    `longitudinal` (i = j) and `transverse` (i != j, of absolute values for odd p), over `order` and
    `r`. `separations` are in grid spacings, which must be equal along x, y, z; by default they
    grow by factors up to half of the box.
    """
    spacings = [2 * np.pi * grid.length(velocity, a) / velocity.sizes[a] for a in AXES]
    if not np.allclose(spacings, spacings[0]):
        raise ValueError(f"the grid spacings differ: {spacings}; structure functions need one")
    if separations is None:
        half = min(velocity.sizes[a] for a in AXES) // 2
        separations = np.unique(np.geomspace(1, max(half, 1), 24).astype(int)).tolist()
    means: dict[str, list[list[Any]]] = {"longitudinal": [], "transverse": []}
    for shift in separations:
        powers: dict[str, list[Any]] = {"longitudinal": [], "transverse": []}
        for axis, along in zip(AXES, VELOCITY, strict=True):
            for name in VELOCITY:
                step = velocity[name].roll({axis: -shift}) - velocity[name]
                kind = "longitudinal" if name == along else "transverse"
                powers[kind].append(step if kind == "longitudinal" else abs(step))
        for kind, steps in powers.items():
            means[kind].append(
                [sum((step**p).mean(AXES) for step in steps) / len(steps) for p in orders]
            )
    (means,) = dask.compute(means)
    r = xr.Variable("r", np.array(separations) * spacings[0], {"units": "L"})
    dims = xr.Variable("order", list(orders))
    return xr.Dataset(
        {
            kind: xr.concat(
                [xr.concat(row, dims, coords="minimal") for row in rows], r, coords="minimal"
            )
            for kind, rows in means.items()
        }
    )


def correlation(velocity: xr.Dataset) -> xr.Dataset:
    """Two-point correlations f(r) and g(r) of the fluctuations (Pope 2000, eqs. 6.44 and 6.45).

    f: of a component along its own direction; g: along another one. Averages over the three
    directions; the box must have equal sides and points. f(0) = g(0) = 1, up to half of the box.
    """
    sizes = {velocity.sizes[a] for a in AXES}
    if len(sizes) > 1 or len({round(grid.length(velocity, a), 12) for a in AXES}) > 1:
        raise ValueError("the box must be a cube with the same number of points along all axes")
    modes, n = to_modes(velocity), sizes.pop()
    sums: dict[str, list[Any]] = {"f": [], "g": []}
    for axis, along in zip(AXES, VELOCITY, strict=True):
        others = [f"k{a}" for a in AXES if a != axis]
        for name in VELOCITY:
            energy = abs(modes[name]) ** 2 * grid.weight(modes)
            energy = energy.where(grid.wavenumber_squared(modes) > 0, 0)  # no mean flow
            line = energy.sum(others)  # over k along this axis
            sums["f" if name == along else "g"].append((axis, line))
    (sums,) = dask.compute(sums)
    step = 2 * np.pi * grid.length(velocity, "x") / n
    r = xr.Variable("r", np.arange(n // 2 + 1) * step, {"units": "L", "long_name": "separation"})
    found: dict[str, Data] = {}
    for kind, lines in sums.items():
        parts = [_cosine_sum(line, f"k{axis}", r) for axis, line in lines]
        total = sum(parts[1:], start=parts[0])
        found[kind] = total / total.isel(r=0)
    return xr.Dataset(found)


def _cosine_sum(energy: xr.DataArray, dim: str, r: xr.Variable) -> xr.DataArray:
    """Return the correlation over r that belongs to an energy over wavenumbers."""
    return (energy * np.cos(energy[dim] * xr.DataArray(r, {"r": r}))).sum(dim)


def _described(data: xr.DataArray, name: str, units: str, long_name: str) -> xr.DataArray:
    data = data.rename(name)
    data.attrs = {"units": units, "long_name": long_name}
    return data
