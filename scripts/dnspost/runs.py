"""A run and what it left in its directory, or has left so far."""

import os
import re
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from dnspost import changes, files, grid, interpolation, series, tables
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
        """Name of the directory, as text whatever the locale."""
        return os.fsencode(self.directory.resolve().name).decode("utf-8", errors="replace")

    @property
    def config(self) -> dict[str, Any]:
        """The configuration with every default filled in."""
        return tomllib.loads(files.read_text(self.directory / "config.toml"))

    @property
    def spans(self) -> list[changes.Span]:
        """The configurations of a run that went on with others, in the order of steps.

        They follow from `config` and the changes in the log: one where nothing was changed.
        """
        return changes.spans(self.config, self.log)

    def config_of(self, step: int) -> dict[str, Any]:
        """Return the configuration that a step was made with; see `spans`."""
        return changes.at(self.spans, step)

    @property
    def history(self) -> pd.DataFrame:
        """The averages, a row an interval, indexed by step.

        `history.attrs["units"]` and `history.attrs["descriptions"]` explain the columns, and
        `history.attrs["left_out"]` is the number of lines that are no row. A column is NaN where it
        was not measured, before or after a change of the run.
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
        return tables.read(path) if path.exists() else tables.parsed("step,time\n")

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
    def invariants(self) -> xr.Dataset:
        """Densities of the velocity gradient as a tensor, (time, q, r) and others."""
        return self._records("invariants", "or use dnspost.gradient on snapshots")

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
        """Whether the solver writes "spectra", "pdfs", "invariants" or "structure_functions"."""
        return bool(files.parts(self.directory, records))

    def _records(self, name: str, instead: str) -> xr.Dataset:
        found = files.parts(self.directory, name)
        if not found:
            raise FileNotFoundError(
                f"{self.directory} has no {name}.h5 (yet): give output.{name} = {{ every = .. }} "
                f"in the configuration, {instead}"
            )
        return self._joined([files.read_records(path) for path in found])

    def _joined(self, parts: Sequence[xr.Dataset]) -> xr.Dataset:
        """Return parts as one series in which each record has its parameters.

        A change of the viscosity alone is not seen in a file, which goes on: the log tells it. What
        the log does not know is that of the file.
        """
        spans = self.spans
        found = []
        for part in parts:
            steps = part["step"].values.tolist()
            configs = [changes.at(spans, step) for step in steps]
            own = files.configuration(part.attrs.get("config"))
            if len(spans) == 1 and own is not None:
                configs = [own] * len(steps)
            found.append(series.records_with_parameters(part, configs))
        return series.joined(found)

    @property
    def snapshots(self) -> xr.Dataset:
        """All snapshots (time, z, y, x), lazy: a chunk of dask is some z-planes of one file.

        Where the run has changed its grid or the points of snapshots, they are on the most points
        of all, exactly; a field that a snapshot lacks is NaN. `viscosity` and `k_max` are those of
        each.
        """
        return self.snapshots_with()

    def snapshots_with(self, fields: Sequence[str] = ()) -> xr.Dataset:
        """Those of the snapshots that have all these fields; raises FileNotFoundError for none."""
        spans = self.spans
        read = [_snapshot(path, spans) for path in self.snapshot_files]
        found = [snapshot for snapshot in read if set(fields) <= set(snapshot)]
        if not read:
            raise FileNotFoundError(f"{self.directory} has no snapshots (yet)")
        if not found:
            raise FileNotFoundError(
                f"{self.directory} has no snapshots with {', '.join(fields)}: those that there are "
                f"have {', '.join(map(str, read[-1]))} (output.snapshots.fields)"
            )
        return series.of_fields(found)

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
        return {name: self._slice(paths) for name, paths in self._slice_files.items()}

    def _slice(self, paths: Sequence[Path]) -> xr.Dataset:
        whole = self._joined([files.read_slice(path) for path in paths])
        return whole.squeeze([axis for axis in grid.AXES if whole.sizes[axis] == 1])

    @property
    def _slice_files(self) -> dict[str, list[Path]]:
        return files.slice_parts(self.directory / "slices")

    @property
    def particles(self) -> dict[str, xr.Dataset]:
        """The sets of `[[particles]]` by name, lazy (time, particle, component).

        `position` leaves the box where a particle crosses its sides; `dnspost.in_box` brings it
        back. The attribute `box` has the sides. Particles that were placed anew when the run went
        on are those of another file, and join the same series.
        """
        return {name: self._particles(paths) for name, paths in self._particle_files.items()}

    def _particles(self, paths: Sequence[Path]) -> xr.Dataset:
        parts = [files.read_records(path, lazily=True) for path in paths]
        box = [float(parts[-1].attrs[f"box_{axis}"]) for axis in grid.AXES]
        whole = self._joined(parts).assign_coords(component=list(grid.AXES))
        return whole.assign_attrs(box=box)

    @property
    def _particle_files(self) -> dict[str, list[Path]]:
        return files.all_parts(self.directory / "particles")

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
        return series.of_modes([Checkpoint.open(path).modes for path in paths])

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
        return files.read_text(path) if path.exists() else ""

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
        """Kinematic viscosity, L^2/T, that the run has now; records have that of their time."""
        return float(self.config["physics"]["viscosity"])

    @property
    def k_max(self) -> float:
        """The largest wavenumber kept along every axis, 1/L, now; records have that of theirs."""
        return series.parameter("k_max", self.config)

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
        chosen = self.snapshots_with(fields)[list(fields)]
        return interpolation.sample_in_time(chosen, points, time, method, time_method)


def _snapshot(path: Path, spans: Sequence[changes.Span]) -> xr.Dataset:
    """Read a snapshot with the parameters of its own configuration, else of its step."""
    snapshot = files.read_snapshot(path)
    config = files.configuration(snapshot.attrs.get("config"))
    if config is None:
        config = changes.at(spans, int(snapshot["step"]))
    return series.with_parameters(snapshot, config)
