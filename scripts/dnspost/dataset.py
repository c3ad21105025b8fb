"""Snapshots as training data, in the form that PyTorch's DataLoader takes.

Samples are NumPy arrays, which the DataLoader makes tensors of: PyTorch itself is not needed here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
        """Return mean and standard deviation over all snapshots; those of the training runs."""
        series = [run.snapshots[list(fields)] for run in runs]
        sizes = [s[fields[0]].size for s in series]
        lazy = [[(s[name].mean(), (s[name] ** 2).mean()) for name in fields] for s in series]
        moments = np.average(np.array(dask.compute(lazy)[0], float), axis=0, weights=sizes)
        mean, square = moments.T
        return cls(mean, np.sqrt(square - mean**2))

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


class SnapshotDataset:
    """Samples [field][z][y][x] of single precision from the snapshots of runs.

    `crop` takes cubes of so many points at random places, `crops` of them from each snapshot;
    `lag` > 0 gives pairs (now, `lag` snapshots later) of the same place. For training on several
    GPUs each of `ranks` processes takes its own share, all of the same size. Only the numbers of a
    sample are read from the file. `set_epoch` moves the places, equally on every rank.
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
        """Find the snapshots; see the class."""
        if not 0 <= rank < ranks:
            raise ValueError(f"rank is {rank}; it must be at least 0 and below ranks = {ranks}")
        smallest = min(n for run in runs for n in run.config["grid"]["points"])
        if crop is not None and not 1 <= crop <= smallest:
            raise ValueError(f"crop is {crop}; it must be 1 to {smallest}, the fewest points")
        self.fields, self.crop, self.normalisation = list(fields), crop, normalisation
        self.seed, self.epoch = seed, 0
        series = [run.snapshot_files for run in runs]
        pairs = [(files[i], files[i + lag]) for files in series for i in range(len(files) - lag)]
        if not pairs:
            raise ValueError(f"no run has more than lag = {lag} snapshots")
        numbered = list(enumerate(pair for pair in pairs for _ in range(crops)))
        share = len(numbered) // ranks
        self._samples = numbered[rank::ranks][:share]
        self._is_pair = lag > 0

    def __len__(self) -> int:
        """Return the number of samples of this rank."""
        return len(self._samples)

    def __getitem__(self, index: int) -> Array | tuple[Array, Array]:
        """Read a sample, or a pair of them."""
        number, (now, later) = self._samples[index]
        with h5py.File(now) as file:
            shape = file["fields"][self.fields[0]].shape
            box = self._box(number, shape)
            first = self._read(file, box)
        if not self._is_pair:
            return first
        with h5py.File(later) as file:
            return first, self._read(file, box)

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

    def _read(self, file: h5py.File, box: tuple[slice, ...]) -> Array:
        sample = np.stack([file["fields"][name][box] for name in self.fields])
        if self.normalisation is not None:
            sample = self.normalisation.apply(sample)
        return sample.astype(np.float32)
