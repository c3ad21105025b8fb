"""Fields of which everything is known."""

from collections.abc import Sequence

import numpy as np
import xarray as xr

from dnspost.grid import VELOCITY, Array, point_coordinates
from running import coordinates

CUBE = (1.0, 1.0, 1.0)


def velocity(components: Sequence[Array], lengths: tuple[float, float, float] = CUBE) -> xr.Dataset:
    """Three arrays [nz][ny][nx] as a velocity."""
    points = components[0].shape[::-1]
    named = zip(VELOCITY, components, strict=True)
    fields = {name: (("z", "y", "x"), values) for name, values in named}
    return xr.Dataset(fields, dict(point_coordinates(points, lengths)))


def abc(n: int, k: int = 1, coefficients: Sequence[float] = (1.0, 1.0, 1.0)) -> xr.Dataset:
    """Arnold-Beltrami-Childress flow: its vorticity is k times itself."""
    x, y, z = (k * c for c in coordinates((n, n, n), CUBE))
    a, b, c = coefficients
    parts = [
        a * np.sin(z) + c * np.cos(y),
        b * np.sin(x) + a * np.cos(z),
        c * np.sin(y) + b * np.cos(x),
    ]
    return velocity([np.broadcast_to(part, (n, n, n)) for part in parts])


def taylor_green(n: int) -> xr.Dataset:
    """Taylor-Green vortex of amplitude 1."""
    x, y, z = coordinates((n, n, n), CUBE)
    u = np.sin(x) * np.cos(y) * np.cos(z)
    v = -np.cos(x) * np.sin(y) * np.cos(z)
    return velocity([u, v, np.zeros_like(u)])


def noise(points: tuple[int, int, int], lengths: tuple[float, float, float]) -> xr.Dataset:
    """Numbers without any order: all modes that the grid holds, the Nyquist ones too."""
    numbers = np.random.default_rng(7).normal(size=(3, *points[::-1]))
    return velocity(list(numbers), lengths)
