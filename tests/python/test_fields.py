"""Derived fields, slices and spectral snapshots, from the solver to dnspost."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonExecutionModel import vtkStreamingDemandDrivenPipeline
from vtkmodules.vtkIOXdmf2 import vtkXdmfReader

import dnspost
from conftest import OBLONG, run
from dnspost.cli import main
from dnspost.grid import AXES, VELOCITY
from dnspost.slices import movie, written
from test_output import leaf

DERIVED = ["velocity", "vorticity", "pressure", "q_criterion", "dissipation", "velocity_gradient"]

SHOWN = OBLONG.replace('"oblong"', '"shown"').replace(
    'precision = "double" }',
    f"""precision = "double", fields = {DERIVED} }}
modes = {{ every = 0.2, precision = "double" }}
[[output.slices]]
name = "plane"
every = 0.02
y = 1.6
fields = ["velocity", "vorticity_magnitude"]
[[output.slices]]
name = "box"
every = 0.1
x = [1.0, 2.0]
z = [3.0, 9.0]
precision = "double"
""",
)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run that shows its fields in every way."""
    return run(tmp_path_factory.mktemp("shown"), "shown", SHOWN)


def test_derived_fields_are_those_of_dnspost(shown: dnspost.Run) -> None:
    """What the solver derives is what follows from the velocity beside it."""
    last = shown.snapshots.isel(time=-1).compute()
    velocity = last[list(VELOCITY)]
    expected = [
        *dnspost.vorticity(velocity).values(),
        dnspost.q_criterion(velocity),
        dnspost.dissipation(velocity, shown.viscosity),
        *(d.rename(f"d{name}_d{axis}") for (name, axis), d in dnspost.gradient(velocity).items()),
    ]
    for field in expected:
        scale = float(abs(field).max())
        np.testing.assert_allclose(last[field.name], field, atol=1e-12 * scale, rtol=0)
    assert last["omega_x"].attrs["units"] == "1/T"


def test_the_pressure_balances_the_flow(shown: dnspost.Run) -> None:
    """The Laplacian of p is -d(u_i u_j)/dx_i dx_j on the modes that the solver keeps."""
    last = shown.snapshots.isel(time=-1).compute()
    products = xr.Dataset(
        {f"{a}{b}": last[a] * last[b] for a in VELOCITY for b in VELOCITY},
    )
    modes = dnspost.to_modes(products)
    p = dnspost.to_modes(last["pressure"])
    k = dict(zip(VELOCITY, (modes["kx"], modes["ky"], modes["kz"]), strict=True))
    source = sum(k[a] * k[b] * modes[f"{a}{b}"] for a in VELOCITY for b in VELOCITY)
    square = modes["kx"] ** 2 + modes["ky"] ** 2 + modes["kz"] ** 2
    kept = xr.DataArray(1)
    for axis, cutoff in zip(AXES, (6, 7, 10), strict=True):
        side = 2.0 if axis == "z" else 1.0
        kept = kept * (abs(modes[f"k{axis}"]) < (cutoff + 0.5) / side)
    expected = (-source / square.where(square > 0)).fillna(0) * kept
    np.testing.assert_allclose(p, expected.transpose(*p.dims), atol=1e-15)
    assert float(abs(expected).max()) > 1e-3


def test_slices_are_series_of_planes_and_boxes(shown: dnspost.Run) -> None:
    """They have the axes that they should, lazily, and the values of the snapshots."""
    plane, box = shown.slices["plane"], shown.slices["box"]
    assert plane["u"].dims == ("time", "z", "x")
    assert plane["u"].chunks
    assert plane["u"].attrs["units"] == "L/T"
    assert (plane.sizes["time"], box.sizes["time"]) == (21, 5)
    # The point nearest to 1.6 of 24 on 2 pi is number 6.
    assert float(plane["y"]) == pytest.approx(np.pi / 2)
    snapshots = shown.snapshots
    together = plane.sel(time=snapshots["time"])
    np.testing.assert_array_equal(together["step"], snapshots["step"])
    expected = snapshots["w"].isel(y=6).astype("f4")
    np.testing.assert_array_equal(together["w"], expected)
    magnitude = dnspost.vorticity_magnitude(snapshots).isel(y=6)
    np.testing.assert_allclose(together["vorticity_magnitude"], magnitude, rtol=1e-5)
    inside = snapshots["u"].sel(x=slice(1.0, 2.0), z=slice(3.0, 9.0))
    xr.testing.assert_equal(box["u"].drop_vars("step"), inside.drop_vars("step"))


