"""Times Python solvers of the same problem beside dns-solver, on this machine, in one run.

Taylor-Green flow at Re = 1600, N^3 points, double precision, classical RK4, 2/3 rule: the solver in
NumPy's style of Mortensen & Langtangen 2016 (Comput. Phys. Commun. 203, 53), with the transforms of
numpy.fft, scipy.fft (pocketfft) or mpi4py-fft (FFTW), beside a step of dns-solver. All codes take
turns, so that a machine's noise hits them alike; each turn is a new process with a step to warm up.
All must agree on the dissipation after the same steps.

    apt-get install libfftw3-dev && pip install -e ./scripts scipy mpi4py mpi4py-fft
    cargo build --release
    python scripts/compare_peers.py [--points 64,128] [--ranks 1,2] [--rounds 5] [--steps 3]
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dnspost.solver import find_solver, launcher

Array = NDArray[Any]

VISCOSITY = 1 / 1600
DT = 1e-3
PEERS = {"numpy.fft": ["numpy"], "scipy.fft": ["scipy"], "mpi4py-fft": ["mpi4py-fft", "mpi4py"]}
# Relative; the codes differ in the order of their sums only.
SAME = 1e-10


class Transforms:
    """A real-to-complex transform in 3-D, normalised forward, and where this rank stands in it."""

    def __init__(self, kind: str, points: int) -> None:
        """Take `kind` from PEERS; only mpi4py-fft knows several ranks."""
        shape, axes = (points,) * 3, (0, 1, 2)
        self.sum: Callable[[float], float] = lambda local: local
        self.barrier: Callable[[], None] = lambda: None
        self.rank = 0
        self.real = self.modes = (slice(None),) * 3
        self.forward: Callable[[Array], Array]
        self.backward: Callable[[Array], Array]
        if kind == "mpi4py-fft":
            from mpi4py import MPI
            from mpi4py_fft import PFFT

            comm = MPI.COMM_WORLD
            plan = PFFT(comm, shape, axes=axes, dtype=np.float64)
            self.sum, self.barrier, self.rank = comm.allreduce, comm.Barrier, comm.rank
            self.real, self.modes = plan.local_slice(False), plan.local_slice(True)
            # Their results are the plan's own arrays.
            self.forward = lambda field: plan.forward(field).copy()
            self.backward = lambda modes: plan.backward(modes).copy()
        else:
            if kind == "scipy.fft":
                from scipy import fft
            else:
                fft = np.fft
            self.forward = lambda field: fft.rfftn(field, norm="forward")
            self.backward = lambda modes: fft.irfftn(modes, shape, axes, norm="forward")


class Solver:
    """Navier-Stokes in rotational form: 9 transforms for each of 4 stages."""

    def __init__(self, kind: str, points: int) -> None:
        """Start from the Taylor-Green vortex."""
        self.transforms = t = Transforms(kind, points)
        n = np.fft.fftfreq(points, 1 / points)
        last = np.arange(points // 2 + 1.0)
        k = np.meshgrid(n, n, last, indexing="ij", sparse=True)
        kept = np.all([abs(c) < points / 3 for c in np.broadcast_arrays(*k)], axis=0)[t.modes]
        # A conjugate pair counts twice.
        self.weight = np.where((last == 0) | (last == points / 2), 1.0, 2.0)[t.modes[2]]
        self.k = np.array([c[t.modes] for c in np.broadcast_arrays(*k)])
        self.k2 = (self.k**2).sum(0)
        self.projection = self.k * kept / np.where(self.k2 == 0, 1, self.k2)
        self.kept = kept
        x = 2 * np.pi * np.arange(points) / points
        x, y, z = (c[t.real] for c in np.broadcast_arrays(*np.meshgrid(x, x, x, indexing="ij")))
        flow = (np.sin(x) * np.cos(y) * np.cos(z), -np.cos(x) * np.sin(y) * np.cos(z), 0 * x)
        self.modes = np.array([t.forward(component) for component in flow]) * kept

    def rate(self, modes: Array) -> Array:
        """Return du/dt: P(u x omega) - nu k^2 u."""
        t = self.transforms
        kx, ky, kz = self.k
        uh, vh, wh = modes
        u, v, w = (t.backward(component) for component in modes)
        p, q, r = (  # the vorticity
            t.backward(1j * component)
            for component in (ky * wh - kz * vh, kz * uh - kx * wh, kx * vh - ky * uh)
        )
        out = np.empty_like(modes)
        for i, product in enumerate((v * r - w * q, w * p - u * r, u * q - v * p)):
            out[i] = t.forward(product)
        out *= self.kept
        out -= self.k * (self.projection * out).sum(0)
        out -= VISCOSITY * self.k2 * modes
        return out

    def step(self) -> None:
        """Advance by DT with classical Runge-Kutta."""
        start, total = self.modes, self.modes.copy()
        stage = start
        for weight, reach in [(1 / 6, 0.5), (1 / 3, 0.5), (1 / 3, 1.0), (1 / 6, 0.0)]:
            rate = self.rate(stage)
            total += weight * DT * rate
            stage = start + reach * DT * rate
        self.modes = total

    def dissipation(self) -> float:
        """Return nu <omega^2>."""
        local = VISCOSITY * (self.k2 * abs(self.modes) ** 2 * self.weight).sum()
        return float(self.transforms.sum(float(local)))


def work(kind: str, points: int, steps: int) -> None:
    """Be one rank of a peer: print seconds per step, and the dissipation after all steps."""
    solver = Solver(kind, points)
    seconds = []
    for _ in range(steps + 1):
        solver.transforms.barrier()
        start = time.perf_counter()
        solver.step()
        solver.transforms.barrier()
        seconds.append(time.perf_counter() - start)
    dissipation = solver.dissipation()
    if solver.transforms.rank == 0:
        print(json.dumps([statistics.median(seconds[1:]), dissipation]))


def output(command: list[str]) -> str:
    """Return what a command prints; one thread in each process."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
    return done.stdout


