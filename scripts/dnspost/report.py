"""One HTML page about a run: self-contained, dark and light, no script and no network."""

import base64
import html
import io
import re
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dnspost import files, gradient_plots, health, particle_plots, plots, slices, structure_plots
from dnspost.averages import steady
from dnspost.grid import VELOCITY
from dnspost.picks import LAST, Choice
from dnspost.runs import Run
from dnspost.style import style

_STYLE = """
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --page: #ffffff;
  --card: #f6f8fa; --line: #d1d9e0; --bar: #0072b2;
  --good: #1a7f37; --warn: #b35900; --bad: #c21f2c; }
@media (prefers-color-scheme: dark) { :root { --ink: #d8dee6; --soft: #9198a1; --page: #161b22;
  --card: #1d242d; --line: #3d444d; --bar: #56b4e9;
  --good: #4ac26b; --warn: #e69f00; --bad: #ff7b72; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 66rem; background: var(--page);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; } h2 { margin: 2rem 0 .6rem; font-size: 1.15rem; }
p { margin: .2rem 0; } .soft { color: var(--soft); }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.light { white-space: nowrap; font-weight: 600; }
.good { color: var(--good); } .warn { color: var(--warn); } .bad { color: var(--bad); }
img { max-width: 100%; height: auto; display: block; margin: .5rem auto; }
.bar { background: var(--bar); height: .8rem; border-radius: 2px; }
pre { background: var(--card); padding: .8rem; overflow: auto; font-size: 13px; max-height: 30rem; }
.scroll { overflow-x: auto; } summary { cursor: pointer; }
"""
_FILES = [
    "history.csv",
    "gradients.csv",
    "spectra.h5",
    "pdfs.h5",
    "invariants.h5",
    "structure_functions.h5",
    "snapshots.xmf",
]
_STEADY = [
    "kinetic_energy",
    "magnetic_energy",
    "potential_energy",
    "dissipation",
    "injected_power",
    "integral_length",
    "turnover_time",
    "taylor_reynolds",
    "kolmogorov_length",
    "kmax_eta",
]
_CHANGED = re.compile(r"^changed, as allowed: (.*)$", re.MULTILINE)
_WORDS = {"good": "\u25cf good", "warn": "\u25b2 look", "bad": "\u25a0 bad"}


def report(
    run: Run, path: Path, refresh_seconds: int | None = None, since: float | None = None
) -> Path:
    """Write the page about `run`; with `refresh_seconds` a browser loads it again and again.

    Lights judge the time from `since` on, and statistics are means over it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(path, page(run, refresh_seconds, since))
    return path


def page(run: Run, refresh_seconds: int | None = None, since: float | None = None) -> str:
    """Return the page about a run, finished or not.

    A part that cannot be made has a sentence that says why, whatever the reason.
    """
    refresh = f'<meta http-equiv="refresh" content="{refresh_seconds}">' if refresh_seconds else ""
    choice = Choice(since=since, mean=since is not None)
    parts: list[tuple[str, Callable[[], str]]] = [
        ("Is it healthy?", lambda: _health(run, since)),
        ("What was run", lambda: _facts(run)),
        ("Steady state", lambda: "" if since is None else _steady(run, since)),
        ("Over time", lambda: _over_time(run)),
        ("Across scales", lambda: _across_scales(run, choice)),
        ("In space", lambda: _in_space(run)),
        ("Particles", lambda: particles(run)),
        ("Where the time went", lambda: _timings(run)),
        ("Files", lambda: _files(run)),
        ("Configuration and log", lambda: _texts(run)),
    ]
    made = [(title, _guarded(title, part)) for title, part in parts]
    body = "\n".join(f"<section><h2>{title}</h2>{text}</section>" for title, text in made if text)
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">{refresh}
<title>{html.escape(run.name)}</title><style>{_STYLE}</style></head>
<body><h1>{html.escape(run.name)}</h1>
<p class="soft">{html.escape(str(run.directory.resolve()))}, as of
{datetime.now().astimezone():%Y-%m-%d %H:%M %Z}</p>
{body}
</body></html>
"""


