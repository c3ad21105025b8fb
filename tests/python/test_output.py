"""The files of a run say what they should, to the tools that users read them with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
from vtkmodules.vtkIOXdmf2 import vtkXdmfReader

from running import Run, coordinates, gradient, solve

# Three different numbers of points and sides, so that no two axes can be mixed up unnoticed.
POINTS = (12, 16, 20)
VISCOSITY = 0.05
RANKS = [1, 3]

TAYLOR_GREEN = f"""
[grid]
points = {list(POINTS)}
[physics]
equation = "navier_stokes"
viscosity = {VISCOSITY}
[initial]
kind = "taylor_green"
[time]
scheme = "rk4"
dt = 0.02
end = 0.2
[output]
directory = "run"
history = {{ every = 0.1 }}
snapshots = {{ every = 0.1, precision = "double" }}
"""

# One oblique wave in a box of unequal sides: wavevector (1, 1, 6), at right angles to both parts
# of the amplitude (1 + 3i, -1 + 3i, -i).
LENGTHS = (1.0, 2.0, 0.5)
OBLIQUE_WAVE = f"""
[grid]
points = {list(POINTS)}
lengths = {list(LENGTHS)}
[physics]
equation = "navier_stokes"
viscosity = {VISCOSITY}
[initial]
kind = "modes"
modes = [{{ mode = [1, 2, 3], re = [1.0, -1.0, 0.0], im = [3.0, 3.0, -1.0] }}]
[time]
scheme = "rk4"
dt = 0.001
end = 0.001
[output]
directory = "run"
history = {{ every = 0.001 }}
snapshots = {{ every = 0.001, precision = "single" }}
"""


def run(folder: Path, config: str, ranks: int) -> Run:
    """Write `config` into `folder`, run it there, and return its output."""
    (folder / "config.toml").write_text(config)
    solve(folder / "config.toml", ranks=ranks)
    return Run(folder / "run")


@pytest.fixture(scope="module")
def taylor_green_runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Run]:
    """Return the Taylor-Green run for each number of ranks."""
    return {n: run(tmp_path_factory.mktemp(f"ranks{n}"), TAYLOR_GREEN, n) for n in RANKS}


@pytest.fixture(params=RANKS, ids=lambda n: f"{n}-ranks")
def taylor_green(request: pytest.FixtureRequest, taylor_green_runs: dict[int, Run]) -> Run:
    """Return the Taylor-Green run on one number of ranks."""
    return taylor_green_runs[request.param]


@pytest.fixture(scope="module", params=RANKS, ids=lambda n: f"{n}-ranks")
def oblique_wave(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Return the run that starts from one oblique wave."""
    return run(tmp_path_factory.mktemp("wave"), OBLIQUE_WAVE, request.param)


def test_every_rank_count_gives_the_same_bits(taylor_green_runs: dict[int, Run]) -> None:
    """History and snapshots do not depend on the number of ranks."""
    one, three = (taylor_green_runs[n] for n in RANKS)
    assert one.history_text == three.history_text
    for a, b in zip(one.snapshots, three.snapshots, strict=True):
        for name in "uvw":
            np.testing.assert_array_equal(a.velocity[name], b.velocity[name])


def test_history_has_its_columns_and_rows(taylor_green: Run) -> None:
    """One row an interval, first and last time included."""
    columns = ["step", "time", "dt", "kinetic_energy", "dissipation", "enstrophy"]
    assert list(taylor_green.history.columns[:6]) == columns
    assert taylor_green.history["step"].tolist() == [0, 5, 10]
    np.testing.assert_allclose(taylor_green.history["time"], [0.0, 0.1, 0.2], rtol=1e-14)


def test_history_reads_with_numpy(taylor_green: Run) -> None:
    """`numpy.genfromtxt` gives the table that pandas gives."""
    table = np.genfromtxt(taylor_green.directory / "history.csv", delimiter=",", names=True)
    assert table["kinetic_energy"].tolist() == taylor_green.history["kinetic_energy"].tolist()


def test_history_starts_with_the_exact_values(taylor_green: Run) -> None:
    """Taylor-Green has K = 1/8, enstrophy 3/8 and dissipation 2 nu 3/8 at t = 0."""
    first = taylor_green.history.iloc[0]
    assert first["kinetic_energy"] == pytest.approx(1 / 8, rel=1e-14)
    assert first["enstrophy"] == pytest.approx(3 / 8, rel=1e-14)
    assert first["dissipation"] == pytest.approx(2 * VISCOSITY * 3 / 8, rel=1e-14)


