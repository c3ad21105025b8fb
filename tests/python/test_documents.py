"""What the documents tell users to type works."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

import dnspost
from running import REPOSITORY, solve


def test_the_tutorial_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the configuration to the page, with the numbers that it promises."""
    monkeypatch.chdir(tmp_path)
    names = runpy.run_path(str(REPOSITORY / "docs/tutorial.py"), run_name="__main__")
    assert names["peak"]["dissipation"] == pytest.approx(0.013, rel=0.01)
    assert names["peak"]["time"] == pytest.approx(5, abs=0.3)
    assert names["sweep"].table["complete"].all()
    printed = capsys.readouterr().out
    first, second = map(
        float, re.findall(r"^enstrophy (\S+), history says (\S+)$", printed, re.M)[0]
    )
    assert first == second
    written = {str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*.p[nd][gf]")}
    assert "tutorial/dissipation.pdf" in written
    assert "tutorial/re100/plots/slices.png" in written
    assert (tmp_path / "tutorial/re100/report.html").exists()


def test_the_python_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All its blocks, one after the other, beside a run of configs/laptop.toml."""
    config = shutil.copy(REPOSITORY / "configs/laptop.toml", tmp_path)
    solve(Path(config), "--set", "time.dt=0.1")
    monkeypatch.chdir(tmp_path)
    text = (REPOSITORY / "docs/python.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    names: dict[str, object] = {}
    exec(compile(code, "python.md", "exec"), names)
    assert isinstance(names["mine"], dnspost.Run)
    assert names["mine"].is_complete


def test_the_python_page_names_what_there_is() -> None:
    """Every function of its table is one of the package."""
    text = (REPOSITORY / "docs/python.md").read_text()
    rows = re.findall(
        r"^\| (`.*?) \|", text.partition("## Analyse")[2].partition("## Start")[0], re.M
    )
    functions = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    assert len(functions) > 15
    assert [name for name in functions if not hasattr(dnspost, name)] == []
