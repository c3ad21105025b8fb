"""Initial fields from NumPy, runs and sweeps started from Python."""

import copy
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dnspost
from dnspost.grid import VELOCITY
from exact_fields import abc, noise, taylor_green
from running import SOLVER

CONFIG: dict[str, Any] = {
    "grid": {"points": [12, 12, 12]},
    "physics": {"viscosity": 0.1},
    "initial": {"kind": "taylor_green"},
    "time": {"dt": 0.05, "end": 0.2},
    "output": {"directory": "run", "snapshots": {"every": 0.2, "precision": "double"}},
}


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return a small configuration, to be run in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return copy.deepcopy(CONFIG)


@pytest.mark.parametrize("lengths", [(1.0, 1.0, 1.0), (1.0, 2.0, 0.5)])
def test_a_field_goes_round_through_the_solver(
    config: dict[str, Any], lengths: tuple[float, float, float]
) -> None:
    """What was written is the first snapshot, mode by mode, in a box of unequal sides as well."""
    points = (12, 10, 16)
    velocity = dnspost.projected(noise(points, lengths))
    with pytest.warns(UserWarning, match="2/3 rule"):
        config["initial"] = dnspost.write_initial("start.h5", velocity)
    config["grid"] = {"points": list(points), "lengths": list(lengths)}
    first = dnspost.run(config).snapshots.isel(time=0)
    written, found = dnspost.to_modes(velocity), dnspost.to_modes(first.compute())
    kept = (abs(found).to_dataarray() > 1e-14).any("variable")
    assert int(kept.sum()) == 4 * 7 * 11, "|n| <= 3, 3, 5, without the conjugates"
    for name in VELOCITY:
        np.testing.assert_allclose(
            found[name].where(kept, 0), written[name].where(kept, 0), atol=1e-14
        )


def test_arrays_are_as_good_as_datasets(config: dict[str, Any]) -> None:
    """Three arrays [nz][ny][nx], here of single precision."""
    flow = taylor_green(12)
    arrays = [flow[name].values.astype(np.float32) for name in VELOCITY]
    config["initial"] = dnspost.write_initial("start.h5", arrays)
    history = dnspost.run(config).history
    assert history["kinetic_energy"].iloc[0] == pytest.approx(1 / 8, rel=1e-6)


def test_wrong_fields_are_refused(tmp_path: Path) -> None:
    """Shapes, types, NaN, and divergence, as of axes in the wrong order."""
    flow = abc(12)
    u, v, w = (flow[name].values for name in VELOCITY)
    path = tmp_path / "start.h5"
    with pytest.raises(ValueError, match=r"shapes \[\(12, 12, 12\), \(12, 12, 12\), \(6,"):
        dnspost.write_initial(path, [u, v, w[:6]])
    with pytest.raises(ValueError, match="v is of type complex"):
        dnspost.write_initial(path, [u, v * 1j, w])
    with pytest.raises(ValueError, match="w has values that are not finite"):
        dnspost.write_initial(path, [u, v, w * np.nan])
    with pytest.raises(ValueError, match="not solenoidal"):
        dnspost.write_initial(path, [w, v, u])
    assert not path.exists()
    dnspost.write_initial(path, [w, v, u], project=True)
    assert path.exists()


def test_validate_tells_the_need_or_all_mistakes(config: dict[str, Any]) -> None:
    """The solver's own words; nothing is written."""
    assert "2 with 1 thread each" in dnspost.validate(config, ranks=2)
    needs = dnspost.validate(config, ranks=4, threads=2)
    assert "4 with 2 threads each" in needs
    # Messages, for the ranks may be on several nodes.
    assert "each rank sends" in needs
    config["physics"]["viscosity"] = -1.0
    config["grid"]["pionts"] = [1]
    with pytest.raises(dnspost.SolverError, match=r"(?s)pionts.*viscosity") as caught:
        dnspost.validate(config)
    assert caught.value.exit_code == 2
    assert list(Path().iterdir()) == []


