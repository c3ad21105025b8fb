"""A run that went on with another viscosity, grid, fields and points is read as it was made."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import dnspost
from dnspost import changes, files, series
from dnspost.cli import main
from dnspost.correlations import correlations
from dnspost.health import checks
from dnspost.picks import Choice
from dnspost.plots import compare, flux, pdf, spectra
from dnspost.report import page
from dnspost.slices import field_named, movie, narrowed, plane, present
from running import solve

CONFIG = """
[grid]
points = [16, 16, 16]
[physics]
viscosity = 0.02
[initial]
kind = "random"
energy = 0.5
spectrum = { model = "exponential", peak = 2.0 }
[time]
dt = 0.02
end = 0.2
[output]
directory = "run"
history = { every = 0.02 }
spectra = { every = 0.1 }
pdfs = { every = 0.1 }
structure_functions = { every = 0.1 }
gradients = { every = 0.1 }
snapshots = { every = 0.1, precision = "double" }
modes = { every = 0.1, precision = "double" }
slices = [{ name = "mid", every = 0.1, z = 1.0, precision = "double" }]
"""
RECORDS = ("spectra", "pdfs", "structure_functions")
VISCOUS = ["--set", "physics.viscosity=0.04"]
FINE = [*VISCOUS, "--set", "grid.points=[24,24,24]"]


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run of 0.2 each with viscosity 0.02, 0.04, on 24^3 points, and files of 8^3."""
    folder = tmp_path_factory.mktemp("changed")
    path, run = folder / "config.toml", folder / "run"
    path.write_text(CONFIG)
    solve(path)
    solve(path, *VISCOUS, "--set", "time.end=0.4", "--allow-change", "physics.viscosity")
    solve(path, *FINE, "--set", "time.end=0.6", "--allow-change", "grid.points")
    for name in RECORDS:
        assert sorted(file.name for file in run.glob(f"{name}*.h5")) == [
            f"{name}.h5",
            f"{name}.part2.h5",
            f"{name}.part3.h5",
        ]
    coarse = ["--set", "output.snapshots.points=[8,8,8]"]
    for name in (*RECORDS, "slices"):
        coarse += ["--set", f"output.{name}="]
    solve(path, *FINE, *coarse, "--set", "time.end=0.7")
    return dnspost.open(run)


def test_each_record_has_its_viscosity(changed: dnspost.Run) -> None:
    """Snapshots, records, slices and modes: dissipation is that of the history at any time."""
    assert changed.viscosity == 0.04
    expected = [0.02] * 3 + [0.04] * 4
    snapshots = changed.snapshots
    assert snapshots["viscosity"].values.tolist() == [*expected, 0.04]
    for records in (changed.spectra, changed.pdfs, changed.slices["mid"], changed.modes):
        assert records["viscosity"].values.tolist()[:7] == expected
    table = changed.history.set_index("time")
    for place in range(7):
        snapshot = snapshots.isel(time=place)
        row = table.iloc[table.index.get_indexer([float(snapshot["time"])], "nearest")[0]]
        local = field_named(changed, snapshot, "dissipation")
        assert float(local.mean()) == pytest.approx(row["dissipation"], rel=1e-10)
        scales = dnspost.flow_scales(snapshot)
        for name in ("taylor_reynolds", "kmax_eta", "integral_length"):
            assert scales[name] == pytest.approx(row[name], rel=1e-10), name


def test_snapshots_of_several_grids_are_one_series(changed: dnspost.Run) -> None:
    """On the finest; coarser ones are evaluated there, with the same energy."""
    snapshots = changed.snapshots
    assert snapshots["u"].shape == (8, 24, 24, 24)
    np.testing.assert_array_equal(snapshots["k_max"], [5.0] * 5 + [7.0] * 2 + [3.0])
    with h5py.File(changed.snapshot_files[0]) as file:
        u = file["fields/u"][...]
    np.testing.assert_allclose(snapshots["u"][0, ::3, ::3, ::3], u[::2, ::2, ::2], atol=1e-13)
    assert float((snapshots["u"][0] ** 2).mean()) == pytest.approx((u**2).mean(), rel=1e-12)
    with h5py.File(changed.snapshot_files[5]) as file:
        np.testing.assert_array_equal(snapshots["u"][5], file["fields/u"][...])


