"""Checkpoints: the kept modes of a run, and the fields on any grid that follow from them."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from dnspost import files, grid, series
from dnspost.grid import AXES
from dnspost.spectral import to_points

FORMAT = 1


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint file; its numbers are read when they are needed."""

    path: Path
    time: float
    step: int

    @classmethod
    def open(cls, path: Path | str) -> "Checkpoint":
        """Look at a checkpoint. A file that is none, or of a newer format, is a ValueError."""
        path = Path(path)
        with h5py.File(path) as file:
            version = file.attrs.get("checkpoint_format")
            if version is None:
                raise ValueError(f"{path} is not a checkpoint of dns-solver")
            if version > FORMAT:
                raise ValueError(
                    f"{path} has format {version}, this dnspost knows {FORMAT}: use a newer one"
                )
            return cls(path, float(file.attrs["time"]), int(file.attrs["step"]))

    @cached_property
    def config(self) -> dict[str, Any]:
        """The configuration of the run."""
        with h5py.File(self.path) as file:
            return tomllib.loads(files.text(file.attrs["config"]))

    @cached_property
    def modes(self) -> xr.Dataset:
        """Fourier coefficients of every field, (ky, kx, kz), lazy.

        The file has [column][nz], column = iy (Kx + 1) + nx; iy and nz count 0, 1, .. K, -K, .. -1.
        """
        with h5py.File(self.path) as file:
            points, lengths, cutoff = (file.attrs[n] for n in ("points", "lengths", "cutoff"))
            coordinates: dict[str, Any] = {"time": self.time, "step": self.step}
            for axis, n, length, k in zip(AXES, points, lengths, cutoff, strict=True):
                numbers = np.arange(k + 1)
                if axis != "x":
                    numbers = np.concatenate([numbers, np.arange(-k, 0)])
                coordinates[f"k{axis}"] = grid.mode_coordinate(axis, numbers, length, n)
            shape = tuple(coordinates[name].size for name in ("ky", "kx", "kz"))
            modes = {
                name: (
                    ("ky", "kx", "kz"),
                    files.lazy(self.path, file[f"fields/{name}"], multiple=shape[1]).reshape(shape),
                    {"long_name": f"Fourier coefficient of {name}"},
                )
                for name in files.text(file.attrs["field_names"]).split()
            }
        return series.with_parameters(xr.Dataset(modes, coordinates), self.config)

    def fields(self, points: Sequence[int] | None = None) -> xr.Dataset:
        """Fields (z, y, x) on a grid of `points` along x, y, z; the run's own by default.

        The Fourier series is evaluated exactly, so a finer grid shows the same fields.
        """
        return to_points(self.modes, points)
