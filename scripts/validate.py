"""Flows with published results: runs them, compares, and writes a report with figures.

`scripts/validate.sh` builds the solver and starts this. Runs that are complete are not repeated,
those that were stopped go on. The exit code is 1 when a result lies outside of its band.
"""

import argparse
import os
import platform
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore

import matplotlib as mpl

from dnspost import style
from validation import (
    convergence,
    decay,
    dynamo,
    forced,
    jhtdb,
    rotating,
    scalar,
    stratified,
    taylor_green,
)
from validation.report import Lab, Section, Size

Flow = Callable[[Lab], Section]

FLOWS: list[Flow] = [
    taylor_green.reference,
    taylor_green.peaks,
    convergence.section,
    jhtdb.scales,
    forced.section,
    decay.section,
    scalar.section,
    rotating.section,
    stratified.section,
    dynamo.section,
]
# What no small grid resolves.
LARGE: list[Flow] = [decay.section]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the flows and write `validation.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="64^3 points at most")
    sizes.add_argument("--long", action="store_true", help="up to 256^3 points: hours")
    parser.add_argument("--output", type=Path, default=Path("validation"), metavar="DIR")
    parser.add_argument(
        "--runs", type=Path, metavar="DIR", help="for the runs (default: OUTPUT/runs/SIZE)"
    )
    cores = len(os.sched_getaffinity(0))
    parser.add_argument("--cores", type=int, default=cores, help="runs at once (default: all)")
    options = parser.parse_args(arguments)
    size = Size.QUICK if options.quick else Size.LONG if options.long else Size.STANDARD
    runs = options.runs or options.output / "runs" / size
    lab = Lab(runs.resolve(), size, Semaphore(options.cores))
    flows = [flow for flow in FLOWS if size is not Size.QUICK or flow not in LARGE]
    with style.style(), mpl.rc_context({"savefig.dpi": 150}):
        with ThreadPoolExecutor(len(flows)) as pool:
            sections = list(pool.map(lambda flow: flow(lab), flows))
        text = "\n".join([_head(lab), *(section.write(options.output) for section in sections)])
    report = options.output / "validation.md"
    report.write_text(text, encoding="utf-8")
    print(f"wrote {report}")
    bad = [finding for section in sections for finding in section.findings if not finding.good]
    for finding in bad:
        print(f"outside of its band: {' | '.join(finding.cells())}", file=sys.stderr)
    return 1 if bad else 0


def _head(lab: Lab) -> str:
    """Return how this report came about."""
    version, _, _ = (
        next(lab.folder.glob("*/log.txt")).read_text(encoding="utf-8").partition(", into")
    )
    return f"""# Validation

Written by `scripts/validate.sh` (size: {lab.size}), with {version} on {_processor()}.
Each band comes from a published number or from the error of the method, as the last column tells.
"""


def _processor() -> str:
    """Return the name of the processor, as far as the system tells."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = (
        cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
        if cpuinfo.exists()
        else []
    )
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    sys.exit(main())