def test_modes_of_several_grids_are_one_series(changed: dnspost.Run) -> None:
    """A smaller grid has none beyond its own; the fields are the snapshots."""
    points = dnspost.to_points(changed.modes, (24, 24, 24))["w"]
    np.testing.assert_allclose(points[:7], changed.snapshots["w"][:7], atol=1e-13)


def test_parts_of_records_are_joined(changed: dnspost.Run) -> None:
    """What a part did not measure is missing, never 0."""
    energy = changed.spectra["kinetic_energy"]
    np.testing.assert_allclose(energy["time"], np.arange(7) / 10, atol=1e-12)
    assert np.isnan(energy.isel(time=0).sel(k=slice(10, None))).all()
    assert np.isfinite(energy.isel(time=-1)).all()
    functions = changed.structure_functions["velocity_longitudinal"]
    separations = np.array([1, 2, 4, 8])
    first = functions.isel(time=0, axis=0).sel(order=2).dropna("r")
    np.testing.assert_allclose(first["r"], 2 * np.pi / 16 * separations)
    assert functions.sizes["r"] == 8, "four of each"
    correlation = changed.correlations["stress_xx_along_x"].isel(r_x=0)
    np.testing.assert_allclose(correlation, changed.history["stress_xx"].loc[::5][:7], rtol=1e-10)
    only = files.read_records(changed.directory / "spectra.h5")
    assert series.joined([only, only.isel(time=[])]).identical(only)


def test_gaps_of_correlations_are_gaps(changed: dnspost.Run) -> None:
    """A spectrum that is missing at a time has no correlation then, and not 0."""
    found = changed.spectra["stress_xx_along_x"]
    missing = found.where(found["step"] > 5).to_dataset(name="stress_xx_along_x")
    lines = correlations(missing.assign_coords(k_y=[0.0], k_z=[0.0]), changed.config["grid"])
    assert np.isnan(lines["stress_xx_along_x"][:2]).all()
    assert np.isfinite(lines["stress_xx_along_x"][2:]).all()


def test_slices_of_several_grids_are_joined(changed: dnspost.Run, tmp_path: Path) -> None:
    """At each time the points that were written; pictures show those."""
    mid = changed.slices["mid"]
    assert mid.sizes["time"] == 7
    assert mid.sizes["x"] == 32, "16 and 24 points, 8 of them the same"
    assert mid.sizes["z"] == 2, "the points next to 1.0"
    for time, points, place in [(0, 16, 3), (6, 24, 4)]:
        shown = narrowed(mid.isel(time=time))["u"]
        assert shown.sizes == {"y": points, "x": points}
        with h5py.File(changed.snapshot_files[time]) as file:
            np.testing.assert_array_equal(shown, file["fields/u"][place])
    with pytest.raises(ValueError, match="was not written"):
        present(plane(changed.snapshots["u"] * np.nan, "z", 0.0)[0].compute())
    assert movie(changed, tmp_path / "movie.gif", "u", series=mid).stat().st_size > 0


def test_spectra_are_scaled_by_what_was_then(changed: dnspost.Run) -> None:
    """Each line over k eta up to its own k_max."""
    figure = spectra(changed, count=7)
    table = changed.history
    for line, step, k_max in zip(
        figure.axes[1].lines, range(0, 31, 5), [5] * 5 + [7] * 2, strict=False
    ):
        reach = float(np.max(np.asarray(line.get_xdata())))
        assert reach == pytest.approx(k_max * table["kolmogorov_length"].loc[step])


