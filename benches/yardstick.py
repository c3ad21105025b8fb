"""How many FFTW pairs a time step costs.

One RK4 step of Navier-Stokes (2/3 rule, CFL check on, outputs off) over one FFTW (MEASURE, double
precision, one thread) 3-D real-to-complex + complex-to-real pair of the same size. All sizes and
variants alternate in one run, so that a machine's noise hits them alike; medians. Textbook codes
cost 25 to 40 pairs: their 18 or more transforms alone cost 18.

    cargo build --release && pip install pyfftw numpy
    python benches/yardstick.py [--sizes 64,128] [--variants double,single,avx2,threads2,ranks2]
    python benches/yardstick.py --sizes 128,96,144,160,192,240 --variants double
"""

import argparse
import json
import os
import statistics
import subprocess
import time

import numpy
import pyfftw

MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n"]

# Arguments, environment, command in front.
VARIANTS = {
    "double": ([], {}, []),
    "single": (["--set", "precision=single"], {}, []),
    "avx2": ([], {"DNS_SOLVER_CPU": "avx2"}, []),
    "avx2-single": (["--set", "precision=single"], {"DNS_SOLVER_CPU": "avx2"}, []),
    "portable": ([], {"DNS_SOLVER_CPU": "portable"}, []),
    "threads2": (["--threads", "2"], {}, []),
    "ranks2": ([], {}, [*MPIRUN, "2"]),
    "messages2": (["--set", "parallel.exchange=all_to_all"], {}, [*MPIRUN, "2"]),
}


class Pair:
    """One FFTW transform pair, planned anew for a sample: plans of one run differ by a third."""

    def __init__(self, points: int) -> None:
        """Arrays for a cube."""
        self.real = pyfftw.empty_aligned((points,) * 3, dtype="float64")
        shape = (points, points, points // 2 + 1)
        self.modes = pyfftw.empty_aligned(shape, dtype="complex128")

    def seconds(self) -> float:
        """Time one pair, the median of three."""
        pyfftw.forget_wisdom()
        plan = {"axes": (0, 1, 2), "flags": ("FFTW_MEASURE", "FFTW_DESTROY_INPUT"), "threads": 1}
        forward = pyfftw.FFTW(self.real, self.modes, **plan)
        backward = pyfftw.FFTW(self.modes, self.real, direction="FFTW_BACKWARD", **plan)
        self.real[:] = numpy.random.default_rng(1).random(self.real.shape)
        times = []
        for _ in range(3):
            start = time.perf_counter()
            forward.execute()
            backward.execute()
            times.append(time.perf_counter() - start)
        return statistics.median(times)


class Stepper:
    """`dns-solver bench`: for every sample a new process takes a few steps after one to warm up."""

    def __init__(self, program: str, points: int, variant: str) -> None:
        """Put the command line together."""
        arguments, environment, front = VARIANTS[variant]
        grid = ["--set", f"grid.points=[{points},{points},{points}]"]
        self.command = [*front, program, "bench", "--only", "step", "--json", *grid, *arguments]
        self.environment = {**os.environ, **environment}
        self.parts: dict[str, float] = {}

    def seconds(self) -> float:
        """Time one step, the median of the program's samples."""
        run = subprocess.run(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=True,
            timeout=300,
            env=self.environment,
        )
        report = json.loads(run.stdout)
        self.parts = report["parts"]
        return float(report["measured"]["step"]["median"])


def main() -> None:
    """Alternate all sizes and variants for a while, and print medians."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sizes", default="64,128")
    parser.add_argument("--variants", default="double,single,avx2,threads2")
    parser.add_argument("--seconds", type=float, default=20.0, help="in all")
    parser.add_argument("--program", default="target/release/dns-solver", help="what to measure")
    parser.add_argument("--parts", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    sizes = [int(size) for size in options.sizes.split(",")]
    pairs = {points: Pair(points) for points in sizes}
    steppers = {
        (points, variant): Stepper(options.program, points, variant)
        for points in sizes
        for variant in options.variants.split(",")
    }
    timed: list[tuple[int | tuple[int, str], Pair | Stepper]] = []
    timed += [*pairs.items(), *steppers.items()]
    times: dict[int | tuple[int, str], list[float]] = {key: [] for key, _ in timed}
    start = time.perf_counter()
    while time.perf_counter() - start < options.seconds or len(times[sizes[0]]) < 5:
        for key, one in timed:
            times[key].append(one.seconds())
    median = {key: statistics.median(values[1:]) for key, values in times.items()}
    first = next(iter(steppers))

    def per_point(key: tuple[int, str]) -> float:
        return median[key] / key[0] ** 3

    print(f"{len(times[first])} rounds; 'relative': time per point over that of the first line")
    columns = f"{'points':>6} {'variant':>12} {'ms/step':>9} {'ms/pair':>9} {'pairs':>7}"
    print(f"{columns} {'relative':>9}")
    for key, stepper in steppers.items():
        points, variant = key
        print(
            f"{points:>6} {variant:>12} {median[key] * 1e3:>9.3f} {median[points] * 1e3:>9.3f} "
            f"{median[key] / median[points]:>7.2f} {per_point(key) / per_point(first):>9.2f}"
        )
        if options.parts:
            print("".join(f"{name}: {ms:.3f} ms\n" for name, ms in stepper.parts.items()))


if __name__ == "__main__":
    main()
