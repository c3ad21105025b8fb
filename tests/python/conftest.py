"""Runs that several files of tests read."""

import os
from pathlib import Path

import pytest

import dnspost
from running import SOLVER, solve

os.environ["DNS_SOLVER"] = str(SOLVER)  # also for what dnspost starts
os.environ.setdefault("MPLBACKEND", "Agg")

# Random phases that have had time to make a cascade; a box of unequal sides and points.
OBLONG = """
[grid]
points = [20, 24, 32]
lengths = [1.0, 1.0, 2.0]
[physics]
viscosity = 0.03
[initial]
kind = "random"
energy = 0.5
spectrum = { model = "exponential", peak = 2.0 }
mean_flow = [0.1, 0.0, -0.2]
[time]
dt = 0.02
end = 0.4
[output]
directory = "oblong"
snapshots = { every = 0.1, precision = "double" }
"""

CUBE = """
[grid]
points = [32, 32, 32]
[physics]
viscosity = 0.02
[initial]
kind = "random"
energy = 0.5
spectrum = { model = "exponential", peak = 2.0 }
[forcing]
kind = "constant_power"
power = 0.1
wavenumber = 2.0
[time]
cfl = 0.6
dt_max = 0.05
end = 1.0
[output]
directory = "cube"
snapshots = { every = 0.25, precision = "double" }
"""


def run(folder: Path, name: str, config: str) -> dnspost.Run:
    """Run `config` in `folder`; it goes into the directory `name` there."""
    path = folder / f"{name}.toml"
    path.write_text(config)
    solve(path)
    return dnspost.open(folder / name)


@pytest.fixture(scope="session")
def oblong(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a run in a box of unequal sides, with a mean flow."""
    return run(tmp_path_factory.mktemp("oblong"), "oblong", OBLONG)


@pytest.fixture(scope="session")
def cube(tmp_path_factory: pytest.TempPathFactory) -> dnspost.Run:
    """Return a forced run in a cube."""
    return run(tmp_path_factory.mktemp("cube"), "cube", CUBE)
