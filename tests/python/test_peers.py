"""The solver with which ours is compared solves the same problem."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import dnspost
from running import REPOSITORY


def test_a_peer_has_the_same_dissipation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After four steps, to rounding; the initial dissipation is 9e-6 away, relatively."""
    monkeypatch.chdir(tmp_path)
    worker = ["--worker", "numpy.fft", "--points", "16", "--steps", "3"]
    script = REPOSITORY / "scripts/compare_peers.py"
    done = subprocess.run(
        [sys.executable, script, *worker], capture_output=True, check=True, timeout=60
    )
    config = {
        "grid": {"points": [16, 16, 16]},
        "physics": {"viscosity": 1 / 1600},
        "initial": {"kind": "taylor_green"},
        "time": {"dt": 1e-3, "end": 4e-3},
        "output": {"directory": "run"},
    }
    expected = dnspost.run(config).history["dissipation"].iloc[-1]
    _, dissipation = json.loads(done.stdout)
    assert dissipation == pytest.approx(expected, rel=1e-12)
    assert dissipation != pytest.approx(2 / 1600 * 3 / 8, rel=1e-6)
