"""What the documents tell users to type works."""

import re
import runpy
import shutil
from pathlib import Path

import pytest

import dnspost
from dnspost.health import checks
from dnspost.plots import RESOLVED
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


@pytest.fixture(scope="module")
def laptop_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where configs/laptop.toml was run, in longer steps."""
    folder = tmp_path_factory.mktemp("laptop")
    config = shutil.copy(REPOSITORY / "configs/laptop.toml", folder)
    solve(Path(config), "--set", "time.dt=0.1")
    return folder


@pytest.fixture
def laptop(laptop_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be there."""
    monkeypatch.chdir(laptop_folder)


def run_blocks(page: str) -> dict[str, object]:
    """Run the Python of a page, one block after the other; return its names."""
    text = (REPOSITORY / page).read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    names: dict[str, object] = {}
    exec(compile(code, page, "exec"), names)
    return names


@pytest.mark.usefixtures("laptop")
def test_the_python_page_runs() -> None:
    """All its blocks, beside a run of configs/laptop.toml."""
    names = run_blocks("docs/python.md")
    assert isinstance(names["mine"], dnspost.Run)
    assert names["mine"].is_complete


def test_the_first_flow_is_sound(laptop_folder: Path) -> None:
    """A newcomer's first page has no red light, and the solver warned of nothing."""
    run = dnspost.open(laptop_folder / "runs/laptop")
    assert "bad" not in {check.light for check in checks(run)}
    assert run.history["kmax_eta"].min() > RESOLVED
    assert "warning" not in run.log


@pytest.mark.usefixtures("laptop")
def test_the_front_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """Its Python prints the peak that it promises."""
    run_blocks("README.md")
    printed = dict(line.split() for line in capsys.readouterr().out.splitlines()[:2])
    assert float(printed["dissipation"]) == pytest.approx(0.0130, rel=0.005)
    assert float(printed["time"]) == pytest.approx(4.9, abs=0.2)


PAGES = [
    page
    for folder in (".", "docs", "docs/validation", "benches")
    for page in REPOSITORY.glob(f"{folder}/*.md")
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """To a file of the repository, and to a heading of that page."""
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, heading = target.partition("#")
        there = page.parent / path if path else page
        assert there.exists(), target
        if heading:
            titles = re.findall(r"^#+ (.*)$", there.read_text(), re.M)
            assert heading in [title.lower().replace(" ", "-") for title in titles], target


def test_the_python_page_names_what_there_is() -> None:
    """Every function of its table is one of the package."""
    text = (REPOSITORY / "docs/python.md").read_text()
    rows = re.findall(
        r"^\| (`.*?) \|", text.partition("## Analyse")[2].partition("## Start")[0], re.M
    )
    functions = [name for row in rows for name in re.findall(r"`(\w+)", row)]
    assert len(functions) > 15
    assert [name for name in functions if not hasattr(dnspost, name)] == []