def our_dissipation(program: Path, points: int, steps: int) -> float:
    """Return the dissipation after `steps` steps of dns-solver."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(
            f"grid.points = [{points}, {points}, {points}]\nphysics.viscosity = {VISCOSITY!r}\n"
            f'initial.kind = "taylor_green"\ntime = {{ dt = {DT}, end = {steps * DT} }}\n'
            f'output.directory = "{folder}/run"\n',
            encoding="utf-8",
        )
        output([str(program), str(config), "--quiet"])
        text = (Path(folder) / "run/history.csv").read_text(encoding="utf-8")
        rows = [row for row in text.splitlines() if row[0] != "#"]
    return float(rows[-1].split(",")[rows[0].split(",").index("dissipation")])


def main() -> None:
    """Compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def numbers(text: str) -> list[int]:
        return [int(word) for word in text.split(",")]

    parser.add_argument("--points", type=numbers, default=[64, 128])
    parser.add_argument("--ranks", type=numbers, default=[1, 2])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=3, help="of each turn, after one to warm up")
    parser.add_argument("--worker", choices=PEERS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker, options.points[0], options.steps)
        return
    ours = "dns-solver"
    codes = [ours, *PEERS]
    said = json.loads(output([str(find_solver()), "bench", "--json", "--only", "step"]))
    print(", ".join([*said["machine"].values(), *map(" ".join, said["versions"].items())]))
    print(f"Python {platform.python_version()}, ", end="")
    print(", ".join(f"{name} {version(name)}" for names in PEERS.values() for name in names))
    print(f"Seconds per RK4 step: median (least to most) of {options.rounds} turns\n")
    print("| points | ranks | code | s per step | spread | over dns-solver |")
    print("|---|---|---|---|---|---|")
    for points in options.points:
        expected = our_dissipation(find_solver(), points, options.steps + 1)
        grid = f"grid.points=[{points},{points},{points}]"
        for ranks in options.ranks:
            here = [code for code in codes if ranks == 1 or code in (ours, "mpi4py-fft")]
            times: dict[str, list[float]] = {code: [] for code in here}
            bench = ["bench", "--only", "step", "--json", "--set", grid, "--repeats", "1"]
            ours_command = [str(find_solver()), *bench, "--samples", str(options.steps)]
            size = ["--points", str(points), "--steps", str(options.steps)]
            for _ in range(options.rounds):
                for code in here:
                    if code == ours:
                        report = json.loads(output([*launcher(ranks), *ours_command]))
                        times[code].append(report["measured"]["step"]["median"])
                        continue
                    peer = [sys.executable, __file__, "--worker", code, *size]
                    seconds, dissipation = json.loads(output([*launcher(ranks), *peer]))
                    if abs(dissipation / expected - 1) > SAME:
                        sys.exit(f"{code} has dissipation {dissipation!r}, {ours} {expected!r}")
                    times[code].append(seconds)
            best = statistics.median(times[ours])
            for code, seconds in times.items():
                middle = statistics.median(seconds)
                print(
                    f"| {points}^3 | {ranks} | {code} | {middle:.4f} | {min(seconds):.4f} to "
                    f"{max(seconds):.4f} | {middle / best:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
