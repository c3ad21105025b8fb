"""dnspost reads what a run left, and what it has written so far."""

import os
import pickle
import shutil
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import dnspost


def test_a_run_tells_what_it_is(oblong: dnspost.Run) -> None:
    """Configuration, history and log are there."""
    assert oblong.config["grid"]["points"] == [20, 24, 32]
    assert oblong.viscosity == 0.03
    # 20 points keep 6 modes; 24 keep 7; 32 on the double length keep 10, at k = 5.
    assert oblong.k_max == 5.0
    history = oblong.history
    assert history.index.name == "step"
    assert history["time"].iloc[-1] == pytest.approx(0.4)
    assert history.attrs["units"]["dissipation"] == "L^2/T^3"
    assert "omega" in history.attrs["descriptions"]["enstrophy"]
    assert oblong.is_complete
    assert oblong.log.startswith("dns-solver")
    assert oblong.timings.loc["all", "mean"] > oblong.timings.loc["planes (y, x)", "mean"] > 0


def test_snapshots_are_one_lazy_series(oblong: dnspost.Run) -> None:
    """Dimensions, coordinates and units have names; numbers are read when asked for."""
    snapshots = oblong.snapshots
    assert snapshots["u"].dims == ("time", "z", "y", "x")
    assert snapshots["u"].shape == (5, 32, 24, 20)
    assert snapshots["u"].chunks
    np.testing.assert_allclose(snapshots["time"], [0, 0.1, 0.2, 0.3, 0.4], atol=1e-14)
    assert snapshots["step"].values.tolist() == [0, 5, 10, 15, 20]
    assert snapshots["u"].attrs["units"] == "L/T"
    assert float(snapshots["z"][1]) == pytest.approx(2 * np.pi * 2.0 / 32)
    with h5py.File(oblong.snapshot_files[2]) as file:
        np.testing.assert_array_equal(snapshots["v"].isel(time=2), file["fields/v"][...])


def test_a_long_series_opens_quickly(oblong: dnspost.Run, tmp_path: Path) -> None:
    """A hundred snapshots of 1024^3, all holes on the disk, open in a second or so."""
    shutil.copytree(oblong.directory, tmp_path / "run", ignore=shutil.ignore_patterns("*.h5"))
    folder = tmp_path / "run/snapshots"
    first = folder / "snapshot_00000000.h5"
    with h5py.File(first, "w") as file:
        file.attrs.update(time=0.0, step=0, points=[1024] * 3, lengths=[1.0] * 3)
        for name in "uvw":
            file.create_dataset(f"fields/{name}", (1024,) * 3, np.float32)
    for step in range(1, 100):
        path = shutil.copy(first, folder / f"snapshot_{step:08}.h5")
        with h5py.File(path, "r+") as file:
            file.attrs.update(time=0.1 * step, step=step)
    started = time.process_time()
    snapshots = dnspost.open(tmp_path / "run").snapshots
    assert snapshots["u"].shape == (100, 1024, 1024, 1024)
    assert time.process_time() - started < 5  # a second on a free machine
    assert max(snapshots.chunksizes["z"]) == 16  # 64 MiB
    assert float(snapshots["u"].isel(time=50, z=3).sum()) == 0


def test_lazy_fields_travel_to_workers(oblong: dnspost.Run) -> None:
    """A series survives pickling, as a cluster of dask does it."""
    snapshots = oblong.snapshots
    again = pickle.loads(pickle.dumps(snapshots))
    xr.testing.assert_identical(again.compute(), snapshots.compute())


def test_a_run_is_read_while_it_is_written(oblong: dnspost.Run, tmp_path: Path) -> None:
    """Rows and files that are not finished do not count; new ones are seen without reopening."""
    directory = Path(shutil.copytree(oblong.directory, tmp_path / "run"))
    files = sorted((directory / "snapshots").glob("*.h5"))
    os.rename(files[-1], f"{files[-1]}.tmp")
    whole = (directory / "history.csv").read_text()
    torn = whole[: whole.rstrip("\n").rfind("\n") + 9]
    (directory / "history.csv").write_text(torn)
    run = dnspost.open(directory)
    rows = len(oblong.history)
    assert (len(run.history), run.is_complete) == (rows - 1, False)
    assert run.snapshots.sizes["time"] == 4
    os.rename(f"{files[-1]}.tmp", files[-1])
    (directory / "history.csv").write_text(whole)
    assert (len(run.history), run.is_complete) == (rows, True)
    assert run.snapshots.sizes["time"] == 5


