"""Jobs, chains of jobs and job arrays under a real Slurm that these tests start."""

import json
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

import dnspost
from dnspost import cli
from dnspost.submit import Job, Node, smallest_node
from running import REPOSITORY, SOLVER, solve
from slurm_cluster import Cluster, cluster, reason_against

# A power of two, so that the steps are the same to the last bit whatever the end of the run.
DT = 2.0**-7
LOG = "--sbatch=--output=job.txt"


@pytest.fixture(scope="module")
def slurm() -> Iterator[Cluster]:
    """Return a cluster in which sbatch finds this machine as its node."""
    reason = reason_against()
    if reason:
        pytest.skip(reason)
    with tempfile.TemporaryDirectory() as folder, cluster(Path(folder)) as made:
        yield made


@pytest.fixture
def folder(slurm: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory, with the commands of Slurm at hand."""
    for name in ("PATH", "SLURM_CONF"):
        monkeypatch.setenv(name, slurm.environment[name])
    # Ranks share cores here.
    monkeypatch.setenv("OMPI_MCA_mpi_yield_when_idle", "1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def submitted(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Submit by the command line; return the number of the job."""
    assert cli.main(["submit", *arguments]) == 0
    words = capsys.readouterr().out.split()
    assert words[:-1] == ["Submitted", "batch", "job"]
    return words[-1]


def configured(name: str, **changes: float | dict[str, float]) -> Path:
    """Write the configuration of a run in the directory `name`; dots in keys are __."""
    config: dict[str, Any] = {
        "grid": {"points": [32, 32, 32]},
        "physics": {"viscosity": 0.05},
        "initial": {"kind": "taylor_green"},
        "time": {"dt": DT, "end": 5 * DT},
        "output": {"directory": name},
    }
    for key, value in changes.items():
        section, _, last = key.partition("__")
        config[section][last] = value
    return dnspost.write_config(config, f"{name}.toml")


def end_state(run: str) -> tuple[int, list[bytes]]:
    """Return the step of the last checkpoint of a run, and its modes, bit for bit."""
    last = dnspost.open(run).checkpoints[-1]
    with h5py.File(last.path) as file:
        return last.step, [file["fields"][name][...].tobytes() for name in "uvw"]


def test_a_run_continues_itself_over_the_limits_of_its_jobs(
    slurm: Cluster, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Jobs of a minute: two come to their limit, the third ends the run; the bits are the same."""
    # The signal comes up to half a minute early, as Slurm looks at its clock twice a minute.
    limit = ["--time=1", "--sbatch=--signal=USR1@25", LOG]
    # Rows of history at times that do not depend on the end of the run.
    history = {"every": DT}
    config = configured("chain", time__end=4096.0, output__history=history)
    number = submitted(capsys, str(config), "--ranks=2", *limit)
    for part in (1, 2):
        (job,) = slurm.wait(number)
        assert (job["JobState"], job["Restarts"]) == ("PENDING", str(part))
        end = (end_state("chain")[0] + 10) * DT
        if part == 2:
            configured("chain", time__end=end, output__history=history)
        slurm.release(number)
    (job,) = slurm.wait(number)
    told = Path("job.txt").read_text()
    assert job["JobState"] == "COMPLETED", told
    assert told.count("because SIGUSR1") == 2
    assert "the run in chain is complete" in told
    solve(configured("whole", time__end=end, output__history=history).resolve(), ranks=2)
    assert Path("chain/history.csv").read_bytes() == Path("whole/history.csv").read_bytes()
    assert end_state("chain") == end_state("whole")


def test_a_run_that_fails_twice_without_progress_is_given_up(
    slurm: Cluster, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A time step far too long: tried again once, and no more."""
    config = configured("failing", time__dt=0.5, time__end=50.0, physics__viscosity=1e-5)
    (job,) = slurm.finish(submitted(capsys, str(config), "--ranks=1", LOG))
    told = Path("job.txt").read_text()
    assert (job["JobState"], job["Restarts"], job["ExitCode"]) == ("FAILED", "1", "3:0"), told
    assert told.count("blew up") == 2
    assert "failed a second time" in told


@pytest.mark.parametrize("viscosity", [-1.0, 0.06])
def test_a_wrong_configuration_is_not_tried_again(
    slurm: Cluster, folder: Path, viscosity: float
) -> None:
    """Where it has become wrong while the job waited: in itself, or because it is another run's."""
    config = configured("wrong")
    solve(config.resolve())
    command = Job(config, ranks=1, options=["--hold", "--output=job.txt"])
    number = slurm.command(*command.command(1e6, smallest_node(None))).split()[-1]
    configured("wrong", physics__viscosity=viscosity)
    slurm.command("scontrol", "release", number)
    (job,) = slurm.wait(number)
    assert (job["JobState"], job["Restarts"], job["ExitCode"]) == ("FAILED", "0", "2:0")
    told = Path("job.txt").read_text()
    assert "viscosity" in told
    assert told.count("dns-solver: error") == 1


def test_what_cannot_run_is_not_submitted(
    slurm: Cluster, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command tells why, and returns 2."""
    wrong = configured("wrong", physics__viscosity=-1.0)
    assert cli.main(["submit", str(wrong), "--ranks=1"]) == 2
    assert "viscosity" in capsys.readouterr().err
    right = str(configured("right"))
    assert cli.main(["submit", right, "--ranks=1", "--partition=other"]) == 2
    assert "partition is other, must be one of: all" in capsys.readouterr().err
    assert cli.main(["submit", right, "--ranks=1", "--time=never"]) == 2
    assert "sbatch: " in capsys.readouterr().err


def test_a_sweep_is_a_job_array(
    slurm: Cluster, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every case once."""
    base = tomllib.loads(configured("base").read_text())
    sweep = dnspost.sweep("sweep", base, {"physics.viscosity": [0.1, 0.2, 0.3]})
    jobs = slurm.finish(submitted(capsys, "sweep", "--ranks=1"))
    assert [job["JobState"] for job in jobs] == ["COMPLETED"] * 3
    assert sweep.table["complete"].tolist() == [True] * 3


def test_a_plain_job_runs_once(
    slurm: Cluster, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the threads asked for, after the lines of the site."""
    Path("site.sh").write_text("echo modules are loaded\n")
    options = ["--ranks=2", "--threads=2", "--once", "--site=site.sh", LOG]
    (job,) = slurm.wait(submitted(capsys, str(configured("plain")), *options))
    told = Path("job.txt").read_text()
    assert (job["JobState"], job["NumCPUs"]) == ("COMPLETED", "4"), told
    assert "2 with 2 threads each" in told
    assert told.startswith("modules are loaded\n")
    assert dnspost.open("plain").is_complete


def test_a_scaling_study_is_a_job(
    slurm: Cluster, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no mpirun, as on some clusters; a table comes out."""
    Path("site.sh").write_text('PATH=$(dirname "$DNS_SITE"):$PATH\n')
    Path("mpirun").write_text("#!/bin/sh\nexit 1\n")
    Path("mpirun").chmod(0o755)
    monkeypatch.setenv("DNS_SITE", str(folder / "site.sh"))
    study = ["--points=8", "--layouts=1x1,2x1,1x2", "--rounds=1", "--samples=1", "--only=step"]
    job = ["--ntasks=2", f"--output={folder}/job.txt", f"--chdir={REPOSITORY}"]
    script = REPOSITORY / "scripts/slurm/scaling.sh"
    submitted = slurm.command("sbatch", *job, script, *study, f"--output={folder}/scaling")
    (ended,) = slurm.wait(submitted.split()[-1])
    told = Path("job.txt").read_text()
    assert ended["JobState"] == "COMPLETED", told
    assert Path("scaling.md").read_text().count("| 8 x 8 x 8 |") == 3
    turns = [case["turns"][0] for case in json.loads(Path("scaling.json").read_text())["cases"]]
    assert [(turn["ranks"], turn["threads"]) for turn in turns] == [(1, 1), (2, 1), (1, 2)]


@pytest.mark.parametrize(
    ("memory", "threads", "expected"),
    [
        (1e9, 1, (8, 64)),
        (1e9, 4, (32, 16)),
        (2.4e12, 1, (14, 37)),  # 38 ranks of 4.69 GB fit into nine tenths of a node
    ],
)
def test_nodes_follow_from_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, memory: float, threads: int, expected: tuple[int, int]
) -> None:
    """512 ranks on nodes with 64 cores and 200 GB."""
    monkeypatch.setenv("DNS_SOLVER", str(SOLVER))
    command = Job(Path("a.toml"), 512, threads).command(memory, Node(64, 200e9))
    nodes, ranks = expected
    assert f"--nodes={nodes}" in command
    assert f"--ntasks-per-node={ranks}" in command


def test_a_rank_must_fit_into_a_node() -> None:
    """Or the job would wait for ever."""
    with pytest.raises(ValueError, match=r"a rank needs 250.0 GB, and a node has 200.0 GB"):
        Job(Path("a.toml"), 4).command(1e12, Node(64, 200e9))
    with pytest.raises(ValueError, match="65 threads for a rank, but a node has 64 cores"):
        Job(Path("a.toml"), 4, threads=65).command(1e9, Node(64, 200e9))
