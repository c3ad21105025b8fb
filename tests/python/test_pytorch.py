"""Training data under PyTorch: its loaders, its samplers, processes that train together.

scripts/test_pytorch.sh finds an environment for these.
"""

from pathlib import Path

import numpy as np
import pytest

import dnspost
from dnspost.dataset import Normalisation, SnapshotDataset
from dnspost.grid import Array

pytest.importorskip("torch", reason="no PyTorch: scripts/test_pytorch.sh installs it for these")
import torch
from torch import distributed
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader
from torch.utils.data.distributed import DistributedSampler

PROCESSES = 2

# Python 3.12 warns of what PyTorch's loaders do by default, beside the threads of dask.
pytestmark = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")


def predictor() -> torch.nn.Module:
    """Return a filter that is to tell the later field from the present one, the same each time."""
    torch.manual_seed(1)
    return torch.nn.Conv3d(3, 3, 3, padding=1, padding_mode="circular")


def loss(model: torch.nn.Module, now: torch.Tensor, later: torch.Tensor) -> torch.Tensor:
    """Return the mean square of what the model gets wrong."""
    return torch.nn.functional.mse_loss(model(now), later)


def test_workers_load_what_is_in_the_files(cube: dnspost.Run) -> None:
    """Batches [sample][field][z][y][x] of float32, in order, once each, from two processes."""
    normalisation = Normalisation.of([cube])
    data = SnapshotDataset([cube], crop=8, crops=2, lag=1, normalisation=normalisation)
    loader = DataLoader(data, batch_size=3, num_workers=2)
    batches = list(loader)
    assert [len(now) for now, _ in batches] == [3, 3, 2]
    for i, parts in enumerate(zip(*batches, strict=True)):
        loaded = torch.cat(parts)
        assert loaded.shape == (8, 3, 8, 8, 8)
        assert loaded.dtype == torch.float32
        expected = np.stack([data[n][i] for n in range(len(data))])
        np.testing.assert_array_equal(loaded.numpy(), expected)


def test_an_epoch_reaches_the_workers(cube: dnspost.Run) -> None:
    """Those of the next epoch crop elsewhere."""
    data = SnapshotDataset([cube], ["u"], crop=8)
    loader = DataLoader(data, batch_size=len(data), num_workers=1)
    (first,) = loader
    data.set_epoch(1)
    (second,) = loader
    assert not torch.equal(first, second)
    np.testing.assert_array_equal(second[2].numpy(), data[2])


def test_shares_are_those_of_the_distributed_sampler(cube: dnspost.Run) -> None:
    """With drop_last and without shuffling; and the sampler's own shuffling works on the whole."""
    whole = SnapshotDataset([cube], ["u"], crop=4, crops=3)  # 15 samples, not a multiple of 4
    shuffled = []
    for rank in range(4):
        sampler = DistributedSampler(whole, 4, rank, shuffle=False, drop_last=True)
        share = SnapshotDataset([cube], ["u"], crop=4, crops=3, rank=rank, ranks=4)
        np.testing.assert_array_equal([share[i] for i in range(3)], [whole[i] for i in sampler])
        shuffled += list(DistributedSampler(whole, 4, rank, seed=7, drop_last=True))
    assert len(set(shuffled)) == len(shuffled) == 12


def test_training_lowers_the_loss(cube: dnspost.Run) -> None:
    """A filter learns from pairs what the next snapshot is like: better than the present one is."""
    normalisation = Normalisation.of([cube])
    data = SnapshotDataset([cube], crop=16, crops=2, lag=1, normalisation=normalisation)
    model = predictor()
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    losses = []
    for epoch in range(8):
        data.set_epoch(epoch)
        for now, later in DataLoader(data, batch_size=4, shuffle=True):
            optimiser.zero_grad()
            error = loss(model, now, later)
            error.backward()
            optimiser.step()
            losses.append(error.item())
    assert losses[0] > 0.5, "of fields with the variance 1"
    assert np.mean(losses[-2:]) < 0.3 * losses[0]


def step(rank: int, directory: Path, folder: Path) -> None:
    """Take a step of gradient descent together with the other processes; keep the weights."""
    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=PROCESSES
    )
    data = SnapshotDataset([dnspost.open(directory)], crop=8, lag=1, rank=rank, ranks=PROCESSES)
    weights = descend(DistributedDataParallel(predictor()), data)
    np.save(folder / f"{rank}.npy", weights)
    distributed.destroy_process_group()


def descend(model: torch.nn.Module, data: SnapshotDataset) -> Array:
    """Take one step with all of `data` as one batch, and return the weights."""
    ((now, later),) = DataLoader(data, batch_size=len(data))
    loss(model, now, later).backward()
    torch.optim.SGD(model.parameters(), lr=0.1).step()
    return weights_of(model)


def weights_of(model: torch.nn.Module) -> Array:
    """Return all weights in a row."""
    weights: Array = torch.nn.utils.parameters_to_vector(model.parameters()).detach().numpy()
    return weights


def test_processes_that_train_together_see_all_data(cube: dnspost.Run, tmp_path: Path) -> None:
    """A step of two has the gradient of one with all samples, so no sample is lost or doubled."""
    torch.multiprocessing.spawn(step, (cube.directory, tmp_path), PROCESSES)
    alone = descend(predictor(), SnapshotDataset([cube], crop=8, lag=1))
    for rank in range(PROCESSES):
        together = np.load(tmp_path / f"{rank}.npy")
        np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-7)
    assert np.abs(alone - weights_of(predictor())).max() > 1e-3
