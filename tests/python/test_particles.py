"""Statistics of particles, of a run and against paths that are known."""

from pathlib import Path

import dask.array as da
import numpy as np
import pytest
import xarray as xr

import dnspost
from conftest import CUBE, run
from dnspost import report
from dnspost.cli import main
from dnspost.neighbours import pairs_within
from test_documents import run_blocks
from test_pictures import is_a_picture

BOX = np.array([2 * np.pi, 4 * np.pi, np.pi])
WITH_PARTICLES = f"""{CUBE}
[[particles]]
name = "tracers"
count = 300
every = 0.1
[[particles]]
name = "late_1"
count = 8
placing = {{ kind = "lattice" }}
start = 0.5
every = 0.25
[[particles]]
name = "pairs"
count = 400
placing = {{ kind = "pairs", separations = [0.05, 0.1] }}
every = 0.1
"""


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run with two sets of particles."""
    return run(tmp_path_factory.mktemp("particles"), "cube", WITH_PARTICLES)


def made(position: np.ndarray, velocity: np.ndarray, interval: float = 0.1) -> xr.Dataset:
    """Return particles with these numbers, [time][particle][component]."""
    dims = ("time", "particle", "component")
    times = interval * np.arange(len(position))
    return xr.Dataset(
        {"position": (dims, position), "velocity": (dims, velocity)},
        {"time": times, "component": list("xyz")},
        {"box": BOX.tolist()},
    )


def uniform(count: int = 50, records: int = 21) -> xr.Dataset:
    """Return particles in a uniform flow."""
    u = np.array([1.0, -2.0, 0.5])
    start = np.random.default_rng(1).random((count, 3)) * BOX
    times = 0.1 * np.arange(records)[:, None, None]
    return made(start + u * times, np.broadcast_to(u, (records, count, 3)).copy())


def test_sets_are_read_by_name(carried: dnspost.Run) -> None:
    """Lazy, with the box, the parameters of the run, and times from the release on."""
    sets = carried.particles
    assert list(sets) == ["late_1", "pairs", "tracers"]
    tracers = sets["tracers"]
    assert dict(tracers.sizes) == {"time": 11, "particle": 300, "component": 3}
    assert isinstance(tracers["position"].data, da.Array)
    np.testing.assert_allclose(tracers["time"], np.linspace(0, 1, 11), atol=1e-12)
    np.testing.assert_allclose(sets["late_1"]["time"], [0.5, 0.75, 1.0])
    assert tracers.attrs["box"] == [2 * np.pi] * 3
    assert tracers["position"].attrs["units"] == "L"
    inside = dnspost.in_box(tracers)
    assert float(inside.min()) >= 0
    assert float(inside.max()) < 2 * np.pi


def test_the_velocity_is_that_of_the_snapshots(carried: dnspost.Run) -> None:
    """At the last record, by the Fourier series."""
    last = carried.particles["tracers"].isel(time=-1)
    there = carried.sample(last["position"].values, 1.0).to_dataarray().values
    rms = np.sqrt((there**2).mean())
    assert np.sqrt(((there.T - last["velocity"].values) ** 2).mean()) < 3e-3 * rms


def test_positions_follow_from_velocities(carried: dnspost.Run) -> None:
    """The displacement is the integral of the velocity along the path."""
    tracers = carried.particles["tracers"]
    moved = tracers["velocity"].integrate("time").values
    way = (tracers["position"].isel(time=-1) - tracers["position"].isel(time=0)).values
    assert abs(moved - way).max() < 0.01 * abs(way).max()


def test_a_uniform_flow() -> None:
    """Displacements are u t, velocities do not change, and pairs stay as they are."""
    particles = uniform()
    found = dnspost.mean_square_displacement(particles)
    u = particles["velocity"].isel(time=0, particle=0)
    np.testing.assert_allclose(found, (u * found["lag"]).transpose("lag", "component") ** 2)
    np.testing.assert_allclose(found["lag"], np.arange(11) * 0.1)
    assert not dnspost.lagrangian_structure_function(particles).any()
    pairs = dnspost.pair_dispersion(particles, [0.0, 0.5, 1.0])
    first = pairs["separation"].values
    assert (pairs["pairs"] > 0).all()
    assert ((first > [0, 0.5]) & (first < [0.5, 1.0])).all()
    assert float(abs(pairs["change_squared"]).max()) < 1e-24
    same = pairs["distance_squared"].isel(time=0)
    np.testing.assert_allclose(pairs["distance_squared"], same.broadcast_like(pairs))


def test_velocities_that_turn() -> None:
    """Their correlation is cos(lag), and their structure function 1 - cos(lag)."""
    time = np.linspace(0, 4 * np.pi, 81)[:, None]
    phase = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    angle = time + phase
    velocity = np.stack([np.cos(angle), np.sin(angle), 2 * np.cos(angle)], axis=-1)
    particles = made(0 * velocity, velocity, float(time[1, 0]))
    found = dnspost.velocity_autocorrelation(particles, [0, 5, 20, 40])
    lag = found["lag"].values[:, None]
    np.testing.assert_allclose(found, np.cos(lag) * np.ones(3), atol=1e-12)
    second = dnspost.lagrangian_structure_function(particles, 2, [0, 5, 20])
    expected = (1 - np.cos(lag[:3])) * [1, 1, 4]
    np.testing.assert_allclose(second, expected, atol=1e-12)


def test_pairs_in_a_strain() -> None:
    """X' = x, y' = -y, z' = 0 about the box's corner: r^2 grows as the strain tells."""
    start = np.random.default_rng(2).random((400, 3)) * 0.2 * BOX
    time = 0.1 * np.arange(8)[:, None, None]
    growth = np.exp(time * [1.0, -1.0, 0.0])
    particles = made(start * growth, start * growth * [1.0, -1.0, 0.0])
    found = dnspost.pair_dispersion(particles, [0.1, 0.4], most=10**6)
    apart = start[:, None] - start[None, :]
    r = np.sqrt((apart**2).sum(-1))
    i, j = np.nonzero(np.triu((r >= 0.1) & (r < 0.4)))
    expected = ((apart[i, j] * growth) ** 2).sum(-1).mean(-1)
    assert found["pairs"].values.tolist() == [len(i)]
    np.testing.assert_allclose(found["distance_squared"][0], expected)
    change = ((apart[i, j] * (growth - 1)) ** 2).sum(-1).mean(-1)
    np.testing.assert_allclose(found["change_squared"][0], change, atol=1e-15)
    few = dnspost.pair_dispersion(particles, [0.1, 0.4], most=10)
    assert few["pairs"].values.tolist() == [10]


@pytest.mark.parametrize("distance", [0.1, 0.9, 1.5])
def test_pairs_are_those_of_a_search_through_all(distance: float) -> None:
    """Across the sides of the box too, with cells of many sizes."""
    points = np.random.default_rng(3).random((150, 3)) * BOX
    i, j, r = pairs_within(points, BOX, distance)
    apart = points[:, None] - points[None, :]
    apart -= np.rint(apart / BOX) * BOX
    all_r = np.sqrt((apart**2).sum(-1))
    expected = np.argwhere(np.triu(all_r <= distance, 1))
    order = np.lexsort((j, i))
    np.testing.assert_array_equal(np.stack([i, j], -1)[order], expected)
    np.testing.assert_allclose(r, all_r[i, j])


def test_radial_distribution() -> None:
    """Particles that know nothing of each other have 1; twins cluster."""
    place = np.random.default_rng(4).random((1, 4000, 3)) * BOX
    edges = np.linspace(0.2, 1.0, 5)
    found = dnspost.radial_distribution(made(place, 0 * place), edges)
    np.testing.assert_allclose(found, 1, atol=0.05)
    twins = np.concatenate([place, place + np.array([0.3, 0.0, 0.0])], axis=1)
    near = dnspost.radial_distribution(made(twins, 0 * twins), edges)
    alone = 8000**2 / 2 * 4 / 3 * np.pi * (0.4**3 - 0.2**3) / np.prod(BOX)
    np.testing.assert_allclose(near[0], 1 + 4000 / alone, atol=0.02)
    np.testing.assert_allclose(near[2:], 1, atol=0.05)


def test_placed_pairs_are_found(carried: dnspost.Run) -> None:
    """At the separations that the configuration tells, as many of each."""
    pairs = carried.particles["pairs"]
    position = pairs["position"].isel(time=0).values.reshape(200, 2, 3)
    distances = np.sqrt(((position[:, 1] - position[:, 0]) ** 2).sum(-1))
    np.testing.assert_allclose(distances, [0.05, 0.1] * 100)
    found = dnspost.pair_dispersion(pairs, [0.049, 0.051, 0.099, 0.101])
    assert (found["pairs"].values[[0, 2]] >= 100).all()
    grown = found["distance_squared"].isel(time=-1) / found["distance_squared"].isel(time=0)
    assert (grown.values[[0, 2]] > 1).all()


def test_what_cannot_be_is_said() -> None:
    """Uneven records, a single one, distances beyond half of the box."""
    particles = uniform()
    with pytest.raises(ValueError, match="even times"):
        dnspost.mean_square_displacement(particles.isel(time=[0, 1, 3]))
    with pytest.raises(ValueError, match="one record only"):
        dnspost.mean_square_displacement(particles.isel(time=[0]))
    with pytest.raises(ValueError, match="from 0 to 20 records"):
        dnspost.mean_square_displacement(particles, [30])
    with pytest.raises(ValueError, match=r"from 0 to 1\.57"):
        dnspost.pair_dispersion(particles, [0.1, 2.0])


def test_pictures(
    carried: dnspost.Run,
    cube: dnspost.Run,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One of each set, also in the report; a run without particles says so."""
    target = ["-o", str(tmp_path / "figure")]
    run_and_set = [str(carried.directory), "--name", "tracers"]
    assert main(["particles", *run_and_set, *target]) == 0
    assert is_a_picture(tmp_path / "figure.png", 1000)
    card = report.particles(carried)
    assert card.count("<picture>") == 3
    assert "particles 300, records 11" in card
    assert not report.particles(cube)
    capsys.readouterr()
    assert main(["particles", str(cube.directory)]) != 0
    assert "no particles" in capsys.readouterr().err
    assert main(["particles", str(carried.directory), "--name", "none"]) != 0
    assert "there are: late_1, pairs, tracers" in capsys.readouterr().err


def test_the_page_runs(
    carried: dnspost.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All blocks of docs/particles.md."""
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs/tracers").symlink_to(carried.directory)
    monkeypatch.chdir(tmp_path)
    names = run_blocks("docs/particles.md")
    pairs = names["pairs"]
    assert isinstance(pairs, xr.Dataset)
    assert (pairs["pairs"] > 0).all()
