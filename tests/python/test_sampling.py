"""Fields at any point and time."""

import numpy as np
import pytest
import xarray as xr

import dnspost
from dnspost.grid import Array
from exact_fields import abc, noise, velocity

POINTS = np.random.default_rng(3).uniform(-20, 20, (100, 3))


def exact(points: Array) -> dict[str, Array]:
    """Evaluate the formula of the ABC flow at points."""
    x, y, z = points.T
    return {
        "u": np.sin(z) + np.cos(y),
        "v": np.sin(x) + np.cos(z),
        "w": np.sin(y) + np.cos(x),
    }


def largest_error(n: int, method: str) -> float:
    """Error of sampling an ABC flow on n^3 points."""
    found = dnspost.sample(abc(n), POINTS, method)
    return max(float(abs(found[name] - f).max()) for name, f in exact(POINTS).items())


def test_the_fourier_series_is_exact_anywhere() -> None:
    """Also outside of the box, which is periodic, with any number of points."""
    assert largest_error(8, "spectral") < 1e-13


@pytest.mark.parametrize(("method", "order"), [("lag4", 4), ("lag6", 6), ("lag8", 8)])
def test_lagrange_polynomials_have_their_order(method: str, order: int) -> None:
    """Half the spacing, 2^order times less error."""
    ratio = largest_error(16, method) / largest_error(32, method)
    assert np.log2(ratio) == pytest.approx(order, abs=0.4)


def test_lagrange_nodes_lie_evenly_on_both_sides() -> None:
    """Half way between points 2 and 3, lag4 weighs points 1 to 4 by -1, 9, 9, -1 sixteenths."""
    spacing = 2 * np.pi / 8
    peaks = [np.zeros((8, 8, 8)) for _ in range(3)]
    for index, peak in zip((0, 1, 4), peaks, strict=True):
        peak[:, :, index] = 1
    found = dnspost.sample(velocity(peaks), np.array([[2.5 * spacing, 0.0, 0.0]]), "lag4")
    assert [float(found[name][0]) for name in "uvw"] == pytest.approx([0, -1 / 16, -1 / 16])


@pytest.mark.parametrize("method", ["spectral", "lag4", "lag6", "lag8"])
def test_grid_points_give_their_own_values(method: str) -> None:
    """In a box of unequal sides, of fields in chunks."""
    points, lengths = (9, 11, 15), (1.0, 2.0, 0.5)
    fields = noise(points, lengths).chunk({"z": 4})
    indices = np.array([[0, 0, 0], [8, 3, 14], [4, 10, 7]])
    places = indices * 2 * np.pi * np.array(lengths) / points
    found = dnspost.sample(fields, places, method)
    for name in "uvw":
        expected = [float(fields[name][k, j, i]) for i, j, k in indices]
        np.testing.assert_allclose(found[name], expected, atol=1e-11)
    np.testing.assert_allclose(found["y"], places[:, 1])


def test_a_run_is_sampled_in_space_and_time(cube: dnspost.Run) -> None:
    """JHTDB's "none" takes the nearest snapshot, "pchip" a cubic through four."""
    points = POINTS[:5]
    times = cube.snapshots["time"].values
    at = [cube.sample(points, t) for t in times]
    xr.testing.assert_allclose(cube.sample(points, times[2] + 0.01), at[2])
    xr.testing.assert_allclose(cube.sample(points, times[2], time_method="pchip"), at[2])
    middle = cube.sample(points, times[1] + 0.125, time_method="pchip")
    # Hermite's cubic half way, with slopes from both neighbours on equal steps.
    for name in "uvw":
        a, b, c, d = (at[i][name].values for i in range(4))
        np.testing.assert_allclose(middle[name], (b + c) / 2 + (c - a - d + b) / 16, atol=1e-12)
    with pytest.raises(ValueError, match="two snapshots"):
        cube.sample(points, 0.01, time_method="pchip")
    with pytest.raises(ValueError, match="from 0 to 1"):
        cube.sample(points, 2.0)
    assert list(cube.sample(points, 0.0, "lag4", fields=["w"])) == ["w"]


def test_wrong_arguments_are_named() -> None:
    """Shape, method and time method."""
    with pytest.raises(ValueError, match=r"shape \(1, 2\)"):
        dnspost.sample(abc(8), np.zeros((1, 2)))
    with pytest.raises(ValueError, match="lag5"):
        dnspost.sample(abc(8), POINTS, "lag5")
