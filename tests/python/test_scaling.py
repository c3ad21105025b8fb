"""The scaling study, with a stand-in for the bench whose times are known."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from running import REPOSITORY

# A grid of N points takes N microseconds / cores^0.5: efficiency is cores^-0.5.
STEP = """#!/usr/bin/env python3
import math, os, sys
arguments = sys.argv[1:]
points = math.prod(map(int, arguments[arguments.index("--points") + 1].split(",")))
threads = int(arguments[arguments.index("--threads") + 1])
ranks = int(os.environ.get("OMPI_COMM_WORLD_SIZE", os.environ.get("PMI_SIZE", "1")))
if os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK", "0")) == "0":
    print(points * 1e-6 / math.sqrt(ranks * threads))
    print("z-lines: 1.0 ms")
"""


@pytest.mark.parametrize(
    ("what", "grids"),
    [
        (["--points", "8"], ["8 x 8 x 8"] * 3),
        (["--weak", "8"], ["8 x 8 x 8", "8 x 8 x 16", "8 x 24 x 16"]),
    ],
)
def test_speed_up_and_efficiency(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: list[str], grids: list[str]
) -> None:
    """Over cores, in points per second, for the same grid or for one that grows with the cores."""
    bench = tmp_path / "release/deps/step-0123"
    bench.parent.mkdir(parents=True)
    bench.write_text(STEP)
    bench.chmod(0o755)
    monkeypatch.setenv("CARGO_TARGET_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    script = REPOSITORY / "scripts/scaling.py"
    layouts = ["--layouts", "1x1,2x1,2x3", "--rounds", "2"]
    subprocess.run([sys.executable, script, *what, *layouts], check=True, timeout=60)
    rows = [
        [cell.strip() for cell in line.split("|")[1:-1]]
        for line in Path("scaling.md").read_text().splitlines()
        if " x " in line and line.startswith("|") and "grid" not in line
    ]
    assert [row[0] for row in rows] == grids
    assert [row[1] for row in rows] == ["1 x 1", "2 x 1", "2 x 3"]
    assert [row[4] for row in rows] == ["1.00", "1.41", "2.45"]
    assert [row[5] for row in rows] == ["100%", "71%", "41%"]
    record = json.loads(Path("scaling.json").read_text())
    assert [len(case["seconds"]) for case in record["cases"]] == [2, 2, 2]
    assert record["versions"]["rustc"].startswith("rustc")
    assert Path("scaling.png").stat().st_size > 0
