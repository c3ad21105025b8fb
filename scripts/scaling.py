"""Strong and weak scaling, over ranks, threads and grids: JSON, a table, a plot.

`scripts/scaling.sh` builds what this needs and starts it; `scripts/scaling.sh --help` has examples.
Strong scaling: --points lists grids, and each is run on all layouts. Weak scaling: --weak N gives
every core as many points as N^3 on one core has. Every turn is a new `dns-solver bench`, which
warms up and takes the median of a few samples; the turns of all layouts alternate, so that a
machine's noise hits them alike, and medians and spread are those over --rounds turns. With
--machine the model of docs/clusters.md stands beside what was measured, or, with --plan, alone.
"""

import argparse
import io
import json
import math
import os
import re
import shlex
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dnspost.solver import find_solver, launcher

REPOSITORY = Path(__file__).resolve().parents[1]
FACTORS = (2, 3, 5, 7)
SUBJECTS = "transform,tendency,step,snapshot,rates"
# What a plan is made for when nothing else is said.
CONFIG = REPOSITORY / "configs/taylor_green.toml"


@dataclass
class Case:
    """A grid on a layout of ranks and threads, and what `dns-solver bench` said in each turn."""

    points: tuple[int, int, int]
    ranks: int
    threads: int
    reports: list[dict[str, Any]] = field(default_factory=list)
    #: The lines of a dry run by name, if there is a machine file.
    plan: dict[str, str] = field(default_factory=dict)

    @property
    def cores(self) -> int:
        """Cores that work."""
        return self.ranks * self.threads

    @property
    def grid(self) -> str:
        """The points for people."""
        return " x ".join(map(str, self.points))

    def seconds(self, subject: str) -> list[float]:
        """Seconds that a subject took, a number a turn."""
        return [r["measured"][subject]["median"] for r in self.reports if subject in r["measured"]]

    def median(self, subject: str) -> float:
        """Seconds over all turns."""
        return statistics.median(self.seconds(subject))

    @property
    def points_per_second(self) -> float:
        """Grid points stepped in a second, by all cores."""
        nx, ny, nz = self.points
        return nx * ny * nz / self.median("step")

    def roofline(self, share: str) -> float:
        """Median of `share_of_peak` or `share_of_bandwidth`; NaN if not measured."""
        found = [r["roofline"][share] for r in self.reports if r["roofline"]]
        return statistics.median(found) if found else float("nan")

    def snapshot_rate(self) -> float:
        """Bytes per second."""
        return float(self.reports[0]["snapshot_bytes"]) / self.median("snapshot")

    def predicted(self, pattern: str) -> str:
        """Return the part of the prediction that a pattern catches."""
        found = re.search(pattern, self.plan["prediction"])
        return found[1] if found else "-"


def command(ranks: int, threads: int) -> list[str]:
    """Return what starts the solver on so many ranks: by srun in a Slurm job."""
    if "SLURM_JOB_ID" in os.environ:
        start = ["srun", f"--ntasks={ranks}", f"--cpus-per-task={threads}"]
    else:
        start = launcher(ranks)
    return [*start, str(find_solver())]


