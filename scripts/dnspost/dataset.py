"""Snapshots as training data, in the form that PyTorch's DataLoader takes.

Samples are NumPy arrays, which the DataLoader makes tensors of: PyTorch itself is not needed here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import dask
import h5py
import numpy as np

from dnspost.grid import AXES, VELOCITY, Array
from dnspost.runs import Run


@dataclass(frozen=True)
class Normalisation:
    """What is subtracted from each field, and what the rest is divided by."""

    mean: Array
    deviation: Array

    @classmethod
    def of(cls, runs: Sequence[Run], fields: Sequence[str] = VELOCITY) -> "Normalisation":
        """Return mean and standard deviation over all snapshots; those of the training runs.

        Raises ValueError for a field that is the same everywhere.
        """
        # In double precision: of single files the squares would leave no digits of the deviation.
        series = [run.snapshots[list(fields)].astype(float) for run in runs]
        sizes = [s[fields[0]].size for s in series]
        lazy = [[(s[name].mean(), (s[name] ** 2).mean()) for name in fields] for s in series]
        moments = np.average(np.array(dask.compute(lazy)[0], float), axis=0, weights=sizes)
        mean, square = moments.T
        variance = square - mean**2
        for name, value, scale in zip(fields, variance, square, strict=True):
            if value <= 1e-14 * scale:
                raise ValueError(
                    f"{name} is the same everywhere: it has no deviation; leave it out"
                )
        return cls(mean, np.sqrt(variance))

    def apply(self, sample: Array) -> Array:
        """Normalise a sample [field][z][y][x]."""
        normal: Array = (sample - _column(self.mean)) / _column(self.deviation)
        return normal

    def undo(self, sample: Array) -> Array:
        """Return what `apply` has changed, as after a prediction."""
        original: Array = sample * _column(self.deviation) + _column(self.mean)
        return original


def _column(values: Array) -> Array:
    return values[:, None, None, None]


@dataclass(frozen=True)
class _Snapshot:
    """A file, the time of its fields, and their shape [z][y][x]."""

    path: Path
    time: float
    shape: tuple[int, ...]

    @classmethod
    def find(cls, path: Path, fields: Sequence[str]) -> "_Snapshot":
        """Look into a file; raises ValueError when it lacks one of `fields`."""
        with h5py.File(path) as file:
            there = [name for name in file["fields"] if name not in AXES]
            for name in fields:
                if name not in there:
                    raise ValueError(f"{path} has no field {name!r}, but {', '.join(there)}")
            return cls(path, float(file.attrs["time"]), file["fields"][fields[0]].shape)


class _Pair(NamedTuple):
    """Two snapshots of a run, twice the same where samples are no pairs."""

    now: _Snapshot
    later: _Snapshot

    @property
    def interval(self) -> float:
        return self.later.time - self.now.time


class SnapshotDataset:
    """Samples [field][z][y][x] of single precision from the snapshots of runs.

    `crop` takes cubes of so many points at random places, `crops` of them from each snapshot;
    `lag` > 0 gives pairs (now, `lag` snapshots later) of the same place, all of them `interval`
    apart in time. For training on several GPUs each of `ranks` processes takes its own share, all
    of the same size: that of torch's DistributedSampler with drop_last=True and shuffle=False.
    Only the numbers of a sample are read from the file, and no file stays open: the workers of a
    loader may be forked or started. `set_epoch` moves the places, equally on every rank; workers
    see it when they start, so not with the loader's persistent_workers.
    """

    def __init__(
        self,
        runs: Sequence[Run],
        fields: Sequence[str] = VELOCITY,
        *,
        crop: int | None = None,
        crops: int = 1,
        lag: int = 0,
        normalisation: Normalisation | None = None,
        seed: int = 0,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """Find the snapshots; see the class. Raises ValueError for what cannot be."""
        if not 0 <= rank < ranks:
            raise ValueError(f"rank is {rank}; it must be at least 0 and below ranks = {ranks}")
        for name, value, least in [("crops", crops, 1), ("lag", lag, 0), ("seed", seed, 0)]:
            if value < least:
                raise ValueError(f"{name} is {value}; it must be at least {least}")
        self.fields, self.crop, self.normalisation = list(fields), crop, normalisation
        self.seed, self.epoch = seed, 0
        pairs = _pairs(runs, fields, lag)
        self.interval = pairs[0].interval
        smallest = min(n for pair in pairs for n in pair.now.shape)
        if crop is not None and not 1 <= crop <= smallest:
            raise ValueError(f"crop is {crop}; it must be 1 to {smallest}, the fewest points")
        numbered = list(enumerate(pair for pair in pairs for _ in range(crops)))
        share = len(numbered) // ranks
        if share == 0:
            raise ValueError(f"{len(numbered)} samples are too few for ranks = {ranks}")
        self._samples = numbered[rank::ranks][:share]
        self._is_pair = lag > 0

    def __len__(self) -> int:
        """Return the number of samples of this rank."""
        return len(self._samples)

    def __getitem__(self, index: int) -> Array | tuple[Array, Array]:
        """Read a sample, or a pair of them."""
        number, (now, later) = self._samples[index]
        box = self._box(number, now.shape)
        first = self._read(now, box)
        return (first, self._read(later, box)) if self._is_pair else first

    def set_epoch(self, epoch: int) -> None:
        """Choose the places of the crops anew; the same in every process that says the same."""
        self.epoch = epoch

    def _box(self, number: int, shape: tuple[int, ...]) -> tuple[slice, ...]:
        if self.crop is None:
            return (slice(None),) * len(AXES)
        # A function of the number of the sample alone: not of the rank, nor of who asked before.
        random = np.random.default_rng([self.seed, self.epoch, number])
        starts = (int(random.integers(n - self.crop + 1)) for n in shape)
        return tuple(slice(start, start + self.crop) for start in starts)

    def _read(self, snapshot: _Snapshot, box: tuple[slice, ...]) -> Array:
        with h5py.File(snapshot.path) as file:
            sample = np.stack([file["fields"][name][box] for name in self.fields])
        if self.normalisation is not None:
            sample = self.normalisation.apply(sample)
        return sample.astype(np.float32)


def _pairs(runs: Sequence[Run], fields: Sequence[str], lag: int) -> list[_Pair]:
    """Return every snapshot with the one `lag` later, if that is as much later as elsewhere.

    The end of a run, which may come at any time, makes pairs of another interval.
    """
    series = [list(_pairs_of(run, fields, lag)) for run in runs]
    intervals = [pair.interval for pairs in series for pair in pairs]
    if not intervals:
        raise ValueError(f"no run has more than lag = {lag} snapshots")
    kept = []
    for run, pairs in zip(runs, series, strict=True):
        fit = [pair for pair in pairs if np.isclose(pair.interval, intervals[0])]
        if pairs and not fit:
            raise ValueError(
                f"{run.directory} has no snapshots that are {intervals[0]:g} apart, as those of "
                f"{runs[0].directory} are with lag = {lag}"
            )
        kept += fit
    return kept


def _pairs_of(run: Run, fields: Sequence[str], lag: int) -> Iterator[_Pair]:
    found = [_Snapshot.find(path, fields) for path in run.snapshot_files]
    for now, later in zip(found, found[lag:], strict=False):
        if now.shape == later.shape:  # else the run was continued on another grid
            yield _Pair(now, later)
