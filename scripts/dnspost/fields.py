"""Fields that follow from the velocity: gradients, vorticity, dissipation, Q.

The velocity is a Dataset with u, v, w; derivatives are spectral.
"""

import xarray as xr

from dnspost.grid import AXES, VELOCITY
from dnspost.spectral import derivative


def gradient(velocity: xr.Dataset) -> dict[tuple[str, str], xr.DataArray]:
    """All nine derivatives: `gradient(velocity)["u", "y"]` is du/dy, 1/T."""
    return {(name, a): derivative(velocity[name], a) for name in VELOCITY for a in AXES}


def divergence(velocity: xr.Dataset) -> xr.DataArray:
    """Divergence du_i/dx_i, 1/T."""
    parts = [derivative(velocity[name], a) for name, a in zip(VELOCITY, AXES, strict=True)]
    return _named(parts[0] + parts[1] + parts[2], "divergence", "1/T", "divergence of velocity")


def vorticity(velocity: xr.Dataset) -> xr.Dataset:
    """Vorticity, the curl of the velocity, as omega_x, omega_y, omega_z, 1/T."""
    g = gradient(velocity)
    curl = {
        "omega_x": g["w", "y"] - g["v", "z"],
        "omega_y": g["u", "z"] - g["w", "x"],
        "omega_z": g["v", "x"] - g["u", "y"],
    }
    along = {name: f"vorticity along {name[-1]}" for name in curl}
    return xr.Dataset({name: _named(f, name, "1/T", along[name]) for name, f in curl.items()})


def vorticity_magnitude(velocity: xr.Dataset) -> xr.DataArray:
    """Magnitude of the vorticity, 1/T."""
    x, y, z = vorticity(velocity).values()
    magnitude = (x**2 + y**2 + z**2) ** 0.5
    return _named(magnitude, "vorticity", "1/T", "magnitude of vorticity")


def dissipation(velocity: xr.Dataset, viscosity: float) -> xr.DataArray:
    """Local dissipation 2 nu s_ij s_ij with s_ij = (du_i/dx_j + du_j/dx_i) / 2, L^2/T^3."""
    g = gradient(velocity)
    pairs = [(i, j) for i in range(3) for j in range(3)]
    strain = (g[VELOCITY[i], AXES[j]] + g[VELOCITY[j], AXES[i]] for i, j in pairs)
    total = sum((s**2 for s in strain), start=xr.zeros_like(velocity["u"]))
    return _named(viscosity / 2 * total, "dissipation", "L^2/T^3", "local dissipation")


def q_criterion(velocity: xr.Dataset) -> xr.DataArray:
    """Second invariant Q = -(du_i/dx_j du_j/dx_i) / 2, 1/T^2: positive where rotation prevails.

    Hunt, Wray & Moin 1988, Center for Turbulence Research, CTR-S88, p. 193.
    """
    g = gradient(velocity)
    pairs = [(i, j) for i in range(3) for j in range(3)]
    products = (g[VELOCITY[i], AXES[j]] * g[VELOCITY[j], AXES[i]] for i, j in pairs)
    total = sum(products, start=xr.zeros_like(velocity["u"]))
    return _named(-0.5 * total, "q_criterion", "1/T^2", "second invariant of the gradient")


def _named(field: xr.DataArray, name: str, units: str, long_name: str) -> xr.DataArray:
    field = field.rename(name)
    field.attrs = {"units": units, "long_name": long_name}
    return field