def test_first_snapshot_is_taylor_green(taylor_green: Run) -> None:
    """The velocity lies at [z][y][x]."""
    x, y, z = coordinates(POINTS, (1.0, 1.0, 1.0))
    first = taylor_green.snapshots[0]
    assert (first.time, first.step) == (0.0, 0)
    expected = {
        "u": np.sin(x) * np.cos(y) * np.cos(z),
        "v": -np.cos(x) * np.sin(y) * np.cos(z),
        "w": np.zeros(POINTS[::-1]),
    }
    for name, values in expected.items():
        assert first.velocity[name].shape == POINTS[::-1]
        np.testing.assert_allclose(first.velocity[name], values, atol=1e-14)


def test_snapshots_and_history_agree(taylor_green: Run) -> None:
    """Energy and enstrophy of the velocity on disk are those in the history."""
    history = taylor_green.history.set_index("step")
    assert [snapshot.step for snapshot in taylor_green.snapshots] == [0, 5, 10]
    for snapshot in taylor_green.snapshots:
        row = history.loc[snapshot.step]
        assert snapshot.time == row["time"]
        u, v, w = (snapshot.velocity[name] for name in "uvw")
        energy = np.mean(u**2 + v**2 + w**2) / 2
        assert energy == pytest.approx(row["kinetic_energy"], rel=1e-13)
        (_, uy, uz), (vx, _, vz), (wx, wy, _) = (gradient(c, (1.0, 1.0, 1.0)) for c in (u, v, w))
        enstrophy = np.mean((wy - vz) ** 2 + (uz - wx) ** 2 + (vx - uy) ** 2) / 2
        assert enstrophy == pytest.approx(row["enstrophy"], rel=1e-13)


def test_velocity_is_free_of_divergence(taylor_green: Run) -> None:
    """The divergence of the last snapshot is round-off beside its three parts."""
    velocity = taylor_green.snapshots[-1].velocity
    parts = [gradient(velocity[name], (1.0, 1.0, 1.0))[i] for i, name in enumerate("uvw")]
    assert min(np.abs(part).max() for part in parts) > 1e-3, "each part must count"
    assert np.abs(sum(parts)).max() < 1e-14


def test_oblique_wave_in_an_oblong_box(oblique_wave: Run) -> None:
    """Mode numbers, sides and axes belong together; single precision is single."""
    x, y, z = coordinates(POINTS, LENGTHS)
    phase = np.exp(1j * (x + y + 6 * z))
    first = oblique_wave.snapshots[0]
    for name, amplitude in zip("uvw", (1 + 3j, -1 + 3j, -1j), strict=True):
        assert first.velocity[name].dtype == np.float32
        expected = 2 * (amplitude * phase).real
        np.testing.assert_allclose(first.velocity[name], expected, atol=1e-6)


def test_xarray_knows_the_coordinates(oblique_wave: Run) -> None:
    """A snapshot opens as a labelled dataset: u(z, y, x) with the grid points as coordinates."""
    path = min((oblique_wave.directory / "snapshots").glob("*.h5"))
    with xr.open_dataset(path, group="fields", engine="h5netcdf") as fields:
        assert fields["u"].dims == ("z", "y", "x")
        for name, expected in zip("xyz", coordinates(POINTS, LENGTHS), strict=True):
            np.testing.assert_allclose(fields[name], expected.ravel(), rtol=1e-14)


def test_xdmf_opens_in_the_reader_of_paraview(oblique_wave: Run) -> None:
    """VTK's XDMF reader sees every time, the box, and the velocity where it is."""
    reader = vtkXdmfReader()
    reader.SetFileName(str(oblique_wave.directory / "snapshots.xmf"))
    reader.UpdateInformation()
    times = reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    assert list(times) == [snapshot.time for snapshot in oblique_wave.snapshots]

    for snapshot in oblique_wave.snapshots:
        reader.UpdateTimeStep(snapshot.time)
        image = leaf(reader.GetOutputDataObject(0))
        assert image.GetDimensions() == POINTS
        expected_spacing = [2 * np.pi * s / n for s, n in zip(LENGTHS, POINTS, strict=True)]
        np.testing.assert_allclose(image.GetSpacing(), expected_spacing, rtol=1e-12)
        vectors = vtk_to_numpy(image.GetPointData().GetArray("velocity"))
        for i, name in enumerate("uvw"):
            values = vtk_to_numpy(image.GetPointData().GetArray(name)).reshape(POINTS[::-1])
            np.testing.assert_array_equal(values, snapshot.velocity[name])
            np.testing.assert_array_equal(vectors[:, i].reshape(POINTS[::-1]), values)


def leaf(data: Any) -> Any:  # noqa: ANN401  (VTK's own types differ from version to version)
    """Return the first grid inside nested blocks."""
    while hasattr(data, "GetBlock"):
        data = data.GetBlock(0)
    return data
