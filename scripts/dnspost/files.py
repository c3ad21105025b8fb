"""The files of a run directory: found, and read only when their numbers are needed.

A file has its final name only when it is whole, so a run can be read while it is being written.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask.array as da
import h5py
import numpy as np
import xarray as xr

from dnspost import grid
from dnspost.grid import AXES, Array

CHUNK_BYTES = 64 << 20


def numbered(directory: Path, prefix: str) -> list[Path]:
    """Return the files `<prefix>_<step>.h5` of a directory in the order of steps."""
    found = directory.glob(f"{prefix}_*.h5")
    return sorted((path for path in found if _step(path).isdigit()), key=lambda p: int(_step(p)))


def _step(path: Path) -> str:
    return path.stem.rpartition("_")[2]


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


def lazy(path: Path, dataset: h5py.Dataset, multiple: int = 1) -> Any:  # noqa: ANN401 (of dask)
    """Return a dataset as an array of dask, in chunks of whole rows, a `multiple` of them.

    HDF5 stores a row after the other, so that a chunk is one contiguous piece of the file.
    """
    stored = _Stored(str(path.resolve()), dataset.name, dataset.shape, dataset.dtype)
    row_bytes = dataset.dtype.itemsize * int(np.prod(dataset.shape[1:]))
    rows = max(CHUNK_BYTES // (row_bytes * multiple), 1) * multiple
    chunks = (min(rows, dataset.shape[0]), *dataset.shape[1:])
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
            fields = {
                name: (AXES[::-1], lazy(path, dataset), dict(_text_attributes(dataset)))
                for name, dataset in file["fields"].items()
                if name not in AXES
            }
        except KeyError as error:
            raise ValueError(f"{path} is not a snapshot of dns-solver: {error}") from None
        attributes = {
            name: file.attrs[name]
            for name in ("viscosity", "code_version", "config")
            if name in file.attrs
        }
    return xr.Dataset(fields, coordinates, attributes)


def text(attribute: str | bytes) -> str:
    """Return a text attribute: one of fixed length, as checkpoints have, comes as bytes."""
    return attribute.decode() if isinstance(attribute, bytes) else attribute


def read_records(path: Path) -> xr.Dataset:
    """Return a file of records, such as `spectra.h5`, in memory, with `step` beside the time.

    The dimensions of an array are the names that the file has for them. The solver replaces the
    file as a whole, so it can be read while the run goes on.
    """
    with h5py.File(path) as file:
        if "code_version" not in file.attrs or "time" not in file:
            raise ValueError(f"{path} is not a file of records of dns-solver")
        variables: dict[str, Any] = {}
        coordinates: dict[str, Any] = {}
        for name, dataset in file.items():
            dimensions = tuple(dimension.label for dimension in dataset.dims)
            if name == "step":
                dimensions = ("time",)
            elif dataset.is_scale:
                dimensions = (name,)
            found = coordinates if name == "step" or dataset.is_scale else variables
            found[name] = (dimensions, dataset[...], dict(_text_attributes(dataset)))
        return xr.Dataset(variables, coordinates, dict(file.attrs))


def _text_attributes(dataset: h5py.Dataset) -> dict[str, str]:
    return {name: dataset.attrs[name] for name in ("units", "long_name") if name in dataset.attrs}