def test_the_same_call_continues(config: dict[str, Any]) -> None:
    """A longer end goes on from the checkpoint; fresh=True starts over."""
    assert dnspost.run(config).history.index[-1] == 4
    config["time"]["end"] = 0.4
    longer = dnspost.run(config, ranks=2)
    assert longer.history["time"].iloc[-1] == pytest.approx(0.4)
    assert "continu" in longer.log
    config["physics"]["viscosity"] = 0.2
    with pytest.raises(dnspost.SolverError, match="viscosity"):
        dnspost.run(config)
    assert dnspost.run(config, fresh=True).viscosity == 0.2


def test_a_run_is_followed_while_it_goes_on(config: dict[str, Any]) -> None:
    """Whatever moment it is looked at, what is there can be read, and only grows."""
    config["time"] = {"dt": 0.005, "end": 2.0}
    config["output"]["snapshots"]["every"] = 0.05
    path = dnspost.write_config(config, "config.toml")
    rows, times = [0], [0]
    with subprocess.Popen([str(SOLVER), str(path), "--quiet"]) as process:
        while process.poll() is None:
            if not Path("run/config.toml").exists():
                continue
            run = dnspost.open("run")
            rows.append(len(run.history))
            if run.snapshot_files:
                snapshots = run.snapshots
                times.append(snapshots.sizes["time"])
                assert float(abs(snapshots["u"].isel(time=-1)).max()) > 0.1
    assert process.returncode == 0
    assert rows == sorted(rows)
    assert times == sorted(times)
    assert len(set(rows)) > 2, "it was seen on its way"
    assert dnspost.open("run").is_complete


def test_a_missing_solver_is_named(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to do about it."""
    monkeypatch.setenv("DNS_SOLVER", "/nowhere/dns-solver")
    with pytest.raises(FileNotFoundError, match=r"/nowhere/dns-solver; set DNS_SOLVER"):
        dnspost.run(config)


def test_a_sweep_runs_what_is_left(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every combination once; a second call does only what is not complete."""
    vary = {"physics.viscosity": [0.1, 0.2], "initial.amplitude": [1.0, 2.0]}
    sweep = dnspost.sweep("sweep", config, vary)
    assert sweep.cases["002"] == {"physics.viscosity": 0.2, "initial.amplitude": 1.0}
    dnspost.run("sweep/002.toml")
    before = (sweep.directory / "002/log.txt").read_text()
    assert sweep.table["complete"].tolist() == [False, False, True, False]
    runs = dnspost.sweep("sweep", config, vary).run(workers=2)
    assert sweep.table["complete"].all()
    assert (sweep.directory / "002/log.txt").read_text() == before
    energy = {name: run.history["kinetic_energy"].iloc[-1] for name, run in runs.items()}
    assert energy["003"] == max(energy["003"], energy["002"])
    assert energy["001"] > energy["003"] > energy["002"]
    assert dnspost.Sweep.open("sweep") == sweep
    monkeypatch.setenv("DNS_SOLVER", "/nowhere")
    assert list(sweep.run()) == list(sweep.cases), "nothing is left to start"
    with pytest.raises(ValueError, match="another sweep"):
        dnspost.sweep("sweep", config, {"physics.viscosity": [0.3]})


def test_a_failing_case_does_not_stop_the_others(config: dict[str, Any]) -> None:
    """Taken together at the end; a wrong key fails before anything is written."""
    sweep = dnspost.sweep("sweep", config, {"time.dt": [0.05, 0.1]})
    Path("sweep/000/config.toml").parent.mkdir()
    Path("sweep/000/config.toml").write_text('[time]\nend = 1.0\nother = "run"\n')
    with pytest.raises(ExceptionGroup, match="1 of 2 cases") as caught:
        sweep.run()
    assert "000" in caught.value.exceptions[0].__notes__[0]
    assert sweep.table["complete"].tolist() == [False, True]
    with pytest.raises(dnspost.SolverError, match="viscosity"):
        dnspost.sweep("other", config, {"physics.viscosity": [0.1, "much"]})
    assert not Path("other").exists()
