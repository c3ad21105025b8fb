"""The statistics that the solver writes, against the same from its snapshots by numpy."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import dnspost
from conftest import OBLONG, run
from dnspost import plots, structure_plots
from dnspost.cli import main
from dnspost.grid import AXES, VELOCITY
from dnspost.health import checks

ROTATING = OBLONG.replace("viscosity = 0.03", "viscosity = 0.03\nrotation = [0.0, 1.0, 0.5]")
WITH_DYE = ROTATING.replace(
    "[initial]",
    '[[physics.scalars]]\nname = "dye"\nschmidt = 1.0\ngradient = [0.0, 0.0, 1.0]\n'
    "initial = { variance = 0.5, peak = 2.0 }\n[initial]",
)
STEP = 2 * np.pi / 24  # the smallest grid spacing
OUTPUT = f"""
history = {{ every = 0.02 }}
spectra = {{ every = 0.1 }}
pdfs = {{ every = 0.1, bins = 41, span = 4.1, ranges = {{ w = [-3.0, 2.0] }} }}
invariants = {{ every = 0.2, bins = 40, span = 6.0 }}
structure_functions = {{ every = 0.2, separations = [{STEP}, {3 * STEP}], axes = ["y"] }}
"""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a rotating run with a scalar, its statistics at the times of its snapshots."""
    return run(tmp_path_factory.mktemp("statistics"), "oblong", WITH_DYE + OUTPUT)


@pytest.fixture(scope="module")
def last(measured: dnspost.Run) -> xr.Dataset:
    """Return its last snapshot."""
    return measured.snapshots.isel(time=-1).load()


def modes(field: xr.DataArray) -> xr.DataArray:
    """Return |û(k)|^2 of the fluctuation, over all wavenumbers in units of 1/L, both signs."""
    values = np.fft.fftn(field - field.mean()) / field.size
    lengths = {"x": 1.0, "y": 1.0, "z": 2.0}
    k = {f"k{a}": np.fft.fftfreq(field.sizes[a], 1 / field.sizes[a]) / lengths[a] for a in AXES}
    return xr.DataArray(abs(values) ** 2, {f"k{a}": k[f"k{a}"] for a in field.dims})


def test_spectra_along_the_axes(measured: dnspost.Run, last: xr.Dataset) -> None:
    """The sum over the other two wavenumbers, over the spacing of this one."""
    spectra = measured.spectra.isel(time=-1)
    for name, field in [("stress_xx", "u"), ("stress_yy", "v"), ("dye_variance", "dye")]:
        energy = modes(last[field])
        for axis in AXES:
            line = energy.sum([f"k{a}" for a in AXES if a != axis])
            found = spectra[f"{name}_along_{axis}"]
            k = f"k_{axis}"
            expected = [float(line.where(abs(line[f"k{axis}"]) == at).sum()) for at in found[k]]
            np.testing.assert_allclose(found, expected / found[k].values[1], atol=1e-15)