@pytest.mark.parametrize("command", ["slices", "report", "movie"])
def test_every_command_survives(changed: dnspost.Run, tmp_path: Path, command: str) -> None:
    """With exit code 0, and no part of the page lost."""
    target = tmp_path / ("a.gif" if command == "movie" else "a")
    extra = ["--slice", "mid"] if command == "slices" else []
    if command == "movie":
        extra = ["--field", "u"]
    assert main([command, str(changed.directory), "-o", str(target), *extra]) == 0
    if command == "report":
        assert "could not" not in (tmp_path / "a.html").read_text(encoding="utf-8").lower()
        assert '<p class="soft">No ' not in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_the_log_tells_what_each_step_was_made_with() -> None:
    """Backwards from today, with keys that were not set, and a start from an earlier checkpoint."""
    log = """continues from run/checkpoints/checkpoint_00000010.h5 at t = 0.1, step 10
changed, as allowed: time.dt: 0.1 -> not set
changed, as allowed: time.cfl: not set -> 0.5
changed, as allowed: grid.points: [8, 8, 8] -> [16, 16, 16]
continues from run/checkpoints/checkpoint_00000030.h5 at t = 0.30000000000000004, step 30
continues from run/checkpoints/checkpoint_00000040.h5 at t = 0.4, step 40
changed, as allowed: time.cfl: 0.5 -> 0.7
continues from run/checkpoints/checkpoint_00000020.h5 at t = 0.2, step 20
changed, as allowed: forcing.kind: "none" -> "linear"
"""
    today = {
        "time": {"cfl": 0.7},
        "grid": {"points": [16, 16, 16]},
        "forcing": {"kind": "linear"},
    }
    found = changes.spans(today, log)
    assert [span.after for span in found] == [-1, 10, 20]
    assert found[0].config["time"] == {"dt": 0.1}
    assert changes.at(found, 10)["grid"]["points"] == [8, 8, 8]
    assert changes.at(found, 11)["grid"]["points"] == [16, 16, 16]
    assert changes.at(found, 20)["time"] == {"cfl": 0.5}
    assert changes.at(found, 21) == today
    assert changes.spans(today, "") == [changes.Span(-1, today)]


def test_pressure_alone_has_a_page(changed: dnspost.Run, tmp_path: Path) -> None:
    """Checks and pictures that want the velocity say so; the rest is there."""
    without_records = shutil.ignore_patterns("*.part?.h5", *(f"{name}.h5" for name in RECORDS))
    run = Path(shutil.copytree(changed.directory, tmp_path / "run", ignore=without_records))
    for path in (run / "snapshots").glob("*.h5"):
        with h5py.File(path, "r+") as file:
            file.move("fields/u", "fields/pressure")
            del file["fields/v"], file["fields/w"]
    found = dnspost.open(run)
    text = page(found)
    assert "no snapshots with u, v, w" in text
    assert text.count("data:image/png") == 4, "history, pressure"
    assert {check.name for check in checks(found)} >= {"Energy budget", "Isotropy"}
    assert main(["slices", str(run), "-o", str(tmp_path / "a")]) == 0
    assert main(["volume", str(run), "-o", str(tmp_path / "a")]) == 2
    assert main(["spectra", str(run), "-o", str(tmp_path / "a")]) == 2


def test_a_field_that_was_not_always_written(changed: dnspost.Run, tmp_path: Path) -> None:
    """Is NaN at the other times."""
    run = Path(shutil.copytree(changed.directory, tmp_path / "run"))
    with h5py.File(dnspost.open(run).snapshot_files[2], "r+") as file:
        file["fields/dye"] = file["fields/u"][...]
    dye = dnspost.open(run).snapshots["dye"]
    there = dye.notnull().all(["x", "y", "z"]).values
    assert np.flatnonzero(there).tolist() == [2]


ENTRY = "import sys; from dnspost.cli import main; sys.exit(main())"

SMALL = """
[grid]
points = [12, 12, 12]
[physics]
viscosity = {viscosity}
{physics}
[initial]
kind = "taylor_green"
amplitude = {amplitude}
[time]
dt = 0.01
end = 0.1
[output]
directory = "small"
history = {{ every = 0.01 }}
spectra = {{ every = 0.05 }}
pdfs = {{ every = 0.05 }}
snapshots = {{ every = 0.05 }}
"""


