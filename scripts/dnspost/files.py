"""The files of a run directory: found, and read only when their numbers are needed.

A file has its final name only when it is whole, so a run can be read while it is being written.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, Array

CHUNK_BYTES = 64 << 20


def read_text(path: Path) -> str:
    """Return a text of the solver, UTF-8 whatever the locale; what is none becomes U+FFFD."""
    return path.read_text(encoding="utf-8", errors="replace")


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8; a name of a file that is none keeps its bytes."""
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))


def numbered(directory: Path, prefix: str) -> list[Path]:
    """Return the files `<prefix>_<step>.h5` of a directory in the order of steps."""
    name = re.compile(rf"{re.escape(prefix)}_(\d+)\.h5")
    found = [(name.fullmatch(path.name), path) for path in directory.glob("*.h5")]
    return [path for _, path in sorted((int(m[1]), path) for m, path in found if m)]


def parts(directory: Path, name: str) -> list[Path]:
    """Return the files of records `<name>.h5`, `<name>.part2.h5` and so on, those that there are.

    A run that goes on with other arrays or axes leaves its file and begins the next part.
    """
    return [path for found, _, _, path in _parts(directory) if found == name]


def all_parts(directory: Path) -> dict[str, list[Path]]:
    """Return the files of records of a directory by name, as `parts` does for one."""
    found: dict[str, list[Path]] = {}
    for name, _, _, path in _parts(directory):
        found.setdefault(name, []).append(path)
    return dict(sorted(found.items()))


def slice_parts(directory: Path) -> dict[str, list[Path]]:
    """Return the files of every slice, each named after its first step or a part, in order."""
    found: dict[str, list[Path]] = {}
    for name, _, _, path in _parts(directory):
        plain, underscore, step = name.rpartition("_")
        of_step = bool(underscore) and step.isdigit()
        found.setdefault(plain if of_step else name, []).append(path)
    return dict(sorted(found.items()))


def _parts(directory: Path) -> list[tuple[str, int, int, Path]]:
    """Return name, number of the part, and place of every HDF5 file, in the order of parts."""
    found = []
    for path in directory.glob("*.h5"):
        match = re.fullmatch(r"(.+?)(?:\.part(\d+))?(_\d+)?", path.stem)
        if match is not None:
            name = match[1] + (match[3] or "")
            found.append((name, int(match[2] or 1), int((match[3] or "_0")[1:]), path))
    return sorted(found, key=lambda each: each[1:])


@dataclass(frozen=True)
class _Stored:
    """A dataset in a file, in the form that `dask.array.from_array` wants.

    The file is open only while numbers are read: nothing stays open in a long session, and the
    object travels to the workers of a cluster.
    """

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __getitem__(self, key: Any) -> Array:  # noqa: ANN401  (any index of numpy)
        with h5py.File(self.path) as file:
            values: Array = file[self.name][key]
            return values


