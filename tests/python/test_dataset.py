"""Training data: the right numbers, the same for any number of processes."""

import numpy as np
import pytest

import dnspost
from dnspost.dataset import Normalisation, SnapshotDataset


def test_samples_are_the_snapshots(cube: dnspost.Run, oblong: dnspost.Run) -> None:
    """Every snapshot of every run once, [field][z][y][x] of single precision."""
    data = SnapshotDataset([oblong, cube], ["w", "u"])
    assert len(data) == 10
    sample = data[2]
    assert isinstance(sample, np.ndarray)
    assert sample.dtype == np.float32
    snapshot = oblong.snapshots.isel(time=2)
    expected = np.stack([snapshot["w"], snapshot["u"]]).astype(np.float32)
    np.testing.assert_array_equal(sample, expected)


def test_pairs_are_of_one_run_and_one_place(cube: dnspost.Run, oblong: dnspost.Run) -> None:
    """The second is `lag` snapshots later, cropped at the same place."""
    data = SnapshotDataset([cube, oblong], ["u"], crop=8, crops=3, lag=2)
    assert len(data) == 2 * 3 * 3
    now, later = data[4]
    assert now.shape == later.shape == (1, 8, 8, 8)
    whole = cube.snapshots["u"].values.astype(np.float32)
    places = np.lib.stride_tricks.sliding_window_view(whole[1], (8, 8, 8))
    (place,) = np.argwhere((places == now[0]).all((3, 4, 5)))
    z, y, x = place
    np.testing.assert_array_equal(later[0], whole[3][z : z + 8, y : y + 8, x : x + 8])


def test_places_depend_on_sample_and_epoch_alone(cube: dnspost.Run) -> None:
    """Not on the order in which they are asked for; other epochs and samples lie elsewhere."""
    data = SnapshotDataset([cube], crop=8, crops=2)
    first, second = np.array(data[0]), np.array(data[1])
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(SnapshotDataset([cube], crop=8, crops=2)[0], first)
    data.set_epoch(1)
    assert not np.array_equal(data[0], first)


def test_ranks_share_the_samples(cube: dnspost.Run) -> None:
    """Equal shares, none twice, the same samples as without sharing."""
    alone = SnapshotDataset([cube], crop=8, crops=2)
    shares = [SnapshotDataset([cube], crop=8, crops=2, rank=r, ranks=3) for r in range(3)]
    assert [len(share) for share in shares] == [3, 3, 3]
    for rank, share in enumerate(shares):
        for i in range(3):
            np.testing.assert_array_equal(share[i], alone[3 * i + rank])


def test_normal_fields_have_mean_0_and_deviation_1(oblong: dnspost.Run) -> None:
    """Over all snapshots, and back."""
    normalisation = Normalisation.of([oblong])
    np.testing.assert_allclose(normalisation.mean, [0.1, 0.0, -0.2], atol=1e-12)
    data = SnapshotDataset([oblong], normalisation=normalisation)
    samples = np.array([data[i] for i in range(len(data))])
    np.testing.assert_allclose(samples.mean((0, 2, 3, 4)), 0, atol=1e-6)
    np.testing.assert_allclose(samples.std((0, 2, 3, 4)), 1, atol=1e-6)
    raw = SnapshotDataset([oblong])[0]
    np.testing.assert_allclose(normalisation.undo(samples[0]), raw, atol=1e-6)


def test_wrong_arguments_are_named(cube: dnspost.Run) -> None:
    """Rank, crop and lag."""
    with pytest.raises(ValueError, match="rank is 2"):
        SnapshotDataset([cube], rank=2, ranks=2)
    with pytest.raises(ValueError, match="1 to 32"):
        SnapshotDataset([cube], crop=33)
    with pytest.raises(ValueError, match="lag = 5"):
        SnapshotDataset([cube], lag=5)


def test_the_loader_of_pytorch_takes_it(cube: dnspost.Run) -> None:
    """Batches of tensors, from another process. PyTorch is too large to be installed for this."""
    torch = pytest.importorskip("torch")
    data = SnapshotDataset([cube], crop=8, crops=2, lag=1)
    loader = torch.utils.data.DataLoader(data, batch_size=4, num_workers=1)
    batches = list(loader)
    assert len(batches) == 2
    now, later = batches[0]
    assert now.shape == later.shape == (4, 3, 8, 8, 8)
    assert now.dtype == torch.float32
    assert np.array_equal(now[1].numpy(), data[1][0])
