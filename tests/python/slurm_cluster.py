"""A Slurm cluster of one node: this machine, with all its state in one directory."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun")
# Debian's daemons are outside of the PATH of ordinary users.
PATH = f"{os.environ['PATH']}:/usr/sbin"
CPUS = 8  # more than there are: small jobs run side by side
START_SECONDS = 30
JOB_SECONDS = 150
LAST_WORDS_SECONDS = 4
PARTS = 4
ENDED = ("COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "NODE_FAIL")

CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={daemon}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=pmix
JobRequeue=1
ReturnToService=2
KillWait=5
SchedulerParameters=sched_interval=2,bf_interval=2
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory=2000 State=UNKNOWN
PartitionName=all Nodes={host} Default=YES MaxTime=60 State=UP
"""


def reason_against() -> str | None:
    """Return why no cluster can be started here, or None."""
    missing = [program for program in PROGRAMS if not shutil.which(program, path=PATH)]
    if missing:
        return f"{', '.join(missing)} not installed (apt-get install slurm-wlm munge)"
    return None if os.geteuid() == 0 else "only root can start Slurm's daemons"


@dataclass(frozen=True)
class Cluster:
    """A cluster that is running."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which the commands of Slurm find this cluster."""
        return os.environ | {"PATH": PATH, "SLURM_CONF": str(self.folder / "slurm.conf")}

    def command(self, *command: str | Path) -> str:
        """Run a command to its end; return its standard output."""
        done = subprocess.run(
            [*map(str, command)],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def jobs(self, number: str) -> list[dict[str, str]]:
        """Return what scontrol tells about a job, or about each of a job array."""
        lines = self.command("scontrol", "--oneliner", "show", "job", number).splitlines()
        return [dict(w.split("=", 1) for w in line.split() if "=" in w) for line in lines]

    def wait(self, number: str) -> list[dict[str, str]]:
        """Wait until a job has ended, or is back in the queue, where Slurm keeps it 2 minutes."""
        deadline = time.monotonic() + JOB_SECONDS
        while time.monotonic() < deadline:
            jobs = self.jobs(number)
            if all(job["JobState"] in ENDED or _is_requeued(job) for job in jobs):
                return jobs
            time.sleep(0.5)
        raise TimeoutError(f"after {JOB_SECONDS} s: {self.jobs(number)}")

    def finish(self, number: str) -> list[dict[str, str]]:
        """Wait for the end of a job; let it start whenever it is back in the queue."""
        for _ in range(PARTS):
            if not any(_is_requeued(job) for job in self.wait(number)):
                return self.jobs(number)
            self.release(number)
        raise TimeoutError(f"after {PARTS} parts: {self.jobs(number)}")

    def release(self, number: str) -> None:
        """Let a job start that is back in the queue.

        Not at once, or Slurm takes the end of the last part for that of the next one: the reason
        why it waits itself.
        """
        time.sleep(LAST_WORDS_SECONDS)
        for job in filter(_is_requeued, self.jobs(number)):
            self.command("scontrol", "update", f"JobId={job['JobId']}", "StartTime=now")


def _is_requeued(job: dict[str, str]) -> bool:
    return job["JobState"] == "PENDING" and job["Reason"] == "BeginTime"


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a cluster, and stop it with all that it runs."""
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    for name in ("state", "spool"):
        (folder / name).mkdir()
    folder.chmod(0o755)  # munge wants everybody to reach its socket
    text = CONFIGURATION.format(
        folder=folder,
        host=socket.gethostname().partition(".")[0],
        controller=_free_port(),
        daemon=_free_port(),
        cpus=CPUS,
    )
    (folder / "slurm.conf").write_text(text)
    munge_files = {"key-file": key} | {
        f"{name}-file": folder / f"munge.{name}" for name in ("log", "pid", "seed")
    }
    made = Cluster(folder)
    with ExitStack() as stack:
        for command in (
            ["munged", "--foreground", "--force", f"--socket={folder}/munge.socket"]
            + [f"--{option}={path}" for option, path in munge_files.items()],
            ["slurmctld", "-D", "-c"],
            ["slurmd", "-D"],
        ):
            stack.enter_context(_daemon(command, made))
        _wait_until_idle(made)
        try:
            yield made
        finally:
            made.command("scancel", "--user=root")
            deadline = time.monotonic() + START_SECONDS
            while made.command("squeue", "--noheader") and time.monotonic() < deadline:
                time.sleep(0.5)


@contextmanager
def _daemon(command: list[str], of: Cluster) -> Iterator[None]:
    with (of.folder / f"{command[0]}.log").open("w") as log:
        daemon = subprocess.Popen(command, env=of.environment, stdout=log, stderr=log)
    try:
        yield
    finally:
        daemon.terminate()
        daemon.wait(timeout=30)


def _wait_until_idle(made: Cluster) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        # Not --json, whose form depends on the version, and on how far the controller has come.
        ask = ["sinfo", "--noheader", "--format=%T"]
        asked = subprocess.run(
            ask, env=made.environment, capture_output=True, text=True, check=False
        )
        if asked.stdout.split() == ["idle"]:
            return
        time.sleep(0.3)
    logs = [path.read_text()[-2000:] for path in made.folder.glob("*.log")]
    raise TimeoutError("Slurm does not start\n" + "\n".join(logs))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
