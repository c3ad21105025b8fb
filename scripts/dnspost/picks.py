"""Which record of a series a picture shows, or the mean of which records, and how to call it."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import xarray as xr

from dnspost import files
from dnspost.averages import time_mean
from dnspost.runs import Run

D = TypeVar("D", xr.DataArray, xr.Dataset)


@dataclass(frozen=True)
class Choice:
    """A time, by default the last; or the mean of all records from `since` on."""

    time: float | None = None
    since: float | None = None
    mean: bool = False

    def __post_init__(self) -> None:
        """Raise ValueError for a choice that means nothing."""
        if self.mean and self.time is not None:
            raise ValueError("--time is of one record, --mean of many: give one of them")

    @property
    def tmin(self) -> float:
        """The first time that counts."""
        return -np.inf if self.since is None else self.since


LAST = Choice()


@dataclass(frozen=True)
class Pick:
    """What is shown: values without time, the standard error if they are means, and words."""

    values: xr.Dataset
    error: xr.Dataset | None
    #: The times that it covers.
    first: float
    last: float
    words: str


def at_time(series: D, time: float | None) -> D:
    """Return the record nearest to a time; the last one by default."""
    if time is None:
        return series.isel(time=-1)
    return series.sel(time=time, method="nearest")


def pick(series: xr.Dataset, choice: Choice, name: str | None = None) -> Pick:
    """Choose from records; `name` is that of their table in [output], for averages of samples."""
    if not choice.mean:
        if choice.since is not None:
            raise ValueError("--from wants --mean here, where one record is shown")
        values = at_time(series, choice.time)
        last = float(values["time"])
        first = begin(series, last, name)
        words = f"$t$ = {last:.4g}" if first == last else mean_words(first, last)
        return Pick(values, None, first, last, words)
    means = {
        n: time_mean(field, choice.tmin) for n, field in series.items() if "time" in field.dims
    }
    first = min(mean.attrs["first"] for mean in means.values())
    last = max(mean.attrs["last"] for mean in means.values())
    records = max(mean.attrs["records"] for mean in means.values())
    values = xr.Dataset({n: mean["mean"] for n, mean in means.items()}, attrs=series.attrs)
    parameters = {n: series[n].max() for n in ("viscosity", "k_max") if n in series.coords}
    error = xr.Dataset({n: mean["standard_error"] for n, mean in means.items()})
    words = f"{mean_words(first, last)}, {records} records"
    return Pick(values.assign_coords(parameters), error, first, last, words)


def mean_words(first: float, last: float) -> str:
    """Call an average over some time by its time."""
    return f"mean over $t$ = {first:.4g} to {last:.4g}"


def begin(series: D, time: float, name: str | None) -> float:
    """Return where the time begins that the record at `time` is an average over."""
    config = files.configuration(series.attrs.get("config"))
    if config is None or name is None:
        return time
    output = config["output"].get(name, {})
    earlier = series["time"].values[series["time"].values < time]
    if output.get("samples", 1) == 1 or earlier.size == 0:
        return time
    return float(max(earlier[-1], time - output["every"]))


def over(run: Run, column: str, pick: Pick) -> float:
    """Return a quantity of the history at the time of a record, or its mean over that time."""
    table = run.history
    rows = table[np.isfinite(table[column])]
    if rows.empty:
        return float("nan")
    inside = rows[rows["time"].between(pick.first, pick.last)]
    if pick.first < pick.last and len(inside) > 1:
        return float(inside[column].mean())
    return float(np.interp(pick.last, rows["time"], rows[column]))
