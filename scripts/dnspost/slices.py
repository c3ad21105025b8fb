"""Planes through the flow, as pictures and as movies."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure

from dnspost import fields
from dnspost.grid import AXES, VELOCITY
from dnspost.runs import Run
from dnspost.style import DIVERGING, ONE_COLUMN, SEQUENTIAL, label

SYMBOLS = {
    "vorticity": r"$|\omega|$",
    "vorticity_magnitude": r"$|\omega|$",
    "current_magnitude": "$|j|$",
    "dissipation": r"$2\nu s_{ij}s_{ij}$",
    "q_criterion": "$Q$",
    "pressure": "$p$",
    "theta": r"$\theta$",
    **{name: f"${name}$" for name in VELOCITY},
    **{f"b{axis}": f"$b_{axis}$" for axis in AXES},
    **{f"omega_{axis}": rf"$\omega_{axis}$" for axis in AXES},
}

DERIVED = ["vorticity", "dissipation", "q"]
# Pictures side by side at most, unless more are asked for.
MOST_FIELDS = 6

# What the solver calls fields that have a shorter name here.
WRITTEN = {"vorticity": "vorticity_magnitude", "q": "q_criterion"}


def field_named(run: Run, snapshots: xr.Dataset, name: str) -> xr.DataArray:
    """Return a field of snapshots or a slice, or one that follows: vorticity, dissipation, q."""
    for stored in (name, WRITTEN.get(name, name)):
        if stored in snapshots:
            return snapshots[stored]
    if not set(AXES) <= set(snapshots.dims):
        known = ", ".join(map(str, snapshots))
        raise ValueError(f"the slice has no field {name}; it must be one of {known}")
    derived = set(VELOCITY) <= set(snapshots)
    if derived and name == "vorticity":
        return fields.vorticity_magnitude(snapshots)
    if derived and name == "dissipation":
        # Of the viscosity at each time.
        unit = fields.dissipation(snapshots, 1.0)
        local = unit * viscosity(run, snapshots)
        return local.rename("dissipation").assign_attrs(unit.attrs)
    if derived and name == "q":
        return fields.q_criterion(snapshots)
    known = ", ".join([*map(str, snapshots), *(DERIVED if derived else [])])
    raise ValueError(f"there is no field {name}; it must be one of {known}")


def viscosity(run: Run, snapshots: xr.Dataset) -> xr.DataArray | float:
    """Return the viscosity of each snapshot; that of the run where they do not tell."""
    own: xr.DataArray | float = snapshots.coords.get("viscosity", run.viscosity)
    return own


def usual_fields(run: Run, snapshot: xr.Dataset) -> list[str]:
    """Return what a picture shows when nothing is asked for: velocity, what follows, scalars."""
    # One value tells: a field is there as a whole or not at all.
    first = snapshot.isel(dict.fromkeys((dim for dim in AXES if dim in snapshot.dims), 0))
    found = [str(name) for name in snapshot if bool(first[name].notnull())]
    if not found:
        raise ValueError("the snapshot has no field with numbers")
    if not set(VELOCITY) <= set(found):
        return found[:MOST_FIELDS]
    scalars = [scalar["name"] for scalar in run.config["physics"].get("scalars", [])]
    also = [name for name in ["theta", *scalars, "bx"] if name in found]
    return ["u", "vorticity", "dissipation", *also][:MOST_FIELDS]


def plane(field: xr.DataArray, axis: str, position: float) -> xr.DataArray:
    """Return the plane of grid points nearest to `position` on an axis, with the vertical first.

    A slice that is a plane already stays what it is.
    """
    if set(AXES) <= set(field.dims):
        field = field.sel({axis: position}, method="nearest")
    plane_axes = [a for a in AXES if a in field.dims]
    if len(plane_axes) != 2:
        raise ValueError(f"{field.name} has the dimensions {field.dims}, which are no plane")
    across, up = plane_axes
    return field.transpose(..., up, across)


def written(run: Run, name: str) -> xr.Dataset:
    """Return the slice `name` that the solver wrote."""
    found = run.slices
    if name not in found:
        known = ", ".join(found) or "none (yet)"
        raise ValueError(f"{run.directory} has no slice {name}; there are: {known}")
    return found[name]


def slices(
    run: Run,
    snapshot: xr.Dataset,
    names: Sequence[str] | None = None,
    axis: str = "z",
    position: float = 0.0,
) -> Figure:
    """Planes of several fields at one time, by default `usual_fields`, three in a row."""
    names = usual_fields(run, snapshot) if names is None else list(names)
    columns = 2 if len(names) == 4 else min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(0.7 * ONE_COLUMN * columns, 0.87 * ONE_COLUMN * rows))
    places = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes, name in zip(places, names, strict=False):
        values = present(plane(field_named(run, snapshot, name), axis, position).compute())
        mesh = _draw(axes, values, _colours(values))
        figure.colorbar(mesh, ax=axes, location="top", pad=0.02, label=_label(values))
    for axes in places[len(names) :]:
        axes.remove()
    normal = next(a for a in AXES if a not in values.dims)
    where = f"${normal}$ = {float(values[normal]):.3g}"
    figure.supxlabel(f"$t$ = {float(snapshot['time']):.4g}, {where}", fontsize=8)
    return figure


def narrowed(record: xr.Dataset) -> xr.Dataset:
    """Return one record of a slice without the points that it does not have.

    After a change of the grid a plane may lie at another point: then its file has both, and an axis
    with one point is no axis.
    """
    for axis in AXES:
        if axis in record.dims:
            record = record.dropna(axis, how="all")
    return record.squeeze([axis for axis in AXES if record.sizes.get(axis) == 1])


def present(values: xr.DataArray) -> xr.DataArray:
    """Return a plane without the points that it does not have at this time.

    Raises ValueError when it has none.
    """
    up, across = values.dims
    found = values.dropna(up, how="all").dropna(across, how="all")
    if found.size == 0:
        raise ValueError(f"{values.name} was not written at t = {float(values['time']):g}")
    return found


def movie(
    run: Run,
    path: Path,
    name: str = "vorticity",
    axis: str = "z",
    position: float = 0.0,
    frames_per_second: int = 10,
    series: xr.Dataset | None = None,
) -> Path:
    """Write a plane over time as .mp4, which needs ffmpeg, or .gif.

    `series` is a slice of the run; by default it is a plane of all snapshots. Times at which the
    field was not written have no frame.
    """
    if series is None:
        values = plane(field_named(run, run.snapshots, name), axis, position).compute()
        values = values.dropna("time", how="all")
        if values.sizes["time"] == 0:
            raise ValueError(f"{name} was never written")
    else:
        values = field_named(run, series, name).compute()
        if bool(values.isnull().any()):
            values = _of_planes(values, axis, position)
        else:
            values = plane(values, axis, position)
    figure = Figure(figsize=(1.2 * ONE_COLUMN, 1.1 * ONE_COLUMN))
    axes = figure.subplots()
    mesh = _draw(axes, values[0], _colours(values))
    figure.colorbar(mesh, ax=axes, label=_label(values))

    axes.set_title("$t$")
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # or the frames would jump

    def show(frame: int) -> list[QuadMesh]:
        mesh.set_array(values[frame].values)
        axes.set_title(f"$t$ = {float(values['time'][frame]):.4g}")
        return [mesh]

    if path.suffix == ".mp4" and not FFMpegWriter.isAvailable():
        raise RuntimeError(f"{path}: mp4 needs the program ffmpeg; install it, or use .gif")
    writer = (FFMpegWriter if path.suffix == ".mp4" else PillowWriter)(fps=frames_per_second)
    path.parent.mkdir(parents=True, exist_ok=True)
    FuncAnimation(figure, show, values.sizes["time"]).save(path, writer, dpi=200)
    return path


def _of_planes(values: xr.DataArray, axis: str, position: float) -> xr.DataArray:
    """Return planes over time at the same points: those that a time lacks are its nearest ones."""
    name = str(values.name)
    records = values.dropna("time", how="all").to_dataset(name=name)
    if records.sizes["time"] == 0:
        raise ValueError(f"{name} was never written")
    each = [records.isel(time=i) for i in range(records.sizes["time"])]
    frames = [plane(narrowed(record)[name], axis, position) for record in each]
    points = {dim: np.unique(np.concatenate([f[dim] for f in frames])) for dim in frames[0].dims}
    same = [frame.reindex(points, method="nearest").reset_coords(drop=True) for frame in frames]
    return xr.concat(same, records["time"])


def _draw(axes: Axes, values: xr.DataArray, colours: Normalize) -> QuadMesh:
    up, across = (str(dim) for dim in values.dims)
    signed = colours.vmin is not None and colours.vmin < 0
    mesh = axes.pcolormesh(
        values[across],
        values[up],
        values,
        norm=colours,
        shading="gouraud",
        rasterized=True,
        cmap=DIVERGING if signed else SEQUENTIAL,
    )
    axes.set_aspect("equal")
    axes.set_xlabel(label(f"${across}$", "L"))
    axes.set_ylabel(label(f"${up}$", "L"))
    return mesh


def _colours(values: xr.DataArray) -> Normalize:
    """Return symmetric colours for signed fields; logarithmic ones where the values span decades.

    One value in a thousand lies beyond the ends: a single point must not wash out the rest.
    """
    low, high = (float(v) for v in np.quantile(values, [0.001, 0.999]))
    if low < 0:
        top = max(-low, high)
        return Normalize(-top, top)
    if values.name == "dissipation" and low > 0:
        return LogNorm(max(low, 1e-3 * high), high)
    return Normalize(0, high or 1)


def _label(values: xr.DataArray) -> str:
    name = str(values.name)
    return label(SYMBOLS.get(name, name), values.attrs.get("units", "1"))
