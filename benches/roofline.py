"""Bytes and FLOPs of a time step, counted, and the share of this machine's that one core reaches.

Counted are the line transforms (radix by radix, as `transform/lines` plans them for 32 registers; a
fused multiply-add is two) and what must go through memory when neither fields nor exchange fit a
cache. Pointwise work and register transposes are left out: a few per cent of the FLOPs. The
machine's own rates come from a copy of large arrays and from a product of matrices (OpenBLAS).

    pip install numpy
    python benches/roofline.py [--sizes 64,128,256]
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import subprocess
import time

import numpy
from program import newest_program

STAGES = 4
# Per right-hand side of Navier-Stokes: fields that go out, products, contracted fields.
FIELDS, PRODUCTS, CONTRACTED = 3, 5, 4
LANES, COMPLEX = 8, 16
BUTTERFLY = {1: 0, 2: 4, 4: 16, 6: 48, 8: 60}


def radices(length):
    """As in src/transform/lines/mixed_radix.rs."""
    exponent = {2: 0, 3: 0, 5: 0, 7: 0}
    for prime in exponent:
        while length % prime == 0:
            length //= prime
            exponent[prime] += 1
    assert length == 1, "a length for RustFFT"
    twos, threes = exponent[2], exponent[3]
    found = [5] * exponent[5] + [7] * exponent[7]
    while threes and twos and twos != 2:
        found.append(6)
        twos, threes = twos - 1, threes - 1
    if twos == 1:
        found.append(2)
    elif twos % 3 == 1:
        found += [4, 4] + [8] * ((twos - 4) // 3)
    else:
        found += [4] * (twos % 3 == 2) + [8] * (twos // 3)
    found = sorted(found + [3] * threes)
    return found + [1] * (2 - len(found))


def line_flops(length):
    """Of one complex line."""
    total = 0
    passes = radices(length)
    for index, radix in enumerate(passes):
        half = radix // 2
        butterfly = BUTTERFLY.get(radix, 10 * half + 8 * half**2)
        twiddles = 6 * (radix - 1) if index < len(passes) - 1 else 0
        total += length // radix * (butterfly + twiddles)
    return total


def count(points):
    """FLOPs and bytes of one step."""
    kept = 2 * ((points + 2) // 3 - 1) + 1
    along_x = -(-(kept // 2 + 1) // LANES) * LANES
    lines = (FIELDS + PRODUCTS) * (points**2 / 2 + along_x * points)
    lines += (FIELDS + CONTRACTED) * along_x * kept
    exchange = along_x * kept * points * COMPLEX
    state = along_x * kept * kept * COMPLEX
    # The exchange is written and read on both ways; state and sum are read, one of them written.
    moved = 2 * (FIELDS + CONTRACTED) * exchange + 3 * FIELDS * state
    return STAGES * lines * line_flops(points), STAGES * moved


def best(work, repeats=7):
    def seconds():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start

    return min(seconds() for _ in range(repeats))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="64,128,256")
    parser.add_argument("--program", help="step bench to run instead of the newest one built")
    options = parser.parse_args()
    program = options.program or newest_program()

    source = numpy.ones(1 << 25)
    target = numpy.zeros_like(source)
    # A copy reads its target too, before it is written.
    bandwidth = 3 * source.nbytes / best(lambda: numpy.copyto(target, source))
    matrix = numpy.random.default_rng(1).random((1024, 1024))
    peak = 2 * 1024**3 / best(lambda: matrix @ matrix)
    print(f"one core: {bandwidth / 1e9:.1f} GB/s, {peak / 1e9:.1f} GFLOP/s in a product of matrices")
    print(f"{'points':>6} {'ms/step':>9} {'FLOP/pt':>8} {'B/pt':>6} {'of peak':>8} {'of memory':>10}")
    for points in map(int, options.sizes.split(",")):
        flops, moved = count(points)
        command = [program, "--points", str(points), "--steps", "7"]
        run = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
        )
        step = float(run.stdout.split()[0])
        print(
            f"{points:>6} {step * 1e3:>9.2f} {flops / points**3:>8.0f} {moved / points**3:>6.0f} "
            f"{flops / step / peak:>8.0%} {moved / step / bandwidth:>10.0%}"
        )


if __name__ == "__main__":
    main()
