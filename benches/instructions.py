"""Instructions of a time step, counted by callgrind: the same on a busy and on an idle machine.

The count of one Runge-Kutta step is that of a run of three steps less that of one of one step, so
that the start and the step to warm up do not count. Valgrind knows AVX2 but not AVX-512, so AVX2 is
what is counted; the code above the vector type is the same. Counts depend on the compiler: after a
new one, or a change that is meant, write the table anew with --update and say so in the commit.

    cargo build --release
    python benches/instructions.py [--update]      (needs valgrind)
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PROGRAM = "target/release/dns-solver"
TABLE = pathlib.Path(__file__).with_suffix(".json")
TOLERANCE = 0.02
CASES = {
    "32, double": (32, "double"),
    "32, single": (32, "single"),
    "48, double": (48, "double"),
    "45, double (odd)": (45, "double"),
}


def instructions(points: int, precision: str, steps: int) -> int:
    """Count those of a whole run."""
    grid = ["--set", f"grid.points=[{points},{points},{points}]", "--set", f"precision={precision}"]
    bench = [PROGRAM, "bench", "--only", "step", "--samples", "1", "--repeats", str(steps), *grid]
    with tempfile.TemporaryDirectory() as directory:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={directory}/out"]
        run = subprocess.run(
            [*command, *bench],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            check=True,
            env={**os.environ, "DNS_SOLVER_CPU": "avx2"},
        )
    collected = re.search(r"Collected\s*:\s*(\d+)", run.stderr)
    if collected is None:
        sys.exit(f"callgrind tells no count of instructions:\n{run.stderr}")
    return int(collected[1])


def main() -> None:
    """Count all cases and compare them with the table."""
    known = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    counted, worse = {}, []
    print(f"{'case':>20} {'per point and step':>20} {'against the table':>18}")
    for name, case in CASES.items():
        step = (instructions(*case, 3) - instructions(*case, 1)) / 2
        counted[name] = round(step / case[0] ** 3, 1)
        change = counted[name] / known[name] - 1 if name in known else 0.0
        if change > TOLERANCE:
            worse.append(name)
        print(f"{name:>20} {counted[name]:>20.1f} {change:>+18.1%}")
    if "--update" in sys.argv[1:]:
        TABLE.write_text(json.dumps(counted, indent=4) + "\n")
    elif worse:
        sys.exit(f"more than {TOLERANCE:.0%} above the table: {'; '.join(worse)}")


if __name__ == "__main__":
    main()
