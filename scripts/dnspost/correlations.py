"""Two-point correlations from one-dimensional spectra."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from dnspost.grid import AXES


def correlations(spectra: xr.Dataset, box: Mapping[str, Any]) -> xr.Dataset:
    """Return <f(x) g(x + r e)> for every spectrum `.._along_x` (y, z), over `r_x` (`r_y`, `r_z`).

    They are the sums of E(k) cos(k r) dk, exact at any r: here at the grid's spacing up to half of
    the box, of which `box` has `points` and `lengths` as the configuration.
    """
    found = {}
    for index, axis in enumerate(AXES):
        n, length = box["points"][index], box["lengths"][index]
        attributes = {"units": "L", "long_name": f"separation along {axis}"}
        r = xr.Variable(f"r_{axis}", 2 * np.pi * length * np.arange(n // 2 + 1) / n, attributes)
        k = f"k_{axis}"
        waves = np.cos(spectra[k] * xr.DataArray(r, {r.dims[0]: r})) / length
        for name, spectrum in spectra.items():
            if str(name).endswith(f"_along_{axis}"):
                found[str(name)] = (spectrum * waves).sum(k, min_count=1)
    return xr.Dataset(found)
