"""The scaling study, with a stand-in for the solver whose times are known."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from running import REPOSITORY, SOLVER, TIMEOUT_SECONDS

SCRIPT = REPOSITORY / "scripts/scaling.py"
# A grid of N points takes N microseconds / cores^0.5: efficiency is cores^-0.5.
STAND_IN = """#!/usr/bin/env python3
import json, math, os, sys
arguments = sys.argv[1:]
assert arguments[0] == "bench" and "--json" in arguments
grid = next(word for word in arguments if word.startswith("grid.points="))
points = math.prod(json.loads(grid.partition("=")[2]))
threads = int(arguments[arguments.index("--threads") + 1])
ranks = int(os.environ.get("OMPI_COMM_WORLD_SIZE", os.environ.get("PMI_SIZE", "1")))
step = points * 1e-6 / math.sqrt(ranks * threads)
measured = {"transform": step / 8, "tendency": step / 4, "step": step, "snapshot": 2 * step}
if os.environ.get("OMPI_COMM_WORLD_RANK", os.environ.get("PMI_RANK", "0")) == "0":
    print(json.dumps({
        "machine": {"host": "here"},
        "versions": {"dns-solver": "1.2.3"},
        "measured": {name: {"median": seconds} for name, seconds in measured.items()},
        "snapshot_bytes": 24 * points,
        "roofline": {"share_of_peak": 0.25, "share_of_bandwidth": 0.5},
    }))
"""


def rows(table: str) -> list[dict[str, str]]:
    """Return the rows of a table in Markdown."""
    lines = [line for line in table.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


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
    solver = tmp_path / "solver"
    solver.write_text(STAND_IN)
    solver.chmod(0o755)
    monkeypatch.setenv("DNS_SOLVER", str(solver))
    monkeypatch.chdir(tmp_path)
    layouts = ["--layouts", "1x1,2x1,2x3", "--rounds", "2"]
    subprocess.run([sys.executable, SCRIPT, *what, *layouts], check=True, timeout=TIMEOUT_SECONDS)
    found = rows(Path("scaling.md").read_text())
    assert [row["grid"] for row in found] == grids
    assert [row["ranks x threads"] for row in found] == ["1 x 1", "2 x 1", "2 x 3"]
    assert [row["speed-up"] for row in found] == ["1.00", "1.41", "2.45"]
    assert [row["efficiency"] for row in found] == ["100%", "71%", "41%"]
    assert {(row["of peak"], row["of bandwidth"]) for row in found} == {("25%", "50%")}
    # 24 bytes a point in 2 microseconds, on one core.
    assert found[0]["snapshot, MB/s"] == "12"
    record = json.loads(Path("scaling.json").read_text())
    assert [len(case["turns"]) for case in record["cases"]] == [2, 2, 2]
    assert Path("scaling.png").stat().st_size > 0


def test_measured_and_predicted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver is measured beside what its machine file predicts; a plan is without measuring."""
    monkeypatch.setenv("DNS_SOLVER", str(SOLVER))
    monkeypatch.chdir(tmp_path)
    machine = str(REPOSITORY / "scripts/machines/lumi-c.toml")
    options = ["--points", "16", "--machine", machine, "--layouts"]
    quick = ["1x1", "--rounds", "1", "--samples", "1", "--only", "step"]
    subprocess.run([sys.executable, SCRIPT, *options, *quick], check=True, timeout=TIMEOUT_SECONDS)
    [row] = rows(Path("scaling.md").read_text())
    ratio = float(row["predicted step"]) / float(row["step"])
    assert float(row["over measured"]) == pytest.approx(ratio, abs=0.02 + 0.02 * ratio)
    done = subprocess.run(
        [sys.executable, SCRIPT, *options, "64x1,256x1", "--plan"],
        check=True,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    one, two = rows(done.stdout)
    assert (one["nodes"], two["nodes"]) == ("1", "2")
    # Fewer planes than ranks: no faster.
    assert float(one["s per step"]) <= float(two["s per step"])


@pytest.mark.parametrize("path", sorted((REPOSITORY / "scripts/machines").glob("*.toml")))
def test_machine_files_are_accepted(path: Path) -> None:
    """In both precisions, on many nodes."""
    for precision in ("double", "single"):
        config = REPOSITORY / "configs/taylor_green.toml"
        options = ["--dry-run", "--ranks", "512", "--set", "grid.points=[512,512,512]"]
        command = [
            str(SOLVER),
            str(config),
            *options,
            "--machine",
            str(path),
            "--set",
            f"precision={precision}",
        ]
        done = subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
        assert "s per step" in done.stdout


def test_a_prediction_builds_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a program is there; and an environment that a user has made is never touched."""
    names = ["scripts", "Cargo.toml", "configs", "tests/python/requirements.txt"]
    for name in names:
        source, target = REPOSITORY / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv/mine").touch()
    packages = tmp_path / ".venv-tests/lib/python3/site-packages"
    packages.mkdir(parents=True)
    (packages / "__editable__.dnspost").touch()
    lists = [tmp_path / "tests/python/requirements.txt", tmp_path / "scripts/pyproject.toml"]
    installed = "".join(path.read_text(encoding="utf-8") for path in lists)
    (tmp_path / ".venv-tests/installed").write_text(installed, encoding="utf-8")
    programs = {
        tmp_path / ".venv-tests/bin/python": f'exec {sys.executable} "$@"',
        tmp_path / "bin/cargo": f"touch {tmp_path}/built; exit 1",
    }
    for path, text in programs.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
        path.chmod(0o755)
    (tmp_path / "target/release").mkdir(parents=True)
    (tmp_path / "target/release/dns-solver").symlink_to(SOLVER)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    monkeypatch.setenv("CARGO_HOME", str(tmp_path))
    for name in ("DNS_SOLVER", "SLURM_JOB_ID", "CARGO_TARGET_DIR"):
        monkeypatch.delenv(name, raising=False)
    machine = str(REPOSITORY / "scripts/machines/lumi-c.toml")
    plan = ["--points", "16", "--machine", machine, "--layouts", "1x1", "--plan"]
    for arguments in (plan, ["--help"]):
        command = [str(tmp_path / "scripts/scaling.sh"), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_SECONDS)
        assert done.returncode == 0, done.stderr.decode()
    assert not (tmp_path / "built").exists()
    assert (tmp_path / ".venv/mine").exists()