def test_slices_are_read_while_they_are_written(shown: dnspost.Run, tmp_path: Path) -> None:
    """Room that is not used yet does not count."""
    (tmp_path / "slices").mkdir()
    (tmp_path / "config.toml").write_text((shown.directory / "config.toml").read_text())
    path = shown.directory / "slices/plane_00000000.h5"
    copy = tmp_path / "slices/plane_00000000.h5"
    copy.write_bytes(path.read_bytes())
    with h5py.File(copy, "r+") as file:
        file["records"][0] = 3
    assert dnspost.open(tmp_path).slices["plane"].sizes["time"] == 3
    with pytest.raises(ValueError, match="no slice other; there are: plane"):
        written(dnspost.open(tmp_path), "other")


def test_spectral_snapshots_are_fields_on_any_grid(shown: dnspost.Run) -> None:
    """On the grid of the run they are the snapshots; on a finer one its points are among them."""
    modes, snapshots = shown.modes, shown.snapshots.isel(time=slice(None, None, 2))
    np.testing.assert_array_equal(modes["time"], snapshots["time"])
    own, fine = dnspost.to_points(modes), dnspost.to_points(modes, (40, 48, 64))
    for name in VELOCITY:
        np.testing.assert_allclose(own[name], snapshots[name], atol=2e-15)
        np.testing.assert_allclose(fine[name][..., ::2, ::2, ::2], own[name], atol=2e-15)
    assert own["u"].dims == ("time", "z", "y", "x")
    # Fewer bytes than the snapshots of the velocity, about (2/3)^3 of them.
    size = (shown.directory / "modes/modes_00000000.h5").stat().st_size
    assert size < 3 * 8 * 20 * 24 * 32 / 2


def test_a_movie_of_a_slice(shown: dnspost.Run, tmp_path: Path) -> None:
    """It has a frame for each record; the command line knows slices as well."""
    image = pytest.importorskip("PIL.Image")
    series = written(shown, "plane").isel(time=slice(0, 4))
    path = movie(shown, tmp_path / "movie.gif", "vorticity", series=series)
    with image.open(path) as frames:
        assert frames.n_frames == 4
    target = ["-o", str(tmp_path / "figure")]
    assert main(["slices", str(shown.directory), "--slice", "plane", *target]) == 0
    assert main(["slices", str(shown.directory), "--slice", "none", *target]) == 2
    assert (tmp_path / "figure.png").exists()


@pytest.mark.parametrize(
    ("series", "fields"), [("snapshots.xmf", ["pressure", "vorticity"]), ("slices/box.xmf", ["u"])]
)
def test_paraview_sees_derived_fields_and_slices(
    shown: dnspost.Run, series: str, fields: list[str]
) -> None:
    """VTK's XDMF reader finds the values of every time, and where they are."""
    reader = vtkXdmfReader()
    reader.SetFileName(str(shown.directory / series))
    reader.UpdateInformation()
    times = reader.GetOutputInformation(0).Get(vtkStreamingDemandDrivenPipeline.TIME_STEPS())
    expected = shown.snapshots if "snapshots" in series else shown.slices["box"]
    np.testing.assert_array_equal(times, expected["time"])
    for time in times:
        reader.UpdateTimeStep(time)
        image = leaf(reader.GetOutputDataObject(0))
        now = expected.sel(time=time)
        np.testing.assert_allclose(image.GetOrigin(), [float(now[a][0]) for a in AXES])
        for name in fields:
            found = vtk_to_numpy(image.GetPointData().GetArray(name))
            parts = [now[f"omega_{a}"] for a in AXES] if name == "vorticity" else [now[name]]
            values = np.stack([part.values.ravel() for part in parts], axis=-1).squeeze()
            np.testing.assert_array_equal(found, values)
