"""Starts the built solver and reads what a run left behind."""

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from dnspost.solver import launcher

REPOSITORY = Path(__file__).resolve().parents[2]
SOLVER = Path(os.environ.get("DNS_SOLVER", REPOSITORY / "target/release/dns-solver")).resolve()
TIMEOUT_SECONDS = 120

Array = NDArray[Any]


def solve(config: Path, *arguments: str, ranks: int = 1) -> str:
    """Run the solver, insist on exit code 0, and return its standard output."""
    done = subprocess.run(
        [*launcher(ranks), str(SOLVER), str(config), *arguments],
        cwd=config.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@dataclass(frozen=True)
class Snapshot:
    """One snapshot file: velocity components of shape [nz][ny][nx], time and step."""

    velocity: dict[str, Array]
    time: float
    step: int


@dataclass(frozen=True)
class Run:
    """The output directory of a finished run."""

    directory: Path

    @property
    def history_text(self) -> str:
        """The history file as it is."""
        return (self.directory / "history.csv").read_text()

    @cached_property
    def history(self) -> pd.DataFrame:
        """The history file as a table."""
        return pd.read_csv(self.directory / "history.csv", comment="#")

    @cached_property
    def snapshots(self) -> list[Snapshot]:
        """All snapshots in the order of time."""
        return [_read(path) for path in sorted((self.directory / "snapshots").glob("*.h5"))]


def _read(path: Path) -> Snapshot:
    with h5py.File(path) as file:
        velocity = {name: file["fields"][name][...] for name in "uvw"}
        return Snapshot(velocity, float(file.attrs["time"]), int(file.attrs["step"]))


def coordinates(points: tuple[int, int, int], lengths: tuple[float, float, float]) -> list[Array]:
    """Return x, y, z on the grid, each ready to be combined to the shape [nz][ny][nx]."""
    axes = [
        2 * np.pi * length * np.arange(n) / n for n, length in zip(points, lengths, strict=True)
    ]
    return list(np.meshgrid(*axes[::-1], indexing="ij", sparse=True)[::-1])


def gradient(field: Array, lengths: tuple[float, float, float]) -> list[Array]:
    """Return the derivatives of a periodic field [z][y][x] along x, y, z, exact for its modes."""
    spectrum = np.fft.fftn(field)
    derivatives = []
    for axis, length in zip((2, 1, 0), lengths, strict=True):
        n = field.shape[axis]
        shape = [n if i == axis else 1 for i in range(3)]
        wavenumber = (np.fft.fftfreq(n, 1 / n) / length).reshape(shape)
        derivatives.append(np.fft.ifftn(1j * wavenumber * spectrum).real)
    return derivatives
