"""The page about a run: complete, self-contained, honest, and drawn by a real browser."""

import base64
import itertools
import re
import shutil
import subprocess
import threading
import time
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import matplotlib.image
import pytest

import dnspost
from dnspost.cli import main
from dnspost.health import checks, courant_limit
from dnspost.report import page
from dnspost.watch import server
from exact_fields import CUBE, noise, taylor_green
from running import solve

BROWSER = next(filter(shutil.which, ["chromium", "google-chrome", "chromium-browser"]), None)

# One step, with a Courant number of 1.9.
LONG_STEP = """
[grid]
points = [12, 12, 12]
[physics]
viscosity = 0.1
[initial]
kind = "taylor_green"
[time]
dt = 1.0
end = 1.0
[output]
directory = "long"
"""


class Page(HTMLParser):
    """Collects what a page refers to, and notes tags that do not close."""

    def __init__(self, text: str) -> None:
        """Read all of `text`."""
        super().__init__()
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep addresses."""
        self.links += [value or "" for name, value in attrs if name in ("src", "srcset", "href")]
        if tag not in ("meta", "img", "source", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Every tag closes the last one."""
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def report(cube: dnspost.Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page that the command writes."""
    path = tmp_path_factory.mktemp("report") / "page.html"
    assert main(["report", str(cube.directory), "-o", str(path)]) == 0
    return path


def test_the_page_needs_nothing_else(cube: dnspost.Run, report: Path) -> None:
    """Pictures are inside, one for light and one for dark pages; no script, no address."""
    text = report.read_text()
    parsed = Page(text)
    assert parsed.open == []
    assert len(parsed.links) == 8, "four figures, each light and dark"
    for link in parsed.links:
        kind, _, data = link.partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(data, validate=True).startswith(b"\x89PNG")
    assert "http" not in re.sub(r'"data:[^"]*"', "", text)
    assert "<script" not in text
    for part in [
        "constant_power",
        "viscosity 0.02",
        "spectrum.peak = 2.0",
        "avx" if "avx" in cube.log else "ranks",
    ]:
        assert part in text


def test_a_sound_run_has_good_lights(cube: dnspost.Run) -> None:
    """All but what a small grid cannot resolve."""
    lights = {check.name: check.light for check in checks(cube)}
    for name in ["Progress", "Time step", "Energy budget", "Divergence", "End of the spectrum"]:
        assert lights[name] == "good", name


@pytest.mark.parametrize(
    ("column", "row", "value", "name"),
    [
        ("kmax_eta", 3, 0.6, "Resolution"),
        ("cfl", 3, 2.0, "Time step"),
        ("kinetic_energy", -1, 0.9, "Energy budget"),
        ("max_divergence", 3, 1e-6, "Divergence"),
        ("time", -1, 0.99, "Progress"),
    ],
)
def test_each_light_turns(
    cube: dnspost.Run, tmp_path: Path, column: str, row: int, value: float, name: str
) -> None:
    """A number that is wrong in the history is seen by its check, and by no other."""
    directory = Path(shutil.copytree(cube.directory, tmp_path / "run"))
    table = cube.history.reset_index()
    table.loc[table.index[row], column] = value
    table.to_csv(directory / "history.csv", index=False)
    before = {check.name: check.light for check in checks(cube)}
    after = {check.name: check.light for check in checks(dnspost.open(directory))}
    changed = {n for n in before if before[n] != after[n]}
    assert changed - {"Resolution"} <= {name}
    assert after[name] == ("warn" if name == "Progress" else "bad")


@pytest.mark.parametrize(
    ("scheme", "dealias"),
    [
        ("rk4", "two_thirds"),
        ("rk4", "phase_shift"),
        ("rk3", "two_thirds"),
        ("rk3", "none"),
        ("rk2", "two_thirds"),
    ],
)
def test_the_limit_of_the_step_is_the_solvers(tmp_path: Path, scheme: str, dealias: str) -> None:
    """As its warning has it, for a step that is too long."""
    path = tmp_path / "long.toml"
    path.write_text(LONG_STEP)
    solve(path, "--set", f"time.scheme='{scheme}'", "--set", f"grid.dealias='{dealias}'")
    run = dnspost.open(tmp_path / "long")
    (warned,) = re.findall(rf"{scheme} is stable up to about ([\d.]+);", run.log)
    assert courant_limit(run.config) == float(warned)
    lights = {check.name: check.light for check in checks(run)}
    assert lights["Time step"] == "bad"


@pytest.mark.parametrize(
    ("before", "after", "light"),
    [
        ("", "", "good"),
        ('dealias = "two_thirds"', 'dealias = "none"', "bad"),
        ('scheme = "rk4"', 'scheme = "rk3"', "bad"),
        ("cfl = 0.6", "tolerance = 1e-5", "good"),
    ],
)
def test_a_step_is_judged_by_the_rules_of_its_run(
    cube: dnspost.Run, tmp_path: Path, before: str, after: str, light: str
) -> None:
    """A Courant number of 1 is fine with one scheme and grid and not with another."""
    directory = Path(shutil.copytree(cube.directory, tmp_path / "run"))
    table = cube.history.assign(cfl=1.0)
    if "tolerance" in after:
        table["cfl"] = 2.0
    table.to_csv(directory / "history.csv")
    config = directory / "config.toml"
    assert before in config.read_text()
    config.write_text(config.read_text().replace(before, after))
    (found,) = (check for check in checks(dnspost.open(directory)) if check.name == "Time step")
    assert found.light == light


def test_energy_at_the_end_of_the_spectrum_is_seen(cube: dnspost.Run, tmp_path: Path) -> None:
    """Noise in all modes; shells that are empty by symmetry are no such thing."""
    directory = Path(shutil.copytree(cube.directory, tmp_path / "run"))
    last = directory / "snapshots/snapshot_99999999.h5"
    for flow, light in [(noise((32, 32, 32), CUBE), "bad"), (taylor_green(32), "good")]:
        with warnings.catch_warnings(action="ignore"):
            dnspost.write_initial(last, flow, project=True)
        lights = {check.name: check.light for check in checks(dnspost.open(directory))}
        assert lights["End of the spectrum"] == light


def test_a_run_that_has_just_begun_has_a_page(cube: dnspost.Run, tmp_path: Path) -> None:
    """With what is there: the configuration."""
    shutil.copy(cube.directory / "config.toml", tmp_path)
    text = page(dnspost.open(tmp_path))
    assert "no rows of history" in text
    assert "constant_power" in text


@contextmanager
def served(run: dnspost.Run) -> Iterator[Callable[[], str]]:
    """Serve the page about a run, and give what asks for it."""
    with server(run, 0) as pages:
        thread = threading.Thread(target=pages.serve_forever)
        thread.start()
        address = f"http://127.0.0.1:{pages.server_port}/"
        try:
            yield lambda: urllib.request.urlopen(address, timeout=60).read().decode()
        finally:
            pages.shutdown()
            thread.join()


def asked_until(ask: Callable[[], str], words: str) -> str:
    """Ask for the page again and again, for a minute at most, until it has these words."""
    for _ in range(600):
        if words in (found := ask()):
            return found
        time.sleep(0.1)
    pytest.fail(f"no page says {words!r}")


def test_watch_serves_what_has_been_written(cube: dnspost.Run, tmp_path: Path) -> None:
    """The page follows the run, and asks the browser to load it again."""
    without_fields = shutil.ignore_patterns("*.h5")
    directory = Path(shutil.copytree(cube.directory, tmp_path / "run", ignore=without_fields))
    rows = (directory / "history.csv").read_text().splitlines(keepends=True)
    (directory / "history.csv").write_text("".join(rows[:-1]))
    with served(dnspost.open(directory)) as ask:
        assert "The run goes on" in ask()
        (directory / "history.csv").write_text("".join(rows))
        assert 'http-equiv="refresh"' in asked_until(ask, "The run is complete")


def test_watch_answers_while_it_draws(
    cube: dnspost.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the last page, which is drawn anew only when the run has gone on."""
    shutil.copy(cube.directory / "config.toml", tmp_path)
    drawings = itertools.count()
    may_draw, works = threading.Event(), threading.Event()

    def draw(*_: object) -> str:
        assert may_draw.wait(60)
        if not works.is_set():
            raise FileNotFoundError("a file is gone")
        return f"page {next(drawings)}"

    monkeypatch.setattr("dnspost.watch.page", draw)
    may_draw.set()
    works.set()
    with served(dnspost.open(tmp_path)) as ask:
        assert [ask(), ask()] == ["page 0", "page 0"]
        may_draw.clear()
        works.clear()
        (tmp_path / "history.csv").touch()
        assert [ask(), ask()] == ["page 0", "page 0"]
        may_draw.set()
        asked_until(ask, "could not be made: a file is gone")
        works.set()
        assert asked_until(ask, "page 1") == ask()


@pytest.mark.skipif(BROWSER is None, reason="there is no chromium to look at the page with")
def test_a_browser_draws_it_dark_and_light(report: Path, tmp_path: Path) -> None:
    """Chromium follows the colours that its user prefers."""
    brightness = []
    for preferred in ("0", "1"):
        picture = tmp_path / f"{preferred}.png"
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--window-size=900,2400"]
        options += [f"--blink-settings=preferredColorScheme={preferred}"]
        command = [str(BROWSER), *options, f"--screenshot={picture}"]
        subprocess.run([*command, report.as_uri()], check=True, capture_output=True, timeout=60)
        pixels = matplotlib.image.imread(picture)[..., :3]
        assert pixels.std() > 0.1
        brightness.append(float(pixels.mean()))
    assert brightness[0] < 0.35
    assert brightness[1] > 0.8
