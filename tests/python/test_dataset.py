"""Training data: the right numbers, the same for any number of processes."""

import pickle
import shutil
from pathlib import Path

import h5py
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


def test_pairs_are_of_one_run_and_one_place(cube: dnspost.Run) -> None:
    """The second is `lag` snapshots later, cropped at the same place."""
    data = SnapshotDataset([cube, cube], ["u"], crop=8, crops=3, lag=2)
    assert len(data) == 2 * 3 * 3
    assert data.interval == pytest.approx(0.5)
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


def test_deviations_of_single_precision(oblong: dnspost.Run, tmp_path: Path) -> None:
    """On top of a large mean: the mean of the squares needs twice the digits."""
    run = copy(oblong, tmp_path)
    for path in run.snapshot_files:
        with h5py.File(path, "r+") as file:
            shifted = (file["fields"]["u"][...] + 500).astype(np.float32)
            del file["fields"]["u"]
            file["fields"]["u"] = shifted
    found, expected = Normalisation.of([run], ["u"]), Normalisation.of([oblong], ["u"])
    np.testing.assert_allclose(found.mean, expected.mean + 500, rtol=1e-7)
    np.testing.assert_allclose(found.deviation, expected.deviation, rtol=1e-4)


def test_a_field_without_deviation_is_refused(oblong: dnspost.Run, tmp_path: Path) -> None:
    """Instead of samples that are not finite."""
    run = copy(oblong, tmp_path)
    for path in run.snapshot_files:
        with h5py.File(path, "r+") as file:
            file["fields"]["v"][...] = 0.3
    with pytest.raises(ValueError, match="v is the same everywhere"):
        Normalisation.of([run])


def test_a_pair_has_the_interval_of_all_others(oblong: dnspost.Run, tmp_path: Path) -> None:
    """The run ends between two multiples of the interval; its last snapshot is in no pair."""
    run = copy(oblong, tmp_path)
    with h5py.File(run.snapshot_files[-1], "r+") as file:
        file.attrs["time"] = 0.35
    data = SnapshotDataset([run], ["u"], lag=1)
    assert len(data) == 3
    assert data.interval == pytest.approx(0.1)
    assert len(SnapshotDataset([run], ["u"])) == 5


def test_coarse_snapshots_are_cropped_as_they_are(oblong: dnspost.Run, tmp_path: Path) -> None:
    """Their points are not those of the grid that the run was computed on."""
    run = copy(oblong, tmp_path)
    for path in run.snapshot_files:
        with h5py.File(path, "r+") as file:
            coarse = file["fields"]["u"][::2, ::2, ::2]
            del file["fields"]["u"]
            file["fields"]["u"] = coarse
    assert np.shape(SnapshotDataset([run], ["u"], crop=10)[0]) == (1, 10, 10, 10)
    with pytest.raises(ValueError, match="1 to 10"):
        SnapshotDataset([run], ["u"], crop=11)


def test_it_travels_to_other_processes(cube: dnspost.Run) -> None:
    """As a loader's workers that are started afresh get it: no file is open in it."""
    data = SnapshotDataset([cube], crop=8)
    before = data[1]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(data))[1], before)


def test_wrong_arguments_are_named(cube: dnspost.Run, oblong: dnspost.Run) -> None:
    """With what is allowed."""
    with pytest.raises(ValueError, match="rank is 2"):
        SnapshotDataset([cube], rank=2, ranks=2)
    with pytest.raises(ValueError, match="1 to 32"):
        SnapshotDataset([cube], crop=33)
    with pytest.raises(ValueError, match="lag = 5"):
        SnapshotDataset([cube], lag=5)
    with pytest.raises(ValueError, match="lag is -1"):
        SnapshotDataset([cube], lag=-1)
    with pytest.raises(ValueError, match="no field 'dye', but u, v, w"):
        SnapshotDataset([cube], ["u", "dye"])
    with pytest.raises(ValueError, match=r"oblong has no snapshots that are 0.25 apart"):
        SnapshotDataset([cube, oblong], lag=1)
    with pytest.raises(ValueError, match="5 samples are too few for ranks = 6"):
        SnapshotDataset([cube], ranks=6)


def copy(run: dnspost.Run, folder: Path) -> dnspost.Run:
    """Return a copy of a run whose files may be changed."""
    return dnspost.open(Path(shutil.copytree(run.directory, folder / "copy")))