def output(arguments: list[str]) -> str:
    """Return what a command prints; end with what it says when it fails."""
    done = subprocess.run(
        arguments,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{shlex.join(arguments)}\n{done.stdout}{done.stderr}")
    return done.stdout


def bench(case: Case, arguments: list[str]) -> dict[str, Any]:
    """Measure a case once."""
    options = [*settings(case), "--json", *arguments]
    report = json.loads(output([*command(case.ranks, case.threads), "bench", *options]))
    assert isinstance(report, dict)
    return report


def plan(case: Case, config: Path, machine: Path, arguments: list[str]) -> dict[str, str]:
    """Ask the model about a case: the lines of a dry run by name."""
    options = ["--dry-run", "--ranks", str(case.ranks), "--machine", str(machine)]
    said = output([str(find_solver()), str(config), *options, *settings(case), *arguments])
    return dict(re.findall(r"^([a-z-]+): +(.*)$", said, re.MULTILINE))


def settings(case: Case) -> list[str]:
    """Return the options for a case."""
    grid = ",".join(map(str, case.points))
    return ["--set", f"grid.points=[{grid}]", "--threads", str(case.threads)]


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


def series(cases: list[Case], weak: bool) -> dict[str, list[tuple[Case, float]]]:
    """Return each line of the plot: its cases with the speed-up of a step over its first one.

    Speed is in points per second, so that efficiency = speed-up over cores in both kinds.
    """
    lines: dict[str, list[Case]] = {}
    for case in cases:
        label = "" if weak else f"{case.grid}, "
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


def markdown(rows: list[dict[str, str]]) -> str:
    """Return a table of rows with the same keys."""
    lines = [rows[0].keys(), ["---"] * len(rows[0]), *(row.values() for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def table(lines: dict[str, list[tuple[Case, float]]]) -> str:
    """Return all series as one table; times in milliseconds."""
    rows = []
    everything = [row for line in lines.values() for row in line]
    everything.sort(key=lambda row: (math.prod(row[0].points), row[0].cores, row[0].threads))
    for case, speedup in everything:
        steps = case.seconds("step")
        row = {"grid": case.grid, "ranks x threads": f"{case.ranks} x {case.threads}"}
        for subject, name in [("transform", "transform"), ("tendency", "right-hand side")]:
            row[name] = f"{case.median(subject) * 1e3:.3g}" if case.seconds(subject) else ""
        row["step"] = f"{case.median('step') * 1e3:.3g}"
        row["least to most"] = f"{min(steps) * 1e3:.3g} to {max(steps) * 1e3:.3g}"
        row["speed-up"] = f"{speedup:.2f}"
        row["efficiency"] = f"{speedup / case.cores:.0%}"
        row["of peak"] = f"{case.roofline('share_of_peak'):.0%}"
        row["of bandwidth"] = f"{case.roofline('share_of_bandwidth'):.0%}"
        row["snapshot, MB/s"] = (
            f"{case.snapshot_rate() / 1e6:.0f}" if case.seconds("snapshot") else ""
        )
        if case.plan:
            predicted = float(case.predicted(r"^(\S+) s per step"))
            row["predicted step"] = f"{predicted * 1e3:.3g}"
            row["over measured"] = f"{predicted / case.median('step'):.2f}"
        rows.append(row)
    return markdown(rows)


def plan_table(cases: list[Case]) -> str:
    """Return what the model says as a table."""
    return markdown(
        [
            {
                "grid": case.grid,
                "ranks x threads": f"{case.ranks} x {case.threads}",
                "nodes": case.plan["machine"].split()[0],
                "memory a rank": case.plan["memory"].partition(" per rank")[0],
                "s per step": case.predicted(r"^(\S+) s per step"),
                "all-to-all": case.predicted(r"(\d+ %) all-to-all"),
                "message": case.predicted(r"messages of ([^;]+)"),
                "efficiency": case.predicted(r"efficiency (.*)$"),
            }
            for case in cases
        ]
    )


def plot(lines: dict[str, list[tuple[Case, float]]], title: str, path: Path) -> None:
    """Draw speed-up, efficiency and the shares of the roofline over cores."""
    from matplotlib.figure import Figure  # here, as a plan does without it

    figure = Figure(figsize=(10, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    cores = sorted({case.cores for line in lines.values() for case, _ in line})
    left.plot(cores, cores, color="0.7", linestyle="--", label="ideal")
    middle.axhline(1.0, color="0.7", linestyle="--")
    for index, (label, line) in enumerate(lines.items()):
        at = [case.cores for case, _ in line]
        style = {"marker": "o", "color": f"C{index}"}
        left.plot(at, [speedup for _, speedup in line], label=label, **style)
        middle.plot(at, [speedup / case.cores for case, speedup in line], **style)
        for share, dash in [("share_of_peak", "-"), ("share_of_bandwidth", ":")]:
            right.plot(at, [case.roofline(share) for case, _ in line], linestyle=dash, **style)
    for axes, name in [(left, "speed-up"), (middle, "efficiency"), (right, "share of roofs")]:
        axes.set_xscale("log", base=2)
        axes.set_xlabel("cores")
        axes.set_ylabel(name)
    left.set_yscale("log", base=2)
    middle.set_ylim(0, 1.2)
    right.set_ylim(0, 1)
    right.set_title("full: multiply-adds, dotted: memory", fontsize=7)
    left.legend(fontsize=7)
    figure.suptitle(title, fontsize=8)
    figure.savefig(path, dpi=200)


def parse() -> tuple[argparse.Namespace, list[Case]]:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="scripts/scaling.sh",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n"
        "  scripts/scaling.sh --points 128,256 --layouts 1x1,2x1,1x2\n"
        "  scripts/scaling.sh --weak 128 --layouts 1x1,2x1,4x1 --output weak\n"
        "  scripts/scaling.sh --points 1024 --layouts 64x1,512x1 --machine my.toml --plan\n"
        "  sbatch --nodes=4 --ntasks-per-node=64 scripts/slurm/scaling.sh --points 1024 "
        "--layouts 64x1,128x1,256x1",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--points", help="cubes for strong scaling: 128,256")
    what.add_argument("--weak", type=int, metavar="N", help="weak scaling with N^3 points a core")
    parser.add_argument("--layouts", default="1x1,2x1,1x2", help="RANKSxTHREADS (1x1,2x1,1x2)")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each case (default: 5)")
    parser.add_argument("--samples", type=int, default=5, help="of each turn (default: 5)")
    parser.add_argument("--only", default=SUBJECTS, help=f"what to measure ({SUBJECTS})")
    parser.add_argument("--config", type=Path, help="of the run to measure (Taylor-Green, Re 1600)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="as for dns-solver"
    )
    parser.add_argument("--machine", type=Path, help="machine file: predict, too")
    parser.add_argument("--plan", action="store_true", help="predict only; prints a table")
    parser.add_argument(
        "--output", type=Path, default=Path("scaling"), help="becomes .json, .md, .png (scaling)"
    )
    options = parser.parse_args()
    if options.plan and not options.machine:
        parser.error("--plan needs --machine")
    if "step" not in options.only.split(","):
        parser.error("--only must have step")
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
    return options, cases


def main() -> None:
    """Measure, or plan, and write what was found."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of machines in any locale
    options, cases = parse()
    changes = [word for change in options.set for word in ("--set", change)]
    if options.machine:
        for case in cases:
            case.plan = plan(case, options.config or CONFIG, options.machine, changes)
    if options.plan:
        print(plan_table(cases))
        return
    arguments = ["--samples", str(options.samples), "--only", options.only, *changes]
    if options.config:
        arguments.append(str(options.config))
    for _ in range(options.rounds):
        for case in cases:
            case.reports.append(bench(case, arguments))
    lines = series(cases, weak=bool(options.weak))
    first = cases[0].reports[0]
    title = ", ".join([*first["machine"].values(), *map(" ".join, first["versions"].items())])
    record = {
        "arguments": sys.argv[1:],
        "cases": [{"plan": case.plan, "turns": case.reports} for case in cases],
    }
    where = str(options.output)
    Path(f"{where}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    text = f"{title}\n\n{table(lines)}\n"
    Path(f"{where}.md").write_text(text, encoding="utf-8")
    plot(lines, title, Path(f"{where}.png"))
    print(text)


if __name__ == "__main__":
    main()
