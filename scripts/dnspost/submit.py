"""Gives runs and sweeps to Slurm, with as many nodes as their memory and ranks need."""

import math
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dnspost import solver
from dnspost.sweeps import Sweep

SCRIPTS = Path(__file__).resolve().parent / "slurm"
# What MPI and the system take of a node, on top of the solver's own arrays.
BYTES_PER_RANK = 100e6
SHARE_OF_NODE = 0.9
UNITS = {unit: 1000.0**i for i, unit in enumerate(["B", "kB", "MB", "GB", "TB", "PB"])}


@dataclass(frozen=True)
class Node:
    """The cores and the memory, in bytes, of a node."""

    cores: int
    memory: float


@dataclass(frozen=True)
class Job:
    """A run, or the runs of a sweep, and what one run gets."""

    path: Path
    ranks: int
    threads: int = 1
    #: HH:MM:SS or whatever else sbatch understands; None leaves it to the script.
    walltime: str | None = None
    #: As `scripts/slurm/site.sh`.
    site: Path | None = None
    partition: str | None = None
    #: Back into the queue until the run is complete.
    continues: bool = True
    #: Further options of sbatch, which come last and win.
    options: Sequence[str] = ()

    def memory(self) -> float:
        """Return the bytes that one run needs; the solver checks each configuration for it.

        Raises SolverError.
        """
        cases = sorted(self.path.glob("[0-9]*.toml")) if self.path.is_dir() else [self.path]
        needs = (solver.validate(case, self.ranks, self.threads) for case in cases)
        arrays = max(_bytes_in_all(text) for text in needs)
        return arrays + BYTES_PER_RANK * self.ranks

    def command(self, memory: float, node: Node) -> list[str]:
        """Return the call of sbatch, on as few nodes of this kind as will do.

        Raises ValueError when a rank does not fit into a node.
        """
        if self.threads > node.cores:
            raise ValueError(
                f"{self.threads} threads for a rank, but a node has {node.cores} cores"
            )
        usable = SHARE_OF_NODE * node.memory
        by_memory = math.floor(usable * self.ranks / memory)
        if by_memory == 0:
            raise ValueError(
                f"a rank needs {memory / self.ranks / 1e9:.1f} GB, and a node has "
                f"{node.memory / 1e9:.1f} GB; use more ranks"
            )
        nodes = math.ceil(self.ranks / min(by_memory, node.cores // self.threads))
        ranks_of_node = math.ceil(self.ranks / nodes)
        megabytes = math.ceil(memory / self.ranks * ranks_of_node / 2**20)
        exported = {
            "DNS_SOLVER": solver.find_solver(),
            "DNS_SITE": self.site and self.site.resolve(),
        }
        options = {
            "job-name": self.path.resolve().stem,
            "nodes": nodes,
            "ntasks": self.ranks,
            "ntasks-per-node": ranks_of_node,
            "cpus-per-task": self.threads,
            "mem": f"{megabytes}M",
            "time": self.walltime,
            "partition": self.partition,
            "array": f"0-{len(Sweep.open(self.path).cases) - 1}" if self.path.is_dir() else None,
            "export": ",".join(["ALL", *(f"{k}={v}" for k, v in exported.items() if v)]),
        }
        script = SCRIPTS / ("continue.sh" if self.continues else "job.sh")
        given = [f"--{key}={value}" for key, value in options.items() if value is not None]
        return ["sbatch", *given, *self.options, str(script), str(self.path)]


def smallest_node(partition: str | None) -> Node:
    """Return what every node of a partition has at least; None stands for the default one."""
    # The default partition is marked with a star.
    text = _ask(["sinfo", "--noheader", "--format=%P %X %Y %m"])
    rows = [line.split() for line in text.splitlines()]
    mine = [
        r
        for r in rows
        if (r[0].endswith("*") if partition is None else r[0].rstrip("*") == partition)
    ]
    if not mine:
        names = ", ".join(sorted({row[0].rstrip("*") for row in rows}))
        raise ValueError(f"partition is {partition}, must be one of: {names}")
    numbers = [[int(re.sub(r"\D", "", word)) for word in row[1:]] for row in mine]
    return Node(
        cores=min(sockets * cores for sockets, cores, _ in numbers),
        memory=min(memory for _, _, memory in numbers) * 2.0**20,
    )


def submit(job: Job) -> str:
    """Give a job to Slurm; return what sbatch says.

    Raises SolverError when a configuration is wrong, ValueError when the job fits no node, and
    RuntimeError when Slurm refuses it.
    """
    return _ask(job.command(job.memory(), smallest_node(job.partition)))


def _bytes_in_all(needs: str) -> float:
    found = re.search(r"^memory:.*?([\d.]+) (\w+) in all", needs, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"the solver does not tell its memory:\n{needs}")
    return float(found[1]) * UNITS[found[2]]


def _ask(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise RuntimeError(f"there is no {command[0]}; is this a machine with Slurm?") from None
    if done.returncode != 0:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
