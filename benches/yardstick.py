"""How many FFTW pairs does a time step cost?

One RK4 step of Navier-Stokes (double precision, 2/3 rule, CFL check on, outputs off) over one
FFTW (MEASURE) 3-D real-to-complex + complex-to-real pair of the same size on one thread. The two
alternate, and so do all variants of a size, so that a machine's noise hits them alike; medians.
Textbook codes cost 25 to 40 pairs: their 18 or more transforms alone cost 18.

Ranks spin while they wait for input, so measure `ranks2` in a run of its own.

    pip install pyfftw numpy
    python benches/yardstick.py [--sizes 64,128] [--variants double,single,avx2,threads2 | ranks2]
"""

import argparse
import glob
import os
import statistics
import subprocess
import time

import numpy
import pyfftw

VARIANTS = {
    "double": ([], {}, 1),
    "single": (["--single"], {}, 1),
    "avx2": ([], {"DNS_SOLVER_CPU": "avx2"}, 1),
    "avx2-single": (["--single"], {"DNS_SOLVER_CPU": "avx2"}, 1),
    "portable": ([], {"DNS_SOLVER_CPU": "portable"}, 1),
    "threads2": (["--threads", "2"], {}, 1),
    "ranks2": ([], {}, 2),
}


class Pair:
    """One FFTW transform pair."""

    def __init__(self, points):
        real = pyfftw.empty_aligned((points,) * 3, dtype="float64")
        modes = pyfftw.empty_aligned((points, points, points // 2 + 1), dtype="complex128")
        plan = {"axes": (0, 1, 2), "flags": ("FFTW_MEASURE", "FFTW_DESTROY_INPUT"), "threads": 1}
        self.forward = pyfftw.FFTW(real, modes, **plan)
        self.backward = pyfftw.FFTW(modes, real, direction="FFTW_BACKWARD", **plan)
        real[:] = numpy.random.default_rng(1).random(real.shape)

    def seconds(self):
        start = time.perf_counter()
        self.forward.execute()
        self.backward.execute()
        return time.perf_counter() - start


class Stepper:
    """The solver's step bench in a process of its own, one step on demand."""

    def __init__(self, program, points, variant):
        arguments, environment, ranks = VARIANTS[variant]
        command = [program, "--points", str(points), *arguments]
        if ranks > 1:
            mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none"]
            command = [*mpirun, "-n", str(ranks), *command]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={**os.environ, **environment},
        )

    def seconds(self):
        self.process.stdin.write("step\n")
        return float(self.process.stdout.readline())

    def end(self):
        """Where the time went, as text."""
        self.process.stdin.write("end\n")
        return self.process.communicate()[0]


def newest_program():
    subprocess.run(["cargo", "bench", "--bench", "step", "--no-run"], check=True)
    built = [p for p in glob.glob("target/release/deps/step-*") if os.access(p, os.X_OK)]
    return max(built, key=os.path.getmtime)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="64,128")
    parser.add_argument("--variants", default="double,single,avx2,threads2")
    parser.add_argument("--seconds", type=float, default=10.0, help="per size")
    parser.add_argument("--program", help="step bench to run instead of the newest one built")
    parser.add_argument("--parts", action="store_true", help="print where the time goes")
    options = parser.parse_args()
    program = options.program or newest_program()
    print(f"{'points':>6} {'variant':>12} {'ms/step':>9} {'ms/pair':>9} {'pairs':>7} {'ns/point':>9}")
    for points in map(int, options.sizes.split(",")):
        pair = Pair(points)
        steppers = {v: Stepper(program, points, v) for v in options.variants.split(",")}
        times = {name: [] for name in ["pair", *steppers]}
        start = time.perf_counter()
        while time.perf_counter() - start < options.seconds or len(times["pair"]) < 5:
            times["pair"].append(pair.seconds())
            for name, stepper in steppers.items():
                times[name].append(stepper.seconds())
        median = {name: statistics.median(values[1:]) for name, values in times.items()}
        for name, stepper in steppers.items():
            ratio = median[name] / median["pair"]
            print(
                f"{points:>6} {name:>12} {median[name] * 1e3:>9.3f} {median['pair'] * 1e3:>9.3f} "
                f"{ratio:>7.2f} {median[name] / points**3 * 1e9:>9.2f}"
            )
            parts = stepper.end()
            if options.parts:
                print(parts)


if __name__ == "__main__":
    main()