def test_a_run_that_has_just_begun(oblong: dnspost.Run, tmp_path: Path) -> None:
    """Nothing but a configuration is a run as well; no configuration is none."""
    with pytest.raises(FileNotFoundError, match=r"no config\.toml"):
        dnspost.open(tmp_path)
    shutil.copy(oblong.directory / "config.toml", tmp_path)
    run = dnspost.open(tmp_path)
    assert (len(run.history), run.time, run.log) == (0, 0.0, "")
    assert run.timings.empty
    assert run.checkpoints == []
    with pytest.raises(FileNotFoundError, match="no snapshots"):
        _ = run.snapshots


def test_a_checkpoint_is_the_snapshot_of_its_step(oblong: dnspost.Run) -> None:
    """The kept modes, transformed to the run's own grid, are what the snapshot holds."""
    last = oblong.checkpoints[-1]
    assert last.step == 20
    assert last.time == pytest.approx(0.4)
    assert last.config["physics"]["viscosity"] == 0.03
    assert last.modes["u"].sizes == {"ky": 15, "kx": 7, "kz": 21}
    fields = last.fields()
    snapshot = oblong.snapshots.isel(time=-1)
    for name in "uvw":
        assert fields[name].dims == ("z", "y", "x")
        np.testing.assert_allclose(fields[name], snapshot[name], atol=2e-15)


@pytest.mark.parametrize("dealias", ["two_thirds", "phase_shift", "none"])
def test_the_largest_wavenumber_is_that_of_the_solver(dealias: str, tmp_path: Path) -> None:
    """For every kind of dealiasing and sides of any length, as k_max eta in the history has it."""
    run = dnspost.run(
        {
            "grid": {"points": [30, 24, 27], "lengths": [1.0, 1.0, 2.0], "dealias": dealias},
            "physics": {"viscosity": 0.1},
            "initial": {"kind": "taylor_green"},
            "time": {"dt": 0.01, "end": 0.01},
            "output": {"directory": str(tmp_path / "run")},
        }
    )
    last = run.history.iloc[-1]
    assert run.k_max * last["kolmogorov_length"] == pytest.approx(last["kmax_eta"], rel=1e-12)


def test_a_checkpoint_is_exact_at_any_resolution(oblong: dnspost.Run) -> None:
    """A finer grid holds the points of the run, with the same values, and the same energy."""
    last = oblong.checkpoints[-1]
    own, fine = last.fields(), last.fields((40, 72, 64))
    coarse = fine.isel(x=slice(None, None, 2), y=slice(None, None, 3), z=slice(None, None, 2))
    for name in "uvw":
        np.testing.assert_allclose(coarse[name], own[name], atol=2e-15)
        assert float((fine[name] ** 2).mean()) == pytest.approx(float((own[name] ** 2).mean()))


def test_other_files_are_refused(oblong: dnspost.Run, tmp_path: Path) -> None:
    """A snapshot is no checkpoint, nor the other way round; a newer format says so."""
    with pytest.raises(ValueError, match="not a checkpoint"):
        dnspost.Checkpoint.open(oblong.snapshot_files[0])
    newer = shutil.copy(oblong.checkpoints[0].path, tmp_path / "newer.h5")
    with h5py.File(newer, "r+") as file:
        file.attrs["checkpoint_format"] = 99
    with pytest.raises(ValueError, match="format 99"):
        dnspost.Checkpoint.open(newer)
    (tmp_path / "snapshots").mkdir()
    shutil.copy(oblong.directory / "config.toml", tmp_path)
    shutil.copy(oblong.checkpoints[0].path, tmp_path / "snapshots/snapshot_00000000.h5")
    with pytest.raises(ValueError, match="not a snapshot"):
        _ = dnspost.open(tmp_path).snapshots
