"""Strong and weak scaling of a time step, over ranks, threads and grids: JSON, a table, a plot.

`scripts/scaling.sh` builds what this needs and starts it; `scripts/scaling.sh --help` has examples.
Strong scaling: --points lists grids, and each is run on all layouts. Weak scaling: --weak N gives
every core as many points as N^3 on one core has. Every turn is a new process that takes a step to
warm up and then the median of --steps steps; the turns of all layouts alternate, so that a
machine's noise hits them alike, and medians and spread are those over --rounds turns.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FACTORS = (2, 3, 5, 7)


@dataclass
class Case:
    """A grid on a layout of ranks and threads, and its seconds per step, a number a turn."""

    points: tuple[int, int, int]
    ranks: int
    threads: int
    seconds: list[float] = field(default_factory=list)

    @property
    def cores(self) -> int:
        """Cores that work."""
        return self.ranks * self.threads

    @property
    def median(self) -> float:
        """Seconds per step."""
        return statistics.median(self.seconds)

    @property
    def points_per_second(self) -> float:
        """Grid points stepped in a second, by all cores."""
        nx, ny, nz = self.points
        return nx * ny * nz / self.median


def mpirun(ranks: int) -> list[str]:
    """Return what starts `ranks` ranks: srun in a Slurm job, else mpirun; nothing for one rank."""
    if "SLURM_JOB_ID" in os.environ:
        return ["srun", f"--ntasks={ranks}"]
    if ranks == 1:
        return []
    said = subprocess.run(["mpirun", "--version"], capture_output=True, text=True, check=True)
    options = []
    if "Open MPI" in said.stdout:
        options = ["--oversubscribe", "--bind-to", "none"]
        if os.geteuid() == 0:
            options.append("--allow-run-as-root")
    return ["mpirun", *options, "-n", str(ranks)]


def find_bench() -> Path:
    """Return the newest build of benches/step.rs."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
    built = [p for p in (target / "release/deps").glob("step-*") if not p.suffix]
    if not built:
        sys.exit(
            f"there is no bench in {target}/release/deps; run: cargo bench --no-run --bench step"
        )
    return max(built, key=lambda path: path.stat().st_mtime)