@pytest.mark.parametrize(
    ("viscosity", "physics", "amplitude", "light"),
    [
        (0.1, "", 0.0, "good"),
        (0.0, "", 1.0, "warn"),
        (0.0, "hyper = { coefficient = 1e-3, order = 2 }", 1.0, "good"),
    ],
    ids=["rest", "inviscid", "hyperviscous"],
)
def test_flows_without_scales(
    tmp_path: Path, viscosity: float, physics: str, amplitude: float, light: str
) -> None:
    """At rest, and without viscosity: no red light, no warning, no empty panel."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL.format(viscosity=viscosity, physics=physics, amplitude=amplitude))
    solve(path)
    run = dnspost.open(tmp_path / "small")
    lights = {check.name: check for check in checks(run)}
    assert {check.light for check in lights.values()} <= {"good", "warn"}
    assert lights["Resolution"].light == light
    assert lights["Energy budget"].light == "good"
    for draw in (spectra, flux, pdf):
        if amplitude:
            figure = draw(run)
            assert all(np.isfinite(axes.get_ylim()).all() for axes in figure.axes)
    if not amplitude:
        with pytest.raises(ValueError, match="at rest"):
            spectra(run)
        text = page(run)
        assert "the flow is at rest" in text
        assert text.count("data:image/png") >= 2, "the history, at least"


def test_a_run_at_rest_is_compared(
    changed: dnspost.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what it has, a dissipation; and of runs that are all at rest there is nothing to say."""
    path = tmp_path / "small.toml"
    path.write_text(SMALL.format(viscosity=0.1, physics="", amplitude=0.0))
    solve(path)
    rest = dnspost.open(tmp_path / "small")
    for runs in ([rest, changed], [changed, rest]):
        figure = compare(runs)
        names = {f"{run.name} (at rest)" if run is rest else run.name for run in runs}
        legend = figure.axes[0].get_legend()
        assert legend is not None
        assert {text.get_text() for text in legend.get_texts()} == names
        assert len([line for line in figure.axes[1].lines if line.get_label() in names]) == 1
    both = [str(rest.directory), str(changed.directory)]
    assert main(["compare", *both, "-o", str(tmp_path / "both")]) == 0
    assert (tmp_path / "both.png").exists()
    assert main(["compare", both[0], both[0]]) == 2
    assert "all of these runs are at rest" in capsys.readouterr().err


def test_damaged_rows_of_the_history_are_left_out(changed: dnspost.Run, tmp_path: Path) -> None:
    """And the page says how many."""
    without_fields = shutil.ignore_patterns("*.h5")
    run = Path(shutil.copytree(changed.directory, tmp_path / "run", ignore=without_fields))
    history = run / "history.csv"
    lines = history.read_text().splitlines(keepends=True)
    columns = lines[-1].count(",")
    garbage = ["\x00" * 40 + "\n", "x" + ",1" * columns + "\n", '5,"1\n', "1" + ",1" * 999 + "\n"]
    whole = changed.history
    for place, line in enumerate(garbage):
        lines.insert(-3 * place - 1, line)
    history.write_text("".join(lines))
    found = dnspost.open(run)
    assert found.history.attrs["left_out"] == 4
    assert found.history.equals(whole)
    assert found.history.index.dtype == int
    assert "4 damaged" in {check.value for check in checks(found)}
    history.write_text("no table\n")
    assert main(["history", str(run)]) == 2


def test_columns_that_were_not_always_measured(changed: dnspost.Run, tmp_path: Path) -> None:
    """NaN, as a history has it after a change, ends no check."""
    run = Path(shutil.copytree(changed.directory, tmp_path / "run"))
    table = changed.history
    table["hyper_dissipation"] = np.where(table["time"] > 0.65, 0.0, np.nan)
    table.to_csv(run / "history.csv", na_rep="NaN")
    found = dnspost.open(run)
    assert len(found.history) == len(table)
    before, after = (
        next(c for c in checks(r) if c.name == "Energy budget") for r in (changed, found)
    )
    assert before == after


def test_texts_are_utf8_in_any_locale(changed: dnspost.Run, tmp_path: Path) -> None:
    """Names with letters of the world, in the C locale of a cluster."""
    run = tmp_path / "Läufe" / "Überströmung"
    shutil.copytree(changed.directory, run, ignore=shutil.ignore_patterns("*.h5"))
    config = run / "config.toml"
    config.write_text("# größer\n" + config.read_text(encoding="utf-8"), encoding="utf-8")
    for name in ("log.txt", "history.csv"):
        text = (run / name).read_text(encoding="utf-8")
        (run / name).write_text("# ε und η\n" + text, encoding="utf-8")
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", ENTRY, "report", str(run)],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    text = (run / "report.html").read_text(encoding="utf-8")
    assert "größer" in text
    assert "Überströmung" in text
    assert "no rows of history" not in text


def test_a_choice_is_one_time_or_a_mean() -> None:
    """Both together are a mistake."""
    with pytest.raises(ValueError, match="--time is of one"):
        Choice(time=1.0, since=0.0, mean=True)
