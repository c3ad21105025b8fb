"""Every configuration we hand out works, and so does the README."""

import re
import shutil
import tomllib
from pathlib import Path

import numpy as np
import pytest

from running import REPOSITORY, Run, solve

CONFIGS = sorted((REPOSITORY / "configs").glob("*.toml"))


def short_end(config: Path) -> float:
    """Return an end time that takes at least three steps."""
    time = tomllib.loads(config.read_text())["time"]
    return float(3 * time.get("dt", time.get("dt_max")))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_dry_run_explains_and_writes_nothing(config: Path, tmp_path: Path) -> None:
    """`--dry-run` accepts the configuration as it is."""
    output = tmp_path / "run"
    text = solve(config, "--dry-run", "--output", str(output))
    assert "memory" in text.lower()
    assert not output.exists()


@pytest.mark.parametrize("config", CONFIGS, ids=lambda path: path.stem)
def test_a_few_steps_on_a_small_grid(config: Path, tmp_path: Path) -> None:
    """The run reaches its end with finite numbers."""
    end = short_end(config)
    settings = ["--set", "grid.points=[16,16,16]", "--set", f"time.end={end}"]
    solve(config, *settings, "--output", str(tmp_path / "run"), ranks=2)
    history = Run(tmp_path / "run").history
    assert history["time"].iloc[-1] == pytest.approx(end)
    assert history["step"].iloc[-1] >= 3
    assert np.isfinite(history[["kinetic_energy", "dissipation", "enstrophy"]]).all(axis=None)


def test_python_in_the_readme_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The lines that show how to read a run do read one."""
    config = shutil.copy(REPOSITORY / "configs/laptop.toml", tmp_path)
    solve(Path(config), "--set", "time.end=0.1")
    (lines,) = re.findall(r"```python\n(.*?)```", (REPOSITORY / "README.md").read_text(), re.S)
    monkeypatch.chdir(tmp_path)
    exec(compile(lines, "README.md", "exec"), {})
    assert "dissipation" in capsys.readouterr().out
