"""The solver's own spectra against those of its snapshots."""

from pathlib import Path

import numpy as np
import pytest

import dnspost
from conftest import OBLONG, run
from dnspost import plots


@pytest.fixture(scope="module")
def with_spectra(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run with spectra at the times of its snapshots."""
    config = OBLONG + "spectra = { every = 0.1 }\ngradients = { every = 0.1 }\n"
    return run(tmp_path_factory.mktemp("spectra"), "oblong", config)


def test_spectra_are_those_of_the_snapshots(with_spectra: dnspost.Run) -> None:
    """Energy, transfer and flux, computed by two programs."""
    found = with_spectra.spectra
    assert found["kinetic_energy"].dims == ("time", "k")
    assert found["kinetic_energy"].attrs["units"] == "L^3/T^2"
    snapshots = with_spectra.snapshots.load()
    np.testing.assert_array_equal(found["time"], snapshots["time"])
    np.testing.assert_array_equal(found["step"], snapshots["step"])
    # Of the grid's modes snapshots have those that are cut off as well: zeros.
    energy = dnspost.energy_spectrum(snapshots).sel(k=found["k"])
    np.testing.assert_allclose(found["kinetic_energy"], energy, atol=1e-14)
    last = dnspost.energy_flux(snapshots.isel(time=-1)).sel(k=found["k"])
    for ours, theirs in [("kinetic_energy_transfer", "transfer"), ("kinetic_energy_flux", "flux")]:
        solver = found[ours].isel(time=-1)
        assert float(abs(solver).max()) > 1e-3
        np.testing.assert_allclose(solver, last[theirs], atol=1e-13)


def test_moments_of_gradients_are_those_of_the_snapshots(with_spectra: dnspost.Run) -> None:
    """Averages over points and directions, and extremes."""
    found = with_spectra.gradients.iloc[-1]
    last = with_spectra.snapshots.isel(time=-1).load()
    gradients = {(u, x): dnspost.derivative(last[u], x).values for u in "uvw" for x in "xyz"}

    def moment(power: int, *, longitudinal: bool) -> float:
        pairs = dict(zip("uvw", "xyz", strict=True))
        chosen = [g for (u, x), g in gradients.items() if (pairs[u] == x) == longitudinal]
        return float(np.mean([(g**power).mean() for g in chosen]))

    along, across = moment(2, longitudinal=True), moment(2, longitudinal=False)
    expected = {
        "longitudinal_skewness": moment(3, longitudinal=True) / along**1.5,
        "longitudinal_flatness": moment(4, longitudinal=True) / along**2,
        "transverse_flatness": moment(4, longitudinal=False) / across**2,
        "max_speed": float(np.sqrt(last["u"] ** 2 + last["v"] ** 2 + last["w"] ** 2).max()),
        "max_vorticity": float(dnspost.vorticity_magnitude(last).max()),
    }
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-10), name
    assert abs(found["longitudinal_skewness"]) > 0.01


def test_pictures_take_the_solver_s_spectra(with_spectra: dnspost.Run) -> None:
    """The first and last record are among the lines."""
    figure = plots.spectra(with_spectra, count=2)
    last = with_spectra.spectra["kinetic_energy"].isel(time=-1)
    drawn = figure.axes[0].lines[1].get_ydata()
    np.testing.assert_array_equal(np.asarray(drawn)[0], last[1])


def test_a_run_without_spectra_says_so(tmp_path: Path) -> None:
    """The message tells what to do."""
    (tmp_path / "config.toml").write_text("")
    with pytest.raises(FileNotFoundError, match=r"output\.spectra"):
        _ = dnspost.open(tmp_path).spectra
