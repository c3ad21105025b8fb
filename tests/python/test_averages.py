"""Means over time and their errors, of series whose errors are known; pictures of means."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import dnspost
from conftest import run
from dnspost import averages, plots, structure_plots
from dnspost.cli import main
from dnspost.grid import Array
from dnspost.health import checks
from dnspost.picks import Choice
from dnspost.report import page

STEADY = """
[grid]
points = [16, 16, 16]
[physics]
viscosity = 0.05
[initial]
kind = "random"
energy = 0.5
spectrum = { model = "exponential", peak = 2.0 }
[forcing]
kind = "constant_power"
power = 0.1
wavenumber = 2.0
[time]
dt = 0.05
end = 4.0
[output]
directory = "steady"
history = { every = 0.1 }
spectra = { every = 0.4, samples = 2 }
pdfs = { every = 0.4, samples = 2 }
structure_functions = { every = 0.4, separations = "all" }
"""


def autoregressive(phi: float, n: int, columns: int, seed: int = 1) -> Array:
    """Return series x_i = phi x_(i-1) + noise of unit variance, [n][columns], mean 5."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(n, columns)) * np.sqrt(1 - phi**2)
    values = np.empty((n, columns))
    values[0] = random.normal(size=columns)
    for i in range(1, n):
        values[i] = phi * values[i - 1] + noise[i]
    return values + 5


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_the_error_of_a_mean_is_known(phi: float) -> None:
    """Var(mean) = (1 + phi) / (1 - phi) / n, and the decorrelation time is that factor."""
    n, interval = 4000, 0.25
    known = (1 + phi) / (1 - phi)
    time = interval * np.arange(n)
    values = xr.DataArray(autoregressive(phi, n, 40), {"time": time}, ("time", "k"))
    found = dnspost.time_mean(values)
    assert float(found["standard_error"].mean()) == pytest.approx(np.sqrt(known / n), rel=0.05)
    assert float((n / found["independent_samples"]).mean()) == pytest.approx(known, rel=0.1)
    # As good as it says: within two errors in 19 of 20 series, about.
    off = abs(found["mean"] - 5) / found["standard_error"]
    assert float((off < 2).mean()) > 0.85
    assert float(off.std()) > 0.3


def test_short_series_do_not_pretend() -> None:
    """With 20 independent samples the error is too small by a few per cent, not by half."""
    n, phi = 200, 0.8
    found = dnspost.time_mean(xr.DataArray(autoregressive(phi, n, 400), dims=("time", "k"),
                                           coords={"time": np.arange(n)}))  # fmt: skip
    scatter = float(found["mean"].std())
    assert float(found["standard_error"].mean()) == pytest.approx(scatter, rel=0.2)


def history(folder: Path, table: pd.DataFrame, run: dnspost.Run) -> dnspost.Run:
    """Return a run with this history."""
    shutil.copy(run.directory / "config.toml", folder)
    table.to_csv(folder / "history.csv", na_rep="NaN")
    return dnspost.open(folder)


def test_steady_is_a_table(cube: dnspost.Run, tmp_path: Path) -> None:
    """Of every column, from a time on, in units of time; what is not finite does not count."""
    n = 3000
    columns = ["kinetic_energy", "dissipation", "cfl"]
    table = pd.DataFrame(autoregressive(0.5, n, 3), columns=columns)
    table["time"] = 0.5 * np.arange(n)
    table.loc[:999, "kinetic_energy"] += 100
    table["constant"] = 0.1
    table["sometimes"] = np.where(table["time"] > 1000, table["cfl"], np.nan)
    table["never"] = np.inf
    table.index.name = "step"
    found = dnspost.steady(history(tmp_path, table, cube), tmin=500.0)
    energy = found.loc["kinetic_energy"]
    assert energy["mean"] == pytest.approx(5, abs=5 * energy["standard_error"])
    assert energy["standard_error"] == pytest.approx(np.sqrt(3 / 2000), rel=0.15)
    assert energy["decorrelation_time"] == pytest.approx(1.5, rel=0.3)
    assert energy["independent_samples"] == pytest.approx(2000 / 3, rel=0.3)
    assert energy["deviation"] == pytest.approx(1, rel=0.1)
    assert found.loc["constant", ["mean", "standard_error"]].tolist() == pytest.approx([0.1, 0.0])
    assert found.loc["sometimes", "mean"] == pytest.approx(5, abs=0.3)
    assert found.loc["never"].drop("few_samples").isna().all()
    assert found.index[found["few_samples"]].tolist() == ["never"]
    assert "time" not in found.index
    with pytest.raises(ValueError, match="two rows"):
        dnspost.steady(dnspost.open(tmp_path), tmin=1e9)


def test_uneven_rows_are_interpolated() -> None:
    """The last row of a run is where the run ends."""
    interval, values = averages.evenly(np.array([0, 1, 2, 3, 3.5]), np.array([0, 1, 2, 3, 3.5]))
    assert interval == pytest.approx(3.5 / 4)
    np.testing.assert_allclose(values, np.linspace(0, 3.5, 5))