def lazy(path: Path, dataset: h5py.Dataset, multiple: int = 1, count: int | None = None) -> Any:  # noqa: ANN401 (of dask)
    """Return a dataset, or its first `count` rows, as an array of dask.

    A chunk is a `multiple` of rows. HDF5 stores a row after the other, so that a chunk is one
    contiguous piece of the file.
    """
    shape = (dataset.shape[0] if count is None else count, *dataset.shape[1:])
    stored = _Stored(str(path.resolve()), dataset.name, shape, dataset.dtype)
    row_bytes = dataset.dtype.itemsize * int(np.prod(shape[1:]))
    rows = max(CHUNK_BYTES // (row_bytes * multiple), 1) * multiple
    chunks = (max(min(rows, shape[0]), 1), *shape[1:])
    return da.from_array(stored, chunks=chunks, name=False, asarray=False)


def read_snapshot(path: Path) -> xr.Dataset:
    """Return a snapshot: lazy fields (z, y, x) with time and step as scalar coordinates.

    Attributes are `viscosity`, `code_version` and `config`, the TOML text of the run.
    """
    with h5py.File(path) as file:
        if "checkpoint_format" in file.attrs:
            raise ValueError(f"{path} is not a snapshot but a checkpoint; see dnspost.Checkpoint")
        try:
            points, lengths = file.attrs["points"], file.attrs["lengths"]
            coordinates: dict[str, Any] = dict(grid.point_coordinates(points, lengths))
            for name, unit in [("time", "T"), ("step", "1")]:
                coordinates[name] = xr.Variable((), file.attrs[name], {"units": unit})
            if "viscosity" in file.attrs and "viscosity" not in file["fields"]:
                viscosity = xr.Variable((), file.attrs["viscosity"], {"units": "L^2/T"})
                coordinates["viscosity"] = viscosity
            fields = {
                name: (AXES[::-1], lazy(path, dataset), dict(_text_attributes(dataset)))
                for name, dataset in file["fields"].items()
                if name not in AXES
            }
        except KeyError as error:
            raise ValueError(f"{path} is not a snapshot of dns-solver: {error}") from None
        attributes = _attributes(file)
    return xr.Dataset(fields, coordinates, attributes)


def read_slice(path: Path) -> xr.Dataset:
    """Return the records of a file of a slice: lazy fields (time, z, y, x), with `step` beside."""
    with h5py.File(path) as file:
        try:
            records = int(file["records"][0])
            coordinates: dict[str, Any] = {
                name: ("time", file[name][:records], {"units": unit})
                for name, unit in [("time", "T"), ("step", "1")]
            }
            whole = grid.point_coordinates(file.attrs["points"], file.attrs["lengths"])
            for axis, variable in whole.items():
                points = file["fields"][axis][...]
                # A part of an axis has no length that its modes could be counted in.
                attributes = dict(variable.attrs) if points.size == variable.size else {}
                coordinates[axis] = (axis, points, {"units": "L", **attributes})
            fields = {
                name: (
                    ("time", *AXES[::-1]),
                    lazy(path, dataset, count=records),
                    dict(_text_attributes(dataset)),
                )
                for name, dataset in file["fields"].items()
                if name not in AXES
            }
        except KeyError as error:
            raise ValueError(f"{path} is not a slice of dns-solver: {error}") from None
        return xr.Dataset(fields, coordinates, _attributes(file))


def _attributes(file: h5py.File) -> dict[str, Any]:
    """Return where a file comes from."""
    names = ("viscosity", "code_version", "config")
    return {name: text(file.attrs[name]) for name in names if name in file.attrs}


def text(attribute: Any) -> Any:  # noqa: ANN401 (numbers stay what they are)
    """Return an attribute; a text, which is of fixed length and comes as bytes, as str."""
    return (
        attribute.decode("utf-8", errors="replace") if isinstance(attribute, bytes) else attribute
    )


@lru_cache(maxsize=64)
def configuration(text: str | None) -> dict[str, Any] | None:
    """Return the configuration in the attribute `config` of a file, if any; do not change it."""
    return None if text is None else tomllib.loads(text)


def read_records(path: Path, *, lazily: bool = False) -> xr.Dataset:
    """Return a file of records, such as `spectra.h5`, in memory, with `step` beside the time.

    The dimensions of an array are the names that the file has for them. What follows the first
    `records` is room for more: the file can be read while the run goes on. Arrays are of dask if
    `lazily`.
    """
    with h5py.File(path) as file:
        if "code_version" not in file.attrs or "time" not in file:
            raise ValueError(f"{path} is not a file of records of dns-solver")
        records = int(file["records"][0])
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {}
        for name, dataset in file.items():
            dimensions = tuple(dimension.label for dimension in dataset.dims)
            if name == "step":
                dimensions = ("time",)
            elif dataset.is_scale:
                dimensions = (name,)
            elif name == "records":
                continue
            found = coordinates if name == "step" or dataset.is_scale else variables
            if lazily and found is variables:
                numbers = lazy(path, dataset, count=records)
            else:
                numbers = dataset[:records] if dimensions[0] == "time" else dataset[...]
            found[name] = (dimensions, numbers, dict(_text_attributes(dataset)))
        attributes = {name: text(value) for name, value in file.attrs.items()}
        return xr.Dataset(variables, coordinates, attributes)


def _text_attributes(dataset: h5py.Dataset) -> dict[str, str]:
    names = ("units", "long_name")
    return {name: text(dataset.attrs[name]) for name in names if name in dataset.attrs}
