"""A run and what it left in its directory, or has left so far."""

import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from dnspost import files, grid, interpolation
from dnspost.checkpoint import Checkpoint
from dnspost.correlations import correlations
from dnspost.grid import VELOCITY, Array


def open_run(directory: Path | str) -> "Run":
    """Open the directory of a run, finished or not.

    Raises FileNotFoundError when there is no `config.toml`, as every run has one.
    """
    return Run(Path(directory))


class Run:
    """A run directory. History, snapshots and checkpoints are looked up anew at each access."""

    def __init__(self, directory: Path) -> None:
        """See `dnspost.open`."""
        if not (directory / "config.toml").is_file():
            raise FileNotFoundError(
                f"{directory} is not the directory of a run: it has no config.toml"
            )
        self.directory = directory

    def __repr__(self) -> str:
        """Show where it is and how far it came."""
        return f"<run {self.directory}: t = {self.time:g} of {self.config['time']['end']:g}>"

    @property
    def name(self) -> str:
        """Name of the directory."""
        return self.directory.resolve().name

    @property
    def config(self) -> dict[str, Any]:
        """The configuration with every default filled in."""
        return tomllib.loads((self.directory / "config.toml").read_text())

    @property
    def history(self) -> pd.DataFrame:
        """The averages, a row an interval, indexed by step.

        `history.attrs["units"]` and `history.attrs["descriptions"]` explain the columns.
        """
        return self._table("history.csv")

    @property
    def gradients(self) -> pd.DataFrame:
        """Extremes and moments of the velocity gradient, in the form of the history.

        It is empty where the configuration does not ask for `output.gradients`.
        """
        return self._table("gradients.csv")

    def _table(self, name: str) -> pd.DataFrame:
        path = self.directory / name
        text = path.read_text() if path.exists() else "step,time\n"
        text = text[: text.rfind("\n") + 1]  # a row that is just being written
        table = pd.read_csv(StringIO(text), comment="#", index_col="step")
        described = re.findall(r"^# (\w+) \[(.*?)\]: (.*)$", text, re.MULTILINE)
        table.attrs["units"] = {name: unit for name, unit, _ in described}
        table.attrs["descriptions"] = {name: words for name, _, words in described}
        return table

    @property
    def spectra(self) -> xr.Dataset:
        """The spectra (time, k) that the solver wrote, see docs/statistics.md.

        Names are those of the history: the sum over k times dk is the history's value. Those with
        `_along_x` are over `k_x`, those with `_axial` over (k_perp, k_par).
        """
        return self._records("spectra", "or use dnspost.energy_spectrum on snapshots")

    @property
    def pdfs(self) -> xr.Dataset:
        """The probability densities (time, value) that the solver wrote, see docs/statistics.md."""
        return self._records("pdfs", "or use dnspost.pdf on snapshots")

    @property
    def structure_functions(self) -> xr.Dataset:
        """The structure functions (time, axis, order, r) that the solver wrote."""
        instead = "or use dnspost.structure_functions on snapshots"
        return self._records("structure_functions", instead)

    @property
    def correlations(self) -> xr.Dataset:
        """Two-point correlations along the axes, exact, from the solver's 1-D spectra.

        `stress_xx_along_x` is <u(x) u(x + r e_x)> over (time, r_x), up to half of the box, and so
        on for every 1-D spectrum.
        """
        return correlations(self.spectra, self.config["grid"])

    def has(self, records: str) -> bool:
        """Whether the solver writes "spectra", "pdfs" or "structure_functions"."""
        return (self.directory / f"{records}.h5").exists()

    def _records(self, name: str, instead: str) -> xr.Dataset:
        if not self.has(name):
            raise FileNotFoundError(
                f"{self.directory} has no {name}.h5 (yet): give output.{name} = {{ every = .. }} "
                f"in the configuration, {instead}"
            )
        return files.read_records(self.directory / f"{name}.h5")

    @property
    def snapshots(self) -> xr.Dataset:
        """All snapshots (time, z, y, x), lazy: a chunk of dask is some z-planes of one file."""
        found = [files.read_snapshot(path) for path in self.snapshot_files]
        if not found:
            raise FileNotFoundError(f"{self.directory} has no snapshots (yet)")
        return files.concatenated(found)

    @property
    def snapshot_files(self) -> list[Path]:
        """The snapshots in the order of time."""
        return files.numbered(self.directory / "snapshots", "snapshot")

    @property
    def slices(self) -> dict[str, xr.Dataset]:
        """The slices of `[[output.slices]]` by name, lazy.

        Fields are (time, z, y, x) without the axes along which a slice has one point only: those
        are scalar coordinates.
        """
        stems = {path.stem.rpartition("_")[0] for path in self._slices.glob("*_*.h5")}
        return {name: self._slice(name) for name in sorted(stems)}

    def _slice(self, name: str) -> xr.Dataset:
        parts = [files.read_slice(path) for path in files.numbered(self._slices, name)]
        series = files.concatenated(parts)
        return series.squeeze([axis for axis in grid.AXES if series.sizes[axis] == 1])

    @property
    def _slices(self) -> Path:
        return self.directory / "slices"

    @property
    def modes(self) -> xr.Dataset:
        """The spectral snapshots (time, ky, kx, kz), lazy: Fourier coefficients of every field.

        `dnspost.to_points(run.modes, (256, 256, 256))` are the fields on any grid, exactly.
        """
        paths = files.numbered(self.directory / "modes", "modes")
        if not paths:
            raise FileNotFoundError(
                f"{self.directory} has no spectral snapshots (yet): give output.modes = "
                "{ every = .. } in the configuration"
            )
        return files.concatenated([Checkpoint.open(path).modes for path in paths])

    @property
    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints in the order of time."""
        found = []
        for path in files.numbered(self.directory / "checkpoints", "checkpoint"):
            with suppress(FileNotFoundError):  # the run has just removed an old one
                found.append(Checkpoint.open(path))
        return found

    @property
    def log(self) -> str:
        """What the solver said."""
        path = self.directory / "log.txt"
        return path.read_text() if path.exists() else ""

    @property
    def timings(self) -> pd.DataFrame:
        """Milliseconds a step of each part, over the ranks: the last table in the log.

        It is empty until the run, or a part of it, is complete.
        """
        rows = re.findall(
            r"^(.+?)  +([\d.]+) +([\d.]+) +([\d.]+) +([\d.]+)%$",
            self.log.rpartition("ms per step")[2],
            re.MULTILINE,
        )
        columns = ["part", "min", "mean", "max", "share"]
        table = pd.DataFrame(rows, columns=columns).set_index("part")
        return table.astype(float)

    @property
    def time(self) -> float:
        """The time that the history has reached."""
        times = self.history["time"]
        return float(times.iloc[-1]) if len(times) else 0.0

    @property
    def is_complete(self) -> bool:
        """Whether the run has reached its end."""
        end = float(self.config["time"]["end"])
        return self.time >= end * (1 - 1e-12)

    @property
    def viscosity(self) -> float:
        """Kinematic viscosity, L^2/T."""
        return float(self.config["physics"]["viscosity"])

    @cached_property
    def k_max(self) -> float:
        """The largest wavenumber kept along every axis, 1/L."""
        box = self.config["grid"]
        return grid.k_max(box["points"], box["lengths"], box["dealias"])

    def sample(
        self,
        points: Array,
        time: float,
        method: str = "spectral",
        fields: Sequence[str] = VELOCITY,
        time_method: str = "none",
    ) -> xr.Dataset:
        """Values of the snapshots' `fields` at `points` of shape [n][3] (x, y, z) and at `time`.

        See `dnspost.sample` for `method`. `time_method` is "none", the nearest snapshot, or
        "pchip", a cubic in time through the two snapshots before and the two after (JHTDB's names).
        """
        chosen = self.snapshots[list(fields)]
        return interpolation.sample_in_time(chosen, points, time, method, time_method)
