"""Means over a time that is statistically steady, and how far they are to be trusted.

Rows a short time apart say nearly the same. With the autocorrelation rho of a series the variance
of its mean is g s^2 / n, g = 1 + 2 (rho_1 + rho_2 + ..) (Priestley 1981, Spectral Analysis and
Time Series, section 5.3): n rows are worth n / g independent ones, and g intervals are the
decorrelation time, twice the integral time scale. The sum ends at the first M >= 5 (g / 2), before
it is noise alone (Sokal 1997, in: Functional Integration, p. 131, section 3).
"""

import numpy as np
import pandas as pd
import xarray as xr

from dnspost.grid import Array
from dnspost.runs import Run

WINDOW = 5  # of the sum, in integral times
FEW = 10  # independent samples: with fewer the error is a guess, and usually too small


def steady(run: Run, tmin: float = -np.inf, tmax: float = np.inf) -> pd.DataFrame:
    """Return the means of the history's columns over `tmin` <= t <= `tmax`, a row for each.

    Columns are `mean`, its `standard_error`, the `deviation` of the rows, `decorrelation_time` in
    T, `independent_samples`, and `few_samples`, true where these are fewer than ten: then the
    error itself is a guess, and usually too small. `attrs["units"]` has the units. Rows where a
    quantity is not finite do not count; without two others it is NaN. Raises ValueError when
    there are less than two rows.
    """
    table = run.history
    table = table[table["time"].between(tmin, tmax)]
    _check(len(table), "rows of the history", run.history["time"].to_numpy(), tmin, tmax)
    time = table["time"].to_numpy()
    names = [name for name in table if name not in ("time", "dt")]
    rows = {name: _of_series(time, table[name].to_numpy(float)) for name in names}
    columns = ["mean", "standard_error", "deviation", "decorrelation_time", "independent_samples"]
    result = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    result["few_samples"] = ~(result["independent_samples"] >= FEW)
    result.index.name = "quantity"
    result.attrs["units"] = run.history.attrs["units"]
    return result


def time_mean(data: xr.DataArray, tmin: float = -np.inf, tmax: float = np.inf) -> xr.Dataset:
    """Return `mean`, `standard_error` and `independent_samples` of records over their time.

    `data` has the dimension `time` and any others, such as spectra (time, k); each entry is a
    series of its own. Records where it is NaN do not count. Raises ValueError for less than two
    records.
    """
    time = data["time"].values
    chosen = data.isel(time=(time >= tmin) & (time <= tmax)).transpose("time", ...)
    _check(chosen.sizes["time"], "records", time, tmin, tmax)
    values = np.asarray(chosen.values, float)
    flat = values.reshape(len(values), -1)
    found = np.array([_of_series(chosen["time"].values, column) for column in flat.T])
    shape, dims = values.shape[1:], chosen.dims[1:]
    names = {"mean": 0, "standard_error": 1, "independent_samples": 4}
    result = xr.Dataset(
        {name: (dims, found[:, i].reshape(shape)) for name, i in names.items()},
        {dim: chosen[dim] for dim in dims if dim in chosen.coords},
    )
    for name in ("mean", "standard_error"):
        result[name].attrs = dict(data.attrs)
    first, last = (float(chosen["time"][i]) for i in (0, -1))
    return result.assign_attrs(first=first, last=last, records=chosen.sizes["time"])


def _check(found: int, what: str, time: Array, tmin: float, tmax: float) -> None:
    if found < 2:
        there = (
            f"they reach from t = {time[0]:g} to {time[-1]:g}" if time.size else "there are none"
        )
        raise ValueError(
            f"a mean wants two {what} or more, and from t = {tmin:g} to {tmax:g} there are {found}"
            f"; {there}"
        )


def _of_series(time: Array, values: Array) -> tuple[float, float, float, float, float]:
    """Return mean, its standard error, deviation, decorrelation time and independent samples."""
    there = np.isfinite(values)
    if there.sum() < 2:
        return (np.nan,) * 5
    interval, even = evenly(time[there], values[there])
    g, variance, n = inefficiency(even), float(even.var()), even.size
    # The mean is that of the series itself, so that deviations from it are too small by g / n.
    variance *= n / (n - g)
    error = np.sqrt(variance * g / n)
    return float(even.mean()), float(error), float(np.sqrt(variance)), g * interval, n / g


def evenly(time: Array, values: Array) -> tuple[float, Array]:
    """Return the interval and the values at equal intervals.

    The last row of a run, or those after another `every`, may stand at others: then values are
    interpolated, at the median interval.
    """
    steps = np.diff(time)
    interval = float(np.median(steps))
    if np.allclose(steps, interval, rtol=1e-6, atol=0):
        return interval, values
    count = max(round(float(time[-1] - time[0]) / interval), 1)
    even = np.linspace(time[0], time[-1], count + 1)
    return float(even[1] - even[0]), np.interp(even, time, values)


def inefficiency(values: Array) -> float:
    """Return g of an evenly spaced series: at least 1, and at most half of its length."""
    n = values.size
    deviations = values - values.mean()
    most = max(n / 2, 1.0)
    if not abs(deviations).max() > 1e-13 * abs(values).max():
        return 1.0  # a constant, but for rounding
    transformed = np.fft.rfft(deviations, 2 * n)
    covariance = np.fft.irfft(abs(transformed) ** 2)[:n]
    sums = 2 * np.cumsum(covariance / covariance[0]) - 1
    wide = np.arange(n) >= WINDOW * sums / 2
    g = float(sums[int(np.argmax(wide))] if wide.any() else sums[-1])
    return float(np.clip(g, 1.0, most))