def test_invariants_are_those_of_numpy(measured: dnspost.Run, last: xr.Dataset) -> None:
    """Eigenvectors by LAPACK, counted by numpy; a point on the edge of a bin may be in the next."""
    found = measured.invariants.isel(time=-1)
    velocity = last[list(VELOCITY)]
    gradient = dnspost.gradient(velocity)
    a = np.stack([[gradient[name, axis].values.ravel() for axis in AXES] for name in VELOCITY])
    a = np.moveaxis(a, -1, 0)
    strain = (a + a.swapaxes(1, 2)) / 2
    spin = a - a.swapaxes(1, 2)
    omega = np.stack([spin[:, 2, 1], spin[:, 0, 2], spin[:, 1, 0]], axis=1)
    square = (strain**2).sum((1, 2))
    unit = np.sqrt(square.mean())
    assert float(found["mean_square_strain"]) == pytest.approx(unit**2, rel=1e-12)
    values, axes = np.linalg.eigh(strain)
    values, axes = values[:, ::-1], axes[:, :, ::-1]
    length = np.linalg.norm(omega, axis=1)
    cosines = abs(np.einsum("pi,pij->pj", omega, axes)) / length[:, None]
    u = np.stack([velocity[name].values.ravel() for name in VELOCITY], axis=1)
    helicity = (u * omega).sum(1) / (np.linalg.norm(u, axis=1) * length)
    production = np.einsum("pi,pij,pj->p", omega, strain, omega)
    cube = np.einsum("pij,pjk,pki->p", strain, strain, strain)
    assert float(found["mean_enstrophy_production"]) == pytest.approx(production.mean(), rel=1e-9)
    np.testing.assert_allclose(found["mean_eigenvalues"], values.mean(0), rtol=1e-9)
    shape = -3 * np.sqrt(6) * values.prod(1) / square**1.5
    q = -np.einsum("pij,pji->p", a, a) / 2 / unit**2
    r = -np.einsum("pij,pjk,pki->p", a, a, a) / 3 / unit**3
    points = len(a)
    wide, cosine, magnitude = ((-6, 6), (-1, 1), (0, 1))

    def same(name: str, sample: np.ndarray, limits: tuple[float, float], *which: int) -> None:
        counts, _ = np.histogram(sample, 40, limits)
        own = found[name].values[which] * points * (limits[1] - limits[0]) / 40
        assert abs(own - counts).sum() <= 4, name
        assert counts.sum() > 0.9 * points

    same("enstrophy_production", production / unit**3, wide)
    same("strain_production", -cube / unit**3, wide)
    same("shape", shape, cosine)
    same("helicity", helicity, cosine)
    for axis in range(3):
        same("eigenvalues", values[:, axis] / unit, wide, axis)
        same("alignment", cosines[:, axis], magnitude, axis)
    counts, _, _ = np.histogram2d(q, r, 40, (wide, wide))
    assert abs(found["joint_q_r"].values * points * 0.3**2 - counts).sum() <= 4
    assert (counts > 0).sum() > 20