def machine() -> str:
    """Return processor, cores and operating system in a line."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.machine()
    return f"{platform.node()}: {os.cpu_count()} x {model}, {platform.platform()}"


def versions() -> dict[str, str]:
    """Return the versions of this program, the compiler and MPI."""
    commands = {
        "dns-solver": f"git -C {shlex.quote(str(REPOSITORY))} describe --always --dirty",
        "rustc": "rustc --version",
        "MPI": "mpirun --version",
    }
    found = {}
    for name, command in commands.items():
        try:
            done = subprocess.run(shlex.split(command), capture_output=True, text=True, check=True)
            found[name] = done.stdout.splitlines()[0]
        except (OSError, subprocess.CalledProcessError, IndexError):
            found[name] = "unknown"
    return found


def weak_grid(base: int, cores: int) -> tuple[int, int, int]:
    """Return base^3 points for each core: its prime factors lengthen the shortest side in turn.

    The grids are the same on all machines, and their points exactly proportional to the cores.
    """
    sides = [base] * 3
    rest = cores
    for factor in FACTORS:
        while rest % factor == 0:
            # z, the distributed axis, first among equals.
            shortest = min(range(3), key=lambda axis: (sides[axis], -axis))
            sides[shortest] *= factor
            rest //= factor
    if rest != 1:
        raise ValueError(f"{cores} cores: weak scaling needs products of {FACTORS}")
    return (sides[0], sides[1], sides[2])


def turn(case: Case, arguments: list[str]) -> float:
    """Run a case once; return the seconds of its median step."""
    grid = ",".join(map(str, case.points))
    options = ["--points", grid, "--threads", str(case.threads), *arguments]
    start = mpirun(case.ranks)
    if start and start[0] == "srun":
        start.append(f"--cpus-per-task={case.threads}")
    command = [*start, str(find_bench()), *options]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{shlex.join(command)}\n{done.stdout}{done.stderr}")
    return float(done.stdout.split()[0])


def series(cases: list[Case], weak: bool) -> dict[str, list[tuple[Case, float]]]:
    """Return each line of the plot: its cases with their speed-up over its first one.

    Speed is in points per second, so that efficiency = speed-up over cores in both kinds.
    """
    lines: dict[str, list[Case]] = {}
    for case in cases:
        label = "" if weak else f"{' x '.join(map(str, case.points))}, "
        lines.setdefault(f"{label}{case.threads} threads a rank", []).append(case)
    speedups = {}
    for label, line in lines.items():
        line.sort(key=lambda case: case.cores)
        # Of the same grid, whatever the layout, on the fewest cores.
        like = [c for c in cases if weak or c.points == line[0].points]
        first = min(like, key=lambda case: case.cores)
        unit = first.points_per_second / first.cores
        speedups[label] = [(case, case.points_per_second / unit) for case in line]
    return speedups


def table(lines: dict[str, list[tuple[Case, float]]]) -> str:
    """Return all series as one table in Markdown."""
    rows = [
        "| grid | ranks x threads | ms per step | least to most | speed-up | efficiency |",
        "|---|---|---|---|---|---|",
    ]
    for line in lines.values():
        for case, speedup in line:
            rows.append(
                f"| {' x '.join(map(str, case.points))} | {case.ranks} x {case.threads} "
                f"| {case.median * 1e3:.3g} "
                f"| {min(case.seconds) * 1e3:.3g} to {max(case.seconds) * 1e3:.3g} "
                f"| {speedup:.2f} | {speedup / case.cores:.0%} |"
            )
    return "\n".join(rows)


def plot(lines: dict[str, list[tuple[Case, float]]], title: str, path: Path) -> None:
    """Draw speed-up and efficiency over cores."""
    from matplotlib.figure import Figure  # here, as compare_peers.py does without it

    figure = Figure(figsize=(7, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    cores = sorted({case.cores for line in lines.values() for case, _ in line})
    left.plot(cores, cores, color="0.7", linestyle="--", label="ideal")
    right.axhline(1.0, color="0.7", linestyle="--")
    for label, line in lines.items():
        at = [case.cores for case, _ in line]
        left.plot(at, [speedup for _, speedup in line], marker="o", label=label)
        right.plot(at, [speedup / case.cores for case, speedup in line], marker="o", label=label)
    for axes in (left, right):
        axes.set_xscale("log", base=2)
        axes.set_xlabel("cores")
    left.set_yscale("log", base=2)
    left.set_ylabel("speed-up")
    right.set_ylabel("efficiency")
    right.set_ylim(0, 1.2)
    left.legend(fontsize=7)
    figure.suptitle(title, fontsize=8)
    figure.savefig(path, dpi=200)


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(
        prog="scripts/scaling.sh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  scripts/scaling.sh --points 128,256 --layouts 1x1,2x1,1x2\n"
        "  scripts/scaling.sh --weak 128 --layouts 1x1,2x1,4x1 --output weak\n"
        "  sbatch --nodes=4 --ntasks-per-node=64 scripts/slurm/scaling.sh --points 1024 "
        "--layouts 64x1,128x1,256x1",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--points", help="cubes for strong scaling: 128,256")
    what.add_argument("--weak", type=int, metavar="N", help="weak scaling with N^3 points a core")
    parser.add_argument("--layouts", default="1x1,2x1,1x2", help="RANKSxTHREADS (1x1,2x1,1x2)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each case (default: 5)")
    parser.add_argument("--steps", type=int, default=5, help="of each turn (default: 5)")
    parser.add_argument("--single", action="store_true", help="single precision")
    parser.add_argument("--messages", action="store_true", help="no shared memory within a node")
    parser.add_argument(
        "--output", type=Path, default=Path("scaling"), help="becomes .json, .md, .png (scaling)"
    )
    options = parser.parse_args()
    try:
        layouts = [tuple(map(int, word.split("x"))) for word in options.layouts.split(",")]
        cases = [
            Case(points, ranks, threads)
            for ranks, threads in layouts
            for points in (
                [weak_grid(options.weak, ranks * threads)]
                if options.weak
                else [(int(n),) * 3 for n in options.points.split(",")]
            )
        ]
    except ValueError as error:
        parser.error(f"{error}; layouts are such as 2x1, grids such as 128,256")
    arguments = ["--steps", str(options.steps)]
    arguments += [f"--{name}" for name in ("single", "messages") if getattr(options, name)]
    for _ in range(options.rounds):
        for case in cases:
            case.seconds.append(turn(case, arguments))
    lines = series(cases, weak=bool(options.weak))
    record = {
        "machine": machine(),
        "versions": versions(),
        "arguments": sys.argv[1:],
        "cases": [asdict(case) | {"median": case.median} for case in cases],
    }
    where = str(options.output)
    Path(f"{where}.json").write_text(json.dumps(record, indent=2) + "\n")
    text = f"{machine()}\n\n{table(lines)}\n"
    Path(f"{where}.md").write_text(text)
    plot(lines, machine(), Path(f"{where}.png"))
    print(text)


if __name__ == "__main__":
    main()
