"""Every picture is drawn, from the right numbers."""

import ctypes
import shutil
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest

import dnspost
from dnspost import plots
from dnspost.cli import main
from dnspost.slices import field_named, movie, plane, slices
from dnspost.style import label, style

ONE_RUN = ["history", "spectra", "flux", "pdf", "slices"]


def is_a_picture(path: Path, least_width: int) -> bool:
    """Whether a PNG has something in it."""
    pixels = matplotlib.image.imread(path)[..., :3]
    return pixels.shape[1] >= least_width and float(pixels.std()) > 0.02


@pytest.mark.parametrize("command", ONE_RUN)
def test_one_command_gives_png_and_pdf(
    command: str, cube: dnspost.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """300 dots an inch of a column or two, and a PDF whose text is text."""
    assert main([command, str(cube.directory), "-o", str(tmp_path / "figure")]) == 0
    written = [Path(line) for line in capsys.readouterr().out.split()]
    assert written == [tmp_path / "figure.png", tmp_path / "figure.pdf"]
    assert is_a_picture(written[0], 1000)
    pdf = written[1].read_bytes()
    assert pdf.startswith(b"%PDF")
    assert b"/FontFile2" in pdf, "fonts are embedded as TrueType"


def test_pictures_go_into_the_run_by_default(cube: dnspost.Run, tmp_path: Path) -> None:
    """Under plots/, by the name of the command."""
    run = Path(shutil.copytree(cube.directory, tmp_path / "run"))
    assert main(["history", str(run)]) == 0
    assert sorted(p.name for p in (run / "plots").iterdir()) == ["history.pdf", "history.png"]


@pytest.mark.parametrize("command", ["compare", "scaling"])
def test_several_runs_in_one_figure(
    command: str, cube: dnspost.Run, oblong: dnspost.Run, tmp_path: Path
) -> None:
    """Runs of different grids and lengths; an ending that is given is no part of the name."""
    directories = [str(run.directory) for run in (cube, oblong)]
    assert main([command, *directories, "-o", str(tmp_path / "figure.png")]) == 0
    assert is_a_picture(tmp_path / "figure.png", 2000)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["figure.pdf", "figure.png"]


def test_mistakes_are_told(
    cube: dnspost.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A directory without a run, and a field that there is none of."""
    with pytest.raises(SystemExit, match="2"):
        main(["history", str(tmp_path)])
    assert "no config.toml" in capsys.readouterr().err
    target = ["-o", str(tmp_path / "figure")]
    assert main(["slices", str(cube.directory), "--fields", "pressure", *target]) == 2
    assert "one of u, v, w, vorticity" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_history_shows_the_history(cube: dnspost.Run) -> None:
    """The lines are the columns; axes have units."""
    with style():
        figure = plots.history([cube])
    table = cube.history
    columns = ["kinetic_energy", "dissipation", "taylor_reynolds", "kmax_eta"]
    for axes, column in zip(figure.axes, columns, strict=True):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), table[column])
        np.testing.assert_array_equal(axes.lines[0].get_xdata(), table["time"])
    assert figure.axes[0].get_ylabel() == "$K$ [L$^{2}$/T$^{2}$]"
    power = figure.axes[1]
    np.testing.assert_array_equal(power.lines[1].get_ydata(), table["injected_power"].iloc[1:])
    assert power.get_ylim()[1] > 0.1, "which the force puts in, inside of the frame"


def test_fields_have_their_own_names(cube: dnspost.Run) -> None:
    """A scalar is not called by its first letter."""
    last = cube.snapshots.isel(time=-1)
    dyed = last.assign(dye=last["u"].assign_attrs(units="1"))
    with style():
        figure = slices(cube, dyed, ["dye", "w"])
    assert [axes.get_xlabel() for axes in figure.axes[2:]] == ["dye", "$w$ [L/T]"]


def test_spectra_are_compensated_by_the_dissipation(cube: dnspost.Run) -> None:
    """The last line: E(k), and eps^(-2/3) k^(5/3) E over k eta, up to k_max."""
    with style():
        raw, compensated = (axes.lines[1] for axes in plots.spectra(cube, count=2).axes)
    spectrum = dnspost.energy_spectrum(cube.snapshots.isel(time=-1)).values[1:11]
    k, row = np.arange(1, 11), cube.history.iloc[-1]
    np.testing.assert_allclose(np.asarray(raw.get_ydata()), spectrum, rtol=1e-12)
    scaled = spectrum * k ** (5 / 3) * row["dissipation"] ** (-2 / 3)
    np.testing.assert_allclose(np.asarray(compensated.get_ydata()), scaled, rtol=1e-12)
    np.testing.assert_allclose(
        np.asarray(compensated.get_xdata()), k * row["kolmogorov_length"], rtol=1e-12
    )


def test_slices_show_planes_the_right_way_round(oblong: dnspost.Run) -> None:
    """Normal to y, the picture has x to the right and z upwards."""
    snapshot = oblong.snapshots.isel(time=1)
    cut = plane(snapshot["w"], "y", 1.0)
    index = int(np.argmin(abs(snapshot["y"].values - 1.0)))
    np.testing.assert_array_equal(cut, snapshot["w"].values[:, index, :])
    with style():
        figure = slices(oblong, snapshot, ["w"], "y", 1.0)
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("$x$ [L]", "$z$ [L]")
    shown = axes.collections[0].get_array()
    assert shown is not None
    np.testing.assert_array_equal(shown.ravel(), cut.values.ravel())


def test_derived_fields_have_their_means(cube: dnspost.Run) -> None:
    """The mean of the local dissipation is the dissipation, of the vorticity's square 2 Omega."""
    snapshot, row = cube.snapshots.isel(time=-1), cube.history.iloc[-1]
    dissipation = field_named(cube, snapshot, "dissipation")
    assert float(dissipation.mean()) == pytest.approx(row["dissipation"])
    vorticity = field_named(cube, snapshot, "vorticity")
    assert float((vorticity**2).mean()) == pytest.approx(2 * row["enstrophy"])


def test_a_movie_has_a_frame_for_each_snapshot(cube: dnspost.Run, tmp_path: Path) -> None:
    """As GIF without any other program; mp4 only with ffmpeg."""
    image = pytest.importorskip("PIL.Image")
    with style():
        path = movie(cube, tmp_path / "movie.gif", "u")
    with image.open(path) as frames:
        assert frames.n_frames == 5
    if shutil.which("ffmpeg") is None:
        with pytest.raises(RuntimeError, match="ffmpeg"):
            movie(cube, tmp_path / "movie.mp4", "u")
    assert main(["movie", str(cube.directory), "--field", "w", "-o", str(tmp_path / "w.gif")]) == 0


def test_vortices_are_drawn_off_screen(
    cube: dnspost.Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Surfaces of Q without a display; a threshold above all values says so."""
    target = tmp_path / "volume"
    status = main(["volume", str(cube.directory), "-o", str(target)])
    if status and "need OpenGL" in (said := capsys.readouterr().err):
        pytest.skip(said)
    assert status == 0
    assert is_a_picture(tmp_path / "volume.png", 1600)
    assert main(["volume", str(cube.directory), "-o", str(target), "--threshold", "1e9"]) == 2
    assert "lower threshold" in capsys.readouterr().err


def test_without_opengl_the_need_is_told(
    cube: dnspost.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """VTK would end the program where neither a display nor EGL nor OSMesa is."""
    monkeypatch.setenv("VTK_DEFAULT_OPENGL_WINDOW", "vtkOSOpenGLRenderWindow")

    def no_library(_: str) -> None:
        raise OSError

    monkeypatch.setattr(ctypes, "CDLL", no_library)
    assert main(["volume", str(cube.directory)]) == 2
    assert "apt-get install libegl1" in capsys.readouterr().err


def test_without_pyvista_the_need_is_told(
    cube: dnspost.Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an extra: all else works without it."""
    monkeypatch.setitem(sys.modules, "pyvista", None)
    assert main(["volume", str(cube.directory)]) == 2
    assert "pip install pyvista" in capsys.readouterr().err


def test_scaling_comes_from_the_logs(cube: dnspost.Run, oblong: dnspost.Run) -> None:
    """Points, ranks times threads, milliseconds per step."""
    table = plots.scaling_table([cube, oblong]).set_index("points")
    assert table.loc["32 x 32 x 32", "cores"] == 1
    assert table.loc["20 x 24 x 32", "ms_per_step"] == oblong.timings.loc["all", "max"]


def test_units_are_typeset() -> None:
    """Exponents are raised, pure numbers have no unit."""
    assert label("E", "L^3/T^2") == "E [L$^{3}$/T$^{2}$]"
    assert label("Re", "1") == "Re"