def test_correlations_are_those_of_shifted_fields(measured: dnspost.Run, last: xr.Dataset) -> None:
    """Products of fluctuations, r apart."""
    found = measured.correlations.isel(time=-1)
    for name, axis, pair in [("xx", "x", "uu"), ("yy", "z", "vv"), ("xz", "y", "uw")]:
        a, b = (last[field] - last[field].mean() for field in pair)
        line = found[f"stress_{name}_along_{axis}"]
        assert line.sizes[f"r_{axis}"] == last.sizes[axis] // 2 + 1
        for shift in (0, 3, last.sizes[axis] // 2):
            # The even part: a correlation of two components has an odd one as well.
            products = [(a * b.roll({axis: -s})).mean() for s in (shift, -shift)]
            assert float(line[shift]) == pytest.approx(float(sum(products) / 2), abs=1e-14)


def test_spectra_about_the_axis(measured: dnspost.Run, last: xr.Dataset) -> None:
    """Rings about the direction of rotation, as wide as the shells."""
    found = measured.spectra["kinetic_energy_axial"].isel(time=-1)
    axis = np.array([0.0, 1.0, 0.5]) / np.sqrt(1.25)
    np.testing.assert_allclose([measured.spectra.attrs[f"axis_{a}"] for a in AXES], axis)
    energy = xr.concat([modes(last[name]) for name in VELOCITY], "field").sum("field") / 2
    means = sum(float(last[name].mean()) ** 2 for name in VELOCITY)
    energy.loc[{f"k{a}": 0 for a in AXES}] = means / 2
    k = xr.concat([energy[f"k{a}"].broadcast_like(energy) for a in AXES], "axis")
    e = xr.DataArray(axis, dims="axis")
    along = (k * e).sum("axis")
    across = ((k - along * e) ** 2).sum("axis") ** 0.5
    width, order = 0.5, energy.dims
    expected = np.zeros(found.shape)
    places = [np.rint(abs(q).transpose(*order).values / width).astype(int) for q in (across, along)]
    inside = (places[0] < found.shape[0]) & (places[1] < found.shape[1])
    np.add.at(expected, tuple(p[inside] for p in places), energy.values[inside] / width**2)
    np.testing.assert_allclose(found, expected, atol=1e-15)


def histogram(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the density over 41 bins; what is outside counts as well."""
    counts, edges = np.histogram(values, 41, (low, high))
    return counts / values.size / np.diff(edges)


def test_densities(measured: dnspost.Run, last: xr.Dataset) -> None:
    """Of a field, pooled gradients, the logarithm of a square, and over bins of its own."""
    found = measured.pdfs.isel(time=-1)
    gradient = {
        (u, x): dnspost.derivative(last[u], x).values for u in (*VELOCITY, "dye") for x in AXES
    }
    pairs = list(zip(VELOCITY, AXES, strict=True))
    along = np.array([gradient[pair] for pair in pairs])
    across = np.array([g for key, g in gradient.items() if key not in pairs and key[0] != "dye"])
    for name, q in [
        ("u", last["u"].values),
        ("velocity_longitudinal", along),
        ("velocity_transverse", across),
        ("dye_gradient_z", gradient["dye", "z"]),
    ]:
        t = (q - q.mean()) / q.std()
        # A value on the edge of a bin may fall to either side.
        np.testing.assert_allclose(found[name], histogram(t, -4.1, 4.1), atol=2.1 / q.size / 0.2)
        moments = [(t**p).mean() for p in (1, 2, 3, 4)]
        np.testing.assert_allclose(found[f"{name}_moments"], moments, atol=1e-11)
        assert float(found[f"{name}_rms"]) == pytest.approx(q.std())
    squares = {
        "dissipation": dnspost.dissipation(last, 1.0).values,
        "enstrophy": dnspost.vorticity_magnitude(last).values ** 2,
        "dye_dissipation": np.sum([gradient["dye", axis] ** 2 for axis in AXES], axis=0),
    }
    for name, q in squares.items():
        expected = histogram(np.log(q / q.mean()), -4.1, 4.1)
        assert found[name].dims == ("logarithm",)
        np.testing.assert_allclose(found[name], expected, atol=2.1 / q.size / 0.2)
        assert float(found[f"{name}_mean"]) == pytest.approx(q.mean())
    w = last["w"].values
    width = 5.0 / 41
    np.testing.assert_allclose(found["w"], histogram(w, -3, 2), atol=2.1 / w.size / width)
    assert found["w"].dims == ("w_value",)


def test_structure_functions(measured: dnspost.Run, last: xr.Dataset) -> None:
    """Powers of differences of shifted fields, along y."""
    found = measured.structure_functions.isel(time=-1).sel(axis=1)
    for place, shift in enumerate([1, 3]):
        step = {name: last[name].roll(y=-shift) - last[name] for name in [*VELOCITY, "dye"]}
        at = found.isel(r=place)
        for p in range(2, 9):
            expected = {
                "velocity_longitudinal": step["v"] ** p,
                "velocity_longitudinal_absolute": abs(step["v"]) ** p,
                "velocity_transverse": (abs(step["u"]) ** p + abs(step["w"]) ** p) / 2,
                "dye_increment": abs(step["dye"]) ** p,
            }
            for name, values in expected.items():
                scale = float((abs(values)).mean())
                value = float(at[name].sel(order=p))
                assert value == pytest.approx(float(values.mean()), abs=1e-11 * scale), name
        mixed = step["v"] * step["dye"] ** 2
        assert float(at["dye_mixed"]) == pytest.approx(float(mixed.mean()), abs=1e-13)


def test_records_are_averages_of_samples(tmp_path: Path, measured: dnspost.Run) -> None:
    """The first is of t = 0 alone, the others of two samples each."""
    averaged = OUTPUT.replace("spectra = { every = 0.1", "spectra = { every = 0.2, samples = 2")
    averaged = averaged.replace("pdfs = { every = 0.1,", "pdfs = { every = 0.2, samples = 2,")
    found = run(tmp_path, "oblong", WITH_DYE + averaged)
    for one, two in [(measured.spectra, found.spectra), (measured.pdfs, found.pdfs)]:
        np.testing.assert_allclose(two["time"], [0.0, 0.2, 0.4])
        names = ["kinetic_energy", "stress_yy_along_z"] if "k" in one.dims else ["u", "dye_mean"]
        for name in names:
            samples = one[name].values
            expected = [samples[0], samples[1:3].mean(0), samples[3:5].mean(0)]
            np.testing.assert_allclose(two[name], expected, rtol=1e-12, atol=1e-18)


def test_pictures_are_of_the_solver_s_statistics(measured: dnspost.Run, tmp_path: Path) -> None:
    """A command each; densities are those of the file."""
    for command in ["pdf", "structure", "axial", "invariants"]:
        assert main([command, str(measured.directory), "-o", str(tmp_path / command)]) == 0
        assert (tmp_path / f"{command}.png").stat().st_size > 10_000
    drawn = np.asarray(plots.pdf(measured).axes[0].lines[0].get_ydata())
    density = measured.pdfs["u"].isel(time=-1).values
    np.testing.assert_array_equal(drawn[density > 0], density[density > 0])


def test_extended_self_similarity_of_a_power_law() -> None:
    """<|du|^p> ~ r^(p/3) has the exponents p/3."""
    r = xr.DataArray(np.geomspace(0.1, 2, 6), dims="r")
    orders = xr.DataArray(np.arange(2.0, 9.0), coords={"order": np.arange(2.0, 9.0)})
    exponents = structure_plots.ess_exponents((2.0**orders * r ** (orders / 3)).transpose())
    assert exponents == {p: pytest.approx(p / 3) for p in range(2, 9)}


def test_a_flow_without_axis_has_no_picture_of_it(cube: dnspost.Run) -> None:
    """The message tells what has one, or what to ask for."""
    with pytest.raises(FileNotFoundError, match=r"output\.spectra"):
        structure_plots.axial(cube)


MAGNETIC = """
[grid]
points = [16, 16, 16]
[physics]
equation = "mhd"
viscosity = 0.05
magnetic = { prandtl = 1.0 }
stratification = { frequency = 2.0, prandtl = 1.0 }
scalars = [{ name = "dye", schmidt = 1.0, gradient = [0.0, 1.0, 0.0] }]
[initial]
kind = "abc"
magnetic = { kind = "beltrami", energy = 0.5 }
[forcing]
kind = "constant_power"
power = 0.1
wavenumber = 2.0
[time]
dt = 0.01
end = 0.5
[output]
directory = "magnetic"
history = { every = 0.01 }
"""


def test_budgets_know_all_energies_and_scalars(tmp_path: Path) -> None:
    """Energy that becomes magnetic or potential is not missing; what is, is seen."""
    found = run(tmp_path, "magnetic", MAGNETIC)
    history = found.history
    moved = history["kinetic_energy"].iloc[-1] - history["kinetic_energy"].iloc[0]
    assert abs(moved) > 0.1
    names = ["Energy budget", "Budget of dye"]
    lights = {check.name: check.light for check in checks(found)}
    assert [lights[name] for name in names] == ["good", "good"]
    for column, name in [("magnetic_energy", names[0]), ("dye_variance", names[1])]:
        directory = Path(shutil.copytree(found.directory, tmp_path / column))
        table = history.reset_index()
        table.loc[table.index[-1], column] *= 1.5
        table.to_csv(directory / "history.csv", index=False)
        after = {check.name: check.light for check in checks(dnspost.open(directory))}
        assert {n for n in names if after[n] != "good"} == {name}
