"""Derivatives, filters, spectra and statistics against fields of which they are known."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dnspost
from dnspost import grid
from dnspost.statistics import integral_length, scales, shell_sum
from exact_fields import CUBE, abc, noise, taylor_green, velocity
from running import coordinates

OBLONG = ((10, 12, 9), (1.0, 2.0, 0.5))


@pytest.mark.parametrize("chunks", [None, {"z": 4}], ids=["numpy", "dask"])
def test_modes_and_points_are_inverse(chunks: dict[str, int] | None) -> None:
    """Forth and back gives the same numbers, for even and odd numbers of points."""
    fields = noise(*OBLONG)
    modes = dnspost.to_modes(fields.chunk(chunks) if chunks else fields)
    assert modes["u"].sizes == {"kz": 9, "ky": 12, "kx": 6}
    again = dnspost.to_points(modes)
    for name in "uvw":
        assert again[name].dims == ("z", "y", "x")
        np.testing.assert_allclose(again[name], fields[name], atol=1e-14)


def test_modes_are_fourier_coefficients() -> None:
    """One wave in an oblong box is one mode, at its wavevector."""
    points, lengths = OBLONG
    x, y, z = coordinates(points, lengths)
    wave = 3 * np.cos(2 * x - 1.5 * y + 4 * z + 0.3)
    modes = dnspost.to_modes(velocity([wave] * 3, lengths))["v"]
    amplitude = complex(modes.sel(kx=2, ky=-1.5, kz=4))
    assert amplitude == pytest.approx(1.5 * np.exp(0.3j))
    assert float(abs(modes).sum()) == pytest.approx(1.5)


def test_precision_is_kept() -> None:
    """Fields of single precision stay so, in numpy and in dask."""
    single = abc(8).astype(np.float32)
    for fields in (single, single.chunk({"z": 2})):
        assert dnspost.to_modes(fields)["u"].compute().dtype == np.complex64
        assert dnspost.derivative(fields["u"], "z").dtype == np.float32
        assert dnspost.derivative(fields["u"], "z").compute().dtype == np.float32


@pytest.mark.parametrize("chunks", [None, {"z": 4}], ids=["numpy", "dask"])
def test_vorticity_of_abc_is_the_flow_itself(chunks: dict[str, int] | None) -> None:
    """A Beltrami flow: curl u = k u."""
    flow = abc(12, k=2, coefficients=(1.0, 0.7, 0.4))
    curl = dnspost.vorticity(flow.chunk(chunks) if chunks else flow)
    for axis, name in zip("xyz", "uvw", strict=True):
        np.testing.assert_allclose(curl[f"omega_{axis}"], 2 * flow[name], atol=1e-13)
    assert curl["omega_x"].attrs["units"] == "1/T"
    magnitude = dnspost.vorticity_magnitude(flow)
    assert float((magnitude**2).mean()) == pytest.approx(4 * (1 + 0.49 + 0.16))


def test_dissipation_and_q_of_taylor_green() -> None:
    """At the origin the gradient is diag(1, -1, 0); in the mean 2 nu s_ij s_ij = nu omega^2."""
    flow, nu = taylor_green(16), 0.01
    local = dnspost.dissipation(flow, nu)
    assert float(local.mean()) == pytest.approx(2 * nu * 3 / 8)
    assert float(local[0, 0, 0]) == pytest.approx(2 * nu * 2)
    q = dnspost.q_criterion(flow)
    assert float(q[0, 0, 0]) == pytest.approx(-1.0)
    assert float(q.mean()) == pytest.approx(0.0, abs=1e-14)
    assert float(abs(dnspost.divergence(flow)).max()) < 1e-14
    parts = dnspost.gradient(flow)
    assert float(parts["v", "y"][0, 0, 0]) == pytest.approx(-1.0)


def test_filters_multiply_waves_by_their_transfer_function() -> None:
    """Pope 2000, table 13.2, for one wave; the mean stays."""
    x, y, z = coordinates((16, 16, 16), CUBE)
    wave = velocity([5 + np.cos(2 * x + 3 * y - z)] * 3)["u"]
    width, k_squared = 0.6, 14
    kept = {
        "gaussian": np.exp(-k_squared * width**2 / 24),
        "box": np.prod([np.sin(k * width / 2) / (k * width / 2) for k in (2, 3, 1)]),
        "sharp": 1.0,
    }
    for kind, factor in kept.items():
        smooth = dnspost.filtered(wave, width, kind)
        np.testing.assert_allclose(smooth, 5 + factor * (wave - 5), atol=1e-13)
    gone = dnspost.filtered(wave, 1.01 * np.pi / np.sqrt(k_squared), "sharp")
    np.testing.assert_allclose(gone, 5, atol=1e-13)
    with pytest.raises(ValueError, match="tophat"):
        dnspost.filtered(wave, width, "tophat")


@pytest.mark.parametrize("chunks", [None, {"z": 2}], ids=["numpy", "dask"])
def test_parseval_is_exact(chunks: dict[str, int] | None) -> None:
    """Every mode of noise is in one shell, once with its conjugate."""
    fields = noise(*OBLONG)
    energy = sum(float((fields[name] ** 2).mean()) for name in "uvw") / 2
    spectrum = dnspost.energy_spectrum(fields.chunk(chunks) if chunks else fields)
    width = float(spectrum["k"][1])
    assert width == 0.5
    assert float(spectrum.sum()) * width == pytest.approx(energy, rel=1e-13)


def test_shells_are_those_of_the_solver() -> None:
    """Their populations are sums of three squares, as in the test of src/shells.rs."""
    modes = dnspost.to_modes(abc(16))
    ones = xr.ones_like(modes["u"].real)
    assert shell_sum(ones).values[:3].tolist() == [1, 18, 62]
    assert int(grid.shell_of(modes).sel(kx=2, ky=1, kz=1)) == 2


def test_spectra_of_a_run_sum_up_to_its_history(oblong: dnspost.Run) -> None:
    """Snapshots and checkpoints have the energy of history.csv; their spectra are equal."""
    spectra = dnspost.energy_spectrum(oblong.snapshots)
    energy = oblong.history["kinetic_energy"].loc[spectra["step"].values]
    np.testing.assert_allclose(spectra.sum("k") * spectra["k"][1], energy, rtol=1e-13)
    kept = dnspost.energy_spectrum(oblong.checkpoints[-1].modes)
    last = spectra.isel(time=-1, k=slice(kept.size))
    np.testing.assert_allclose(kept, last, rtol=1e-11, atol=1e-18)


def test_scales_are_those_of_the_history(oblong: dnspost.Run) -> None:
    """Each number that history.csv has is found again in the last snapshot."""
    found = dnspost.flow_scales(oblong.snapshots.isel(time=-1), oblong.viscosity)
    row = oblong.history.iloc[-1]
    for name in found.index.drop("integral_length"):
        assert found[name] == pytest.approx(row[name], rel=1e-11), name


def test_scales_of_the_johns_hopkins_flow() -> None:
    """README-isotropic of the JHTDB: E .706048, eps .103079, nu 1.85e-4 (Li et al. 2008)."""
    nu = 1.85e-4
    found = scales(0.706048, 0.103079 / (2 * nu), nu, 1.0)
    published = {"velocity_rms": 0.686075, "taylor_length": 0.112569}
    published |= {"taylor_reynolds": 417.463, "kolmogorov_length": 0.00279954}
    for name, value in published.items():
        assert found[name] == pytest.approx(value, rel=5e-6)


def test_integral_length_of_two_shells() -> None:
    """L = pi / (2 u'^2) (E1 / 1 + E2 / 2), without the mean flow."""
    spectrum = xr.DataArray([9.0, 3.0, 6.0], {"k": [0.0, 1.0, 2.0]})
    assert integral_length(spectrum) == pytest.approx(np.pi / (2 * 6) * (3 + 3))


def test_nonlinear_transfer_only_moves_energy(cube: dnspost.Run) -> None:
    """T(k) adds up to nothing; a forced flow passes energy on to small scales."""
    found = dnspost.energy_flux(cube.snapshots.isel(time=-1))
    transfer, flux = found["transfer"], found["flux"]
    assert abs(float(transfer.sum())) < 1e-14 * float(abs(transfer).sum())
    assert float(flux.sel(k=2)) > 0.1 * float(cube.history["dissipation"].iloc[-1])


@pytest.mark.parametrize(("points", "cutoff"), [(12, 5), (12, 3), (9, 4)])
def test_flux_has_no_aliasing(points: int, cutoff: int) -> None:
    """On the fewest points that hold the modes T(k) is that of many points, and adds up to 0."""
    random = dnspost.projected(noise((points,) * 3, CUBE))
    modes = dnspost.to_modes(random)
    for axis in "xyz":
        modes = modes.where(abs(modes[f"k{axis}"]) <= cutoff, 0)
    coarse, fine = (dnspost.to_points(modes, (n,) * 3) for n in (points, 32))
    found, exact = dnspost.energy_flux(coarse), dnspost.energy_flux(fine)
    scale = float(abs(exact["transfer"]).max())
    assert abs(float(found["transfer"].sum())) < 1e-13 * scale
    k = found["k"]
    np.testing.assert_allclose(found["transfer"], exact["transfer"].sel(k=k), atol=1e-13 * scale)


@pytest.mark.parametrize("dealias", ["two_thirds", "phase_shift", "none"])
def test_scales_are_those_of_the_history_on_every_grid(dealias: str, tmp_path: Path) -> None:
    """Of snapshots, coarse ones that lose no mode, modes and checkpoints, by one definition."""
    config = {
        "grid": {"points": [18, 20, 24], "lengths": [1.0, 1.0, 2.0], "dealias": dealias},
        "physics": {"viscosity": 0.05},
        "initial": {
            "kind": "random",
            "energy": 0.5,
            "spectrum": {"model": "exponential", "peak": 2.0},
            "mean_flow": [0.1, 0.0, 0.2],
        },
        "time": {"dt": 0.01, "end": 0.02},
        "output": {
            "directory": str(tmp_path / "run"),
            "snapshots": {"every": 0.02, "precision": "double"},
            "modes": {"every": 0.02, "precision": "double"},
        },
    }
    run = dnspost.run(config)
    row = run.history.iloc[-1]
    last = [data.isel(time=-1) for data in (run.snapshots, run.modes)]
    for flow in [*last, run.checkpoints[-1].modes]:
        found = dnspost.flow_scales(flow)
        for name in found.index:
            assert found[name] == pytest.approx(row[name], rel=1e-10), name
    without = dnspost.flow_scales(last[0].drop_vars(["viscosity", "k_max"]), 0.05)
    assert without["integral_length"] == pytest.approx(row["integral_length"], rel=1e-10)
    with pytest.raises(ValueError, match="viscosity"):
        dnspost.flow_scales(last[0].drop_vars("viscosity"))


def test_scales_without_bound() -> None:
    """As the solver has them, at rest and without viscosity."""
    rest = scales(0.0, 0.0, 0.1, 5.0, 0.0)
    assert rest["kolmogorov_length"] == np.inf
    assert (rest["taylor_reynolds"], rest["integral_length"]) == (0.0, 0.0)
    inviscid = scales(1.0, 1.0, 0.0, 5.0, 0.5)
    assert (inviscid["kmax_eta"], inviscid["taylor_reynolds"]) == (0.0, np.inf)
    assert inviscid["integral_length"] == pytest.approx(np.pi / 2 / (2 / 3) * 0.5)


@pytest.mark.parametrize("box", [(24, 24, 24, 1.0), (20, 24, 32, 2.0), (64, 64, 1, 1.0)])
def test_even_shells(box: tuple[int, int, int, float]) -> None:
    """With the same energy in every mode the corrected spectrum is 4 pi k^2, or 2 pi k."""
    *points, length = box
    lengths = (1.0, 1.0, length)
    numbers = noise((points[0], points[1], points[2]), lengths)
    modes = dnspost.to_modes(numbers) * 0 + 1
    spectrum = dnspost.energy_spectrum(modes)
    k_max = grid.k_max([(n - 1) // 2 for n in points], lengths)
    inside = spectrum.sel(k=slice(0.1, k_max - 0.6))
    factor = dnspost.shell_correction(spectrum["k"], {"points": points, "lengths": lengths})
    even = inside * factor.sel(k=inside["k"])
    k = inside["k"]
    expected = 1.5 * (2 * np.pi * k if points[2] == 1 else 4 * np.pi * k**2 * length)
    np.testing.assert_allclose(even, expected, rtol=1e-12)


def test_transfer_balances_decay(oblong: dnspost.Run) -> None:
    """dE/dt = T - 2 nu k^2 E, the derivative from two snapshots before and two after."""
    snapshots = oblong.snapshots
    middle = snapshots.isel(time=2)
    modes = dnspost.to_modes(middle)
    energy = sum((abs(modes[name]) ** 2 for name in "uvw"), start=xr.DataArray(0.0)) / 2
    width = grid.shell_width(modes)
    decay = 2 * oblong.viscosity * shell_sum(grid.wavenumber_squared(modes) * energy) / width
    transfer = dnspost.energy_flux(middle)["transfer"]
    spectra = dnspost.energy_spectrum(snapshots)
    before2, before, _, after, after2 = (spectra.isel(time=i, drop=True) for i in range(5))
    change = (before2 - 8 * before + 8 * after - after2) / (12 * 0.1)
    missing = abs(change - (transfer - decay))
    assert float(missing.max()) < 0.002 * float(abs(transfer).max())


@pytest.mark.parametrize("chunks", [None, {"z": 8}], ids=["numpy", "dask"])
def test_pdf_of_a_sine(chunks: dict[str, int] | None) -> None:
    """The density of sqrt(2) sin is 1 / (pi sqrt(2 - s^2)); flatness 3/2, no skewness."""
    n = 1 << 15
    x = 2 * np.pi * np.arange(n) / n
    field = xr.DataArray(3 + 2 * np.sin(x)[None, :] * np.ones((16, 1)), dims=("z", "x"), name="s")
    density = dnspost.pdf(field.chunk(chunks) if chunks else field, bins=40, span=2.0)
    assert float(density.sum()) * 0.1 == pytest.approx(1.0)
    middle = density.sel(value=0.05, method="nearest")
    assert float(middle) == pytest.approx(1 / (np.pi * np.sqrt(2)), rel=0.01)
    assert density.attrs["mean"] == pytest.approx(3.0)
    assert density.attrs["rms"] == pytest.approx(np.sqrt(2))
    assert density.attrs["flatness"] == pytest.approx(1.5)
    assert density.attrs["skewness"] == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="constant"):
        dnspost.pdf(xr.zeros_like(field))


@pytest.mark.parametrize("chunks", [None, {"z": 4}], ids=["numpy", "dask"])
def test_conditional_average_of_a_function(chunks: dict[str, int] | None) -> None:
    """<3 u | u> is 3 u, to the width of a bin; bins that nothing falls into are NaN."""
    u = abc(16)["u"]
    given = u.chunk(chunks) if chunks else u
    average = dnspost.conditional_average(
        (3 * u).transpose("x", "y", "z"), given, np.linspace(-3, 3, 25)
    )
    inside = average.dropna("u")
    assert 0 < inside.size < average.size
    assert float(abs(inside - 3 * inside["u"]).max()) <= 3 * 0.125 + 1e-12


@pytest.mark.parametrize("chunks", [None, {"z": 8}], ids=["numpy", "dask"])
def test_structure_functions_of_one_wave(chunks: dict[str, int] | None) -> None:
    """For u = sin x, v = cos x: <du^2> = 1 - cos r along x, 0 along y and z."""
    n = 32
    x, _, _ = coordinates((n, n, n), CUBE)
    shape = (n, n, n)
    flow = velocity([np.broadcast_to(f, shape) for f in (np.sin(x), np.cos(x), 0 * x)])
    found = dnspost.structure_functions(flow.chunk(chunks) if chunks else flow)
    wave = 1 - np.cos(found["r"].values)
    second = found.sel(order=2)
    np.testing.assert_allclose(second["longitudinal"], wave / 3, atol=1e-14)
    np.testing.assert_allclose(second["transverse"], wave / 6, atol=1e-14)
    np.testing.assert_allclose(found.sel(order=3)["longitudinal"], 0, atol=1e-14)
    assert float(found["r"][-1]) == pytest.approx(np.pi)


def test_third_order_is_negative_in_turbulence(cube: dnspost.Run) -> None:
    """Kolmogorov's 4/5 law has a minus: vortices stretch."""
    last = dnspost.structure_functions(cube.snapshots.isel(time=-1), orders=[3])
    assert float(last["longitudinal"].sel(order=3)[0]) < 0


def test_correlations_of_taylor_green_and_of_a_run(cube: dnspost.Run) -> None:
    """Cosines for single waves; for a run, what shifting the field by some points gives."""
    known = dnspost.correlation(taylor_green(16))
    np.testing.assert_allclose(known["f"], np.cos(known["r"]), atol=1e-13)
    np.testing.assert_allclose(known["g"], np.cos(known["r"]), atol=1e-13)
    flow = cube.snapshots.isel(time=-1).compute()
    found = dnspost.correlation(flow + 0.7)  # a mean flow does not count
    products: dict[str, list[float]] = {"f": [], "g": []}
    for axis, along in zip("xyz", "uvw", strict=True):
        for name in "uvw":
            shifted = flow[name].roll({axis: -5})
            kind = "f" if name == along else "g"
            products[kind].append(float((flow[name] * shifted).mean()))
            products[f"{kind}0"] = [*products.get(f"{kind}0", []), float((flow[name] ** 2).mean())]
    for kind in "fg":
        expected = sum(products[kind]) / sum(products[f"{kind}0"])
        assert float(found[kind][5]) == pytest.approx(expected, rel=1e-10)


def test_fields_without_attributes_tell_their_box() -> None:
    """Equally spaced points suffice; a single point does not."""
    flow = abc(12)
    bare = flow["u"].copy()
    for axis in "xyz":
        bare = bare.assign_coords({axis: flow[axis].values})
    derived = dnspost.derivative(bare, "z")
    np.testing.assert_allclose(derived, dnspost.derivative(flow["u"], "z"), atol=1e-13)
    with pytest.raises(ValueError, match="length"):
        grid.length(bare.isel(z=slice(1)), "z")