def _guarded(what: str, make: Callable[[], str]) -> str:
    """Return a part of the page, or why there is none: it must not take the others with it."""
    try:
        with np.errstate(all="ignore"):
            return make()
    except Exception as error:
        return (
            f'<p class="soft">No {html.escape(what[0].lower() + what[1:])}: '
            f"{html.escape(str(error) or type(error).__name__)}.</p>"
        )


def _health(run: Run, since: float | None) -> str:
    return _table(
        f'<td class="light {check.light}">{_WORDS[check.light]}</td><td>{html.escape(check.name)}'
        f'</td><td class="number">{check.value}</td>'
        f'<td class="soft">{html.escape(check.words)}</td>'
        for check in health.checks(run, since)
    )


def _steady(run: Run, since: float) -> str:
    """Return the means of the quantities that are looked at first."""
    table = steady(run, since)
    names = [name for name in _STEADY if name in table.index]
    rows = _table(
        f'<td>{name}</td><td class="number">{row["mean"]:.4g} ± {row["standard_error"]:.2g}</td>'
        f'<td class="soft">{html.escape(table.attrs["units"].get(name, ""))}</td>'
        f'<td class="number">{row["independent_samples"]:.0f} independent samples</td>'
        f'<td class="soft">{"too few for a sound error" if row["few_samples"] else ""}</td>'
        for name, row in table.loc[names].iterrows()
    )
    return f"<p>Means from t = {since:g} on, with their standard errors.</p>{rows}"


def _facts(run: Run) -> str:
    """Return the lines of the log before the first step, and the physics."""
    config = run.config
    lines = run.log.splitlines()
    facts = {
        "version": lines[0] if lines else "",
        "grid": _settings(config["grid"]),
        "equation": f"{config['physics']['equation']}, viscosity {run.viscosity:g}",
        **_physics(config["physics"]),
        "fields": ", ".join(_fields(config["physics"])),
        "start": _settings(config["initial"]),
        "forcing": _settings(config["forcing"]),
    }
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or line.startswith("t "):
            break
        facts[name] = value.strip()
    for number, change in enumerate(_CHANGED.findall(run.log), 1):
        facts[f"change {number}"] = change
    return _table(
        f"<td>{html.escape(name)}</td><td>{html.escape(value)}</td>"
        for name, value in facts.items()
        if value
    )


def _fields(physics: dict[str, Any]) -> list[str]:
    """Return the fields that are advanced, by their names in files."""
    magnetic = ["bx", "by", "bz"] if physics["equation"] == "mhd" else []
    buoyancy = ["theta"] if physics.get("stratification") else []
    scalars = [scalar["name"] for scalar in physics.get("scalars", [])]
    return [*VELOCITY, *magnetic, *buoyancy, *scalars]


def _physics(physics: dict[str, Any]) -> dict[str, str]:
    """Return what acts beside viscosity: rotation, stratification, scalars, a magnetic field."""
    found: dict[str, str] = {}
    for name, value in physics.items():
        if name in ("equation", "viscosity") or not value or value == [0.0, 0.0, 0.0]:
            continue
        if name == "scalars":
            found |= {f"scalar {scalar['name']}": _settings(scalar) for scalar in value}
        else:
            found[name] = _settings(value) if isinstance(value, dict) else str(value)
    return found


def _settings(table: dict[str, Any], prefix: str = "") -> str:
    """Return a table of the configuration in a line, with dotted keys."""
    return ", ".join(
        _settings(value, f"{prefix}{key}.")
        if isinstance(value, dict)
        else f"{prefix}{key} = {value}"
        for key, value in table.items()
    )


def _over_time(run: Run) -> str:
    if len(run.history) < 2:
        return "<p>There are no rows of history yet.</p>"
    return _picture(lambda: plots.history([run]), "energies, dissipation, scales over time")