@pytest.fixture(scope="module")
def forced(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run with averaged records."""
    return run(tmp_path_factory.mktemp("averages"), "steady", STEADY)


def test_pictures_of_means(forced: dnspost.Run) -> None:
    """The line is the mean of the records, scaled by the means over the same rows."""
    choice = Choice(since=1.0, mean=True)
    raw, compensated = (axes.lines[0] for axes in plots.spectra(forced, choice=choice).axes)
    records = forced.spectra["kinetic_energy"].sel(time=slice(1.0, None), k=slice(1, 5))
    np.testing.assert_allclose(np.asarray(raw.get_ydata()), records.mean("time"), rtol=1e-12)
    rows = forced.history[forced.history["time"] >= 1.2 - 1e-9]
    k = np.arange(1, 6)
    expected = k * rows["kolmogorov_length"].mean()
    np.testing.assert_allclose(np.asarray(compensated.get_xdata()), expected, rtol=1e-9)
    flux = plots.flux(forced, choice).axes[0]
    assert flux.get_title() == "mean over $t$ = 1.2 to 4, 8 records"
    mean = forced.spectra["kinetic_energy_flux"].sel(time=slice(1.0, None), k=slice(1, 5))
    expected = mean.mean("time") / rows["dissipation"].mean()
    np.testing.assert_allclose(np.asarray(flux.lines[0].get_ydata()), expected, rtol=1e-9)
    assert "±" in plots.pdf(forced, choice).legends[0].get_texts()[0].get_text()


def test_averaged_records_are_not_called_an_instant(forced: dnspost.Run) -> None:
    """A record of two samples is a mean over its interval; the first is of t = 0."""
    legend = plots.spectra(forced, count=2).axes[0].get_legend()
    assert legend is not None
    words = [text.get_text() for text in legend.get_texts()]
    assert words == ["$t$ = 0", "mean over $t$ = 3.6 to 4"]
    assert plots.flux(forced).axes[0].get_title() == "mean over $t$ = 3.6 to 4"


def test_flux_is_that_of_the_solver(forced: dnspost.Run) -> None:
    """There are no snapshots in this run."""
    assert not forced.snapshot_files
    line = plots.flux(forced, Choice(time=2.0)).axes[0].lines[1]
    record = forced.spectra["kinetic_energy_transfer"].sel(time=2.0, method="nearest")
    k = np.asarray(line.get_xdata())
    rows = forced.history[forced.history["time"].between(1.6 - 1e-9, 2 + 1e-9)]
    expected = k * record.sel(k=k) / rows["dissipation"].mean()
    np.testing.assert_allclose(np.asarray(line.get_ydata()), expected, rtol=1e-9)


@pytest.mark.parametrize("command", ["spectra", "structure", "compare"])
def test_means_by_command(forced: dnspost.Run, tmp_path: Path, command: str) -> None:
    """--from and --mean, and names of their own."""
    options = ["--from", "1", "--mean", "-o", str(tmp_path / "a")]
    assert main([command, str(forced.directory), *options]) == 0


def test_pictures_do_not_overwrite_each_other(forced: dnspost.Run, tmp_path: Path) -> None:
    """What was asked for is in the name."""
    directory = Path(shutil.copytree(forced.directory, tmp_path / "run"))
    for options in [["--time", "2"], ["--from", "1", "--mean"]]:
        assert main(["flux", str(directory), *options]) == 0
    names = sorted(path.name for path in (directory / "plots").glob("*.png"))
    assert names == ["flux_from1_mean.png", "flux_time2.png"]


def test_the_table_by_command(
    forced: dnspost.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Printed, or written as CSV."""
    assert main(["steady", str(forced.directory), "--from", "2"]) == 0
    printed = capsys.readouterr().out
    table = dnspost.steady(forced, 2)
    few = table["few_samples"]
    assert few.any()
    assert few.equals(~(table["independent_samples"] >= 10))
    assert "independent_samples" in printed
    assert printed.count(" few\n") == few.sum()
    assert "few: less than 10 independent samples" in printed
    assert main(["steady", str(forced.directory), "-o", str(tmp_path / "steady.csv")]) == 0
    assert pd.read_csv(tmp_path / "steady.csv", index_col=0).loc["dissipation", "mean"] > 0
    assert main(["steady", str(forced.directory), "--from", "9"]) == 2
    assert "from t = 9" in capsys.readouterr().err
    assert main(["flux", str(forced.directory), "--from", "1"]) == 2
    assert "--mean" in capsys.readouterr().err


def test_lights_have_a_start_time(cube: dnspost.Run, tmp_path: Path) -> None:
    """What was bad before it does not count, and the page has means from then on."""
    directory = Path(shutil.copytree(cube.directory, tmp_path / "run"))
    table = cube.history
    table.iloc[0, table.columns.get_loc("cfl")] = 5.0
    table.to_csv(directory / "history.csv")
    changed = dnspost.open(directory)

    def light(since: float | None) -> str:
        return next(check.light for check in checks(changed, since) if check.name == "Time step")

    assert (light(None), light(0.5)) == ("bad", "good")
    (directory / "snapshots").rename(tmp_path / "away")
    text = page(changed, since=0.5)
    assert "independent samples" in text
    assert '<p class="soft">No ' not in text


def test_exponents_have_a_range(forced: dnspost.Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only separations in it count, and the picture says which."""
    r = xr.DataArray(np.geomspace(0.1, 10, 21), dims="r")
    r = r.assign_coords(r=r)
    orders = xr.DataArray([2.0, 3.0], coords={"order": [2.0, 3.0]})
    power = r ** (orders / 3)
    bent = power.where((r > 0.9) | (orders == 3), power * r)
    assert structure_plots.ess_exponents(bent, 1.0, 10.0)[2] == pytest.approx(2 / 3)
    assert structure_plots.ess_exponents(bent)[2] > 0.75
    with pytest.raises(ValueError, match="2 separations"):
        structure_plots.ess_exponents(bent, 1.0, 1.3)
    for of_eta, words in [(5, "too few $r$"), (0.1, "slopes, $r$ = ")]:
        monkeypatch.setattr(structure_plots, "ESS_FROM", of_eta)
        legend = structure_plots.structure(forced).axes[1].get_legend()
        assert legend is not None
        assert legend.get_title().get_text().startswith(words)