def _across_scales(run: Run, choice: Choice) -> str:
    """Return pictures of what there is, of the last record or of means."""
    pictures = []
    if run.has("spectra") or run.snapshot_files:
        pictures.append(_picture(lambda: plots.spectra(run, 5, choice), "energy spectra"))
    if run.has("spectra"):
        pictures.append(_picture(lambda: plots.flux(run, choice), "transfer of energy"))
        if "kinetic_energy_axial" in run.spectra:
            words = "spectrum about the axis"
            pictures.append(_picture(lambda: structure_plots.axial(run, choice), words))
    if run.has("pdfs") or run.snapshot_files:
        of = choice if run.has("pdfs") else LAST
        pictures.append(_picture(lambda: plots.pdf(run, of), "probability densities"))
    if run.has("invariants"):
        words = "invariants of the velocity gradient"
        pictures.append(_picture(lambda: gradient_plots.invariants(run, choice), words))
    if run.has("structure_functions"):
        words = "structure functions"
        pictures.append(_picture(lambda: structure_plots.structure(run, choice), words))
    return "".join(pictures)


def _in_space(run: Run) -> str:
    if not run.snapshot_files:
        return ""
    last = run.snapshots.isel(time=-1)
    return _picture(lambda: slices.slices(run, last), "planes through the last snapshot")


def particles(run: Run) -> str:
    """Return a picture of each set of particles."""
    return "".join(
        f"<p>{html.escape(name)}: particles {found.sizes['particle']}, records "
        f"{found.sizes['time']}</p>"
        + _picture(partial(particle_plots.overview, run, name), f"paths of {html.escape(name)}")
        for name, found in run.particles.items()
    )


def _timings(run: Run) -> str:
    table = run.timings
    return _table(
        f"<td>{html.escape(part)}</td>"
        f'<td class="number">{row["mean"]:.3g} ms</td><td class="number">{row["share"]:.1f} %</td>'
        f'<td style="width:50%"><div class="bar" style="width:{row["share"]:.1f}%"></div></td>'
        for part, row in table.iterrows()
    )


def _files(run: Run) -> str:
    groups = {name: [run.directory / name] for name in _FILES}
    for name in ("spectra", "pdfs", "invariants", "structure_functions"):
        groups[f"{name}.h5"] = files.parts(run.directory, name)
    groups["snapshots"] = run.snapshot_files
    for name in ("modes", "slices", "particles"):
        groups[name] = sorted((run.directory / name).glob("*.h5"))
    groups["checkpoints"] = [checkpoint.path for checkpoint in run.checkpoints]
    groups = {name: [path for path in paths if path.exists()] for name, paths in groups.items()}
    return _table(
        f'<td>{name}</td><td class="number">{len(paths)}</td>'
        f'<td class="number">{sum(map(_size, paths)) / 1e6:.3g} MB</td>'
        for name, paths in groups.items()
        if paths
    )


def _size(path: Path) -> int:
    """Bytes on the disk: room for records to come takes none."""
    found = path.stat()
    return min(found.st_size, 512 * found.st_blocks)


def _texts(run: Run) -> str:
    config = files.read_text(run.directory / "config.toml")
    return (
        f"<details><summary>config.toml</summary><pre>{html.escape(config)}</pre></details>"
        f"<details><summary>log.txt</summary><pre>{html.escape(run.log)}</pre></details>"
    )


def _table(rows: Iterable[str]) -> str:
    text = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<div class="scroll"><table>{text}</table></div>' if text else ""


def _picture(draw: Callable[[], Figure], words: str) -> str:
    """Return a figure for light and one for dark pages, both inside of the page."""
    return _guarded(words, lambda: _drawn(draw, words))


def _drawn(draw: Callable[[], Figure], words: str) -> str:
    """Return a figure for light and one for dark pages, both inside of the page."""
    images = {}
    for dark in (False, True):
        with style(dark=dark):
            buffer = io.BytesIO()
            figure = draw()
            figure.savefig(buffer, dpi=180)
        images[dark] = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{images[True]}">'
        f'<img src="{images[False]}" alt="{html.escape(words)}" '
        f'width="{150 * figure.get_figwidth():.0f}"></picture>'  # letters of one size in all
    )
