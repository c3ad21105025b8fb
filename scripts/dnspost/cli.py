"""The command `dnspost`: one picture, one page or one job by one command each."""

import argparse
import shlex
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np
from matplotlib.figure import Figure

from dnspost import files, gradient_plots, particle_plots, plots, structure_plots
from dnspost.averages import FEW, steady
from dnspost.grid import VELOCITY
from dnspost.picks import Choice, at_time
from dnspost.report import report
from dnspost.runs import Run, open_run
from dnspost.slices import movie, narrowed, slices, usual_fields, written
from dnspost.solver import SolverError
from dnspost.style import save, style
from dnspost.submit import Job, smallest_node, submit
from dnspost.volume import volume
from dnspost.watch import server

Arguments = argparse.Namespace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit code, 2 when something is wrong with what was asked."""
    chosen = _parser().parse_args(arguments)
    try:
        with style(), np.errstate(all="ignore"):
            for line in chosen.command(chosen):
                _say(str(line), sys.stdout)
    except (OSError, ValueError, RuntimeError, SolverError) as error:
        _say(f"dnspost: {error}", sys.stderr)
        return 2
    return 0


def _say(text: str, stream: TextIO) -> None:
    """Print what the locale can write, and the rest as escapes."""
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dnspost", description="Pictures, reports and jobs of dns-solver."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(
        name: str,
        text: str,
        command: Callable[[Arguments], Sequence[Path | str]],
        *,
        many: bool = False,
        time: bool = False,
        mean: bool = False,
    ) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument(
            "run",
            type=open_run_argument,
            nargs="+" if many else None,
            metavar="RUN",
            help="the directory of a run",
        )
        sub.add_argument(
            "-o",
            "--output",
            type=Path,
            help="where to write (default: a file in RUN); each format adds its ending",
        )
        sub.set_defaults(command=command, name=name)
        if time:
            sub.add_argument(
                "--time", type=float, help="of the snapshot or record (default: the last)"
            )
        if mean:
            sub.add_argument(
                "--from", dest="since", type=float, metavar="T", help="leave out what is earlier"
            )
            sub.add_argument(
                "--mean", action="store_true", help="over time, with a band of its standard error"
            )
        return sub

    add(
        "history",
        "energies, dissipation, scales over time",
        lambda a: _figure(a, a.run, plots.history([a.run])),
    )
    lines = add("spectra", "energy spectra, raw and compensated", _spectra, time=True, mean=True)
    lines.add_argument("--count", type=int, default=5, help="of records (default: 5)")
    lines.add_argument(
        "--even-shells",
        action="store_true",
        help="correct for the number of modes in each shell, 4 pi k^2 over their count",
    )
    records = [
        ("flux", "transfer of energy between scales", plots.flux),
        ("pdf", "probability densities of velocity, gradient, vorticity", plots.pdf),
        (
            "invariants",
            "Q and R, alignment of vorticity, shape of strain",
            gradient_plots.invariants,
        ),
        (
            "structure",
            "structure functions, extended self-similarity",
            structure_plots.structure,
        ),
        (
            "axial",
            "energy over the wavenumbers across and along the axis of the flow",
            structure_plots.axial,
        ),
    ]
    for name, text, draw in records:
        add(name, text, partial(_record, draw), time=True, mean=True)
    table = add("steady", "means of the history with standard errors", _steady)
    table.add_argument("--from", dest="since", type=float, metavar="T", help="(default: the start)")
    table.add_argument("--to", type=float, metavar="T", help="(default: the end)")
    plane = add("slices", "planes through the flow", _slices, time=True)
    plane.add_argument(
        "--fields",
        nargs="+",
        help="u, v, w, vorticity, dissipation, q, or others that are in the files",
    )
    body = add("volume", "vortices in 3-D (needs pyvista)", _volume, time=True)
    body.add_argument(
        "--threshold", type=float, default=1.5, help="of Q, in units of its rms (default: 1.5)"
    )
    film = add("movie", "a plane over time; .mp4 or .gif", _movie)
    film.add_argument("--field", default="vorticity", help="u, v, w, vorticity, dissipation, q")
    film.add_argument("--fps", type=int, default=10, help="frames a second (default: 10)")
    for sub in (plane, film):
        sub.add_argument("--axis", choices="xyz", default="z", help="normal to the plane")
        sub.add_argument("--position", type=float, default=0.0, help="of the plane on this axis")
        sub.add_argument("--slice", help="one that the solver wrote, instead of the snapshots")
    carried = add("particles", "paths of particles, and how fast they spread", _particles)
    carried.add_argument("--name", dest="carried", metavar="SET", help="(default: the first set)")
    add(
        "compare",
        "several runs in one figure",
        lambda a: _figure(a, a.run[0], plots.compare(a.run, _choice(a))),
        many=True,
        mean=True,
    )
    add(
        "scaling",
        "time per step over cores, from the logs of runs",
        lambda a: _figure(a, a.run[0], plots.scaling(a.run)),
        many=True,
    )
    page = add("report", "one HTML page about a run", _report)
    page.add_argument(
        "--from", dest="since", type=float, metavar="T", help="judge and average from this time on"
    )
    live = commands.add_parser("watch", help="the report, live on localhost, while a run goes on")
    live.add_argument("run", type=open_run_argument, metavar="RUN", help="the directory of a run")
    live.add_argument("--port", type=int, default=8000, help="of the server (default: 8000)")
    live.set_defaults(command=_watch)
    _add_submit(commands)
    return parser


def _add_submit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    sub = commands.add_parser(
        "submit",
        help="give a run or a sweep to Slurm",
        description="Give a run or a sweep to Slurm, to go on until it is complete.",
    )
    sub.add_argument("path", type=Path, metavar="CONFIG|SWEEP", help="a TOML file or a directory")
    sub.add_argument("-n", "--ranks", type=int, required=True, help="of one run")
    sub.add_argument("-t", "--threads", type=int, default=1, help="of each rank (default: 1)")
    sub.add_argument("--time", help="of one job, HH:MM:SS (default: an hour)")
    sub.add_argument("--partition", help="of the cluster (default: Slurm's)")
    sub.add_argument("--site", type=Path, help="modules and the like; see scripts/slurm/site.sh")
    sub.add_argument("--once", action="store_true", help="do not go back into the queue")
    sub.add_argument("--print", action="store_true", help="the command, and do not submit")
    sub.add_argument(
        "--sbatch",
        action="append",
        default=[],
        metavar="OPTION",
        help="a further option of sbatch, any number of times: --sbatch=--qos=long",
    )
    sub.set_defaults(command=_submit)


def open_run_argument(text: str) -> Run:
    """Open a run for argparse, which turns this error into its own."""
    try:
        return open_run(text)
    except FileNotFoundError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _choice(arguments: Arguments) -> Choice:
    return Choice(getattr(arguments, "time", None), arguments.since, arguments.mean)


def _spectra(arguments: Arguments) -> list[Path]:
    a = arguments
    figure = plots.spectra(a.run, a.count, _choice(a), even_shells=a.even_shells)
    return _figure(a, a.run, figure)


def _record(draw: Callable[[Run, Choice], Figure], arguments: Arguments) -> list[Path]:
    return _figure(arguments, arguments.run, draw(arguments.run, _choice(arguments)))


def _particles(arguments: Arguments) -> list[Path]:
    a = arguments
    return _figure(a, a.run, particle_plots.overview(a.run, a.carried))


def _steady(arguments: Arguments) -> list[Path | str]:
    """Print the table, or write it where it was asked for."""
    a = arguments
    tmin = -np.inf if a.since is None else a.since
    table = steady(a.run, tmin, np.inf if a.to is None else a.to)
    if a.output:
        files.write_text(a.output, table.to_csv())
        return [a.output]
    few = table["few_samples"]
    table["few_samples"] = few.map({True: "few", False: ""})
    lines: list[Path | str] = [table.to_string(float_format=lambda value: f"{value:.4g}")]
    if few.any():
        lines.append(
            f"few: less than {FEW} independent samples, so that the standard error is a guess, "
            "and usually too small; run longer"
        )
    return lines


# Options that a picture is of and that its name has, so that one does not replace another.
_NAMING = (
    "carried",
    "slice",
    "field",
    "fields",
    "axis",
    "position",
    "time",
    "since",
    "mean",
    "even_shells",
)
_USUAL = {"axis": "z", "position": 0.0, "field": "vorticity"}


def _target(arguments: Arguments, run: Run) -> Path:
    """Return where to write, without the ending: by default named after what was asked for."""
    if arguments.output:
        output: Path = arguments.output
        return output.with_suffix("") if output.suffix in (".png", ".pdf") else output
    words = [arguments.name]
    for option in _NAMING:
        value = getattr(arguments, option, None)
        if value is None or value is False or value == _USUAL.get(option):
            continue
        name = {"since": "from", "even_shells": "even"}.get(option, option)
        if value is True:
            words.append(name)
        elif isinstance(value, list):
            words += value
        else:
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            words.append(shown if option in ("carried", "slice", "field") else f"{name}{shown}")
    others = arguments.run[1:] if isinstance(arguments.run, list) else []
    words += [other.directory.resolve().name for other in others]
    return run.directory / "plots" / "_".join(words).replace("/", "-")


def _figure(arguments: Arguments, run: Run, figure: Figure) -> list[Path]:
    return save(figure, _target(arguments, run))


def _slices(arguments: Arguments) -> list[Path]:
    a = arguments
    series = written(a.run, a.slice) if a.slice else a.run.snapshots
    shown = at_time(series, a.time)
    shown = narrowed(shown) if a.slice else shown
    names = a.fields or (list(shown) if a.slice else usual_fields(a.run, shown))
    figure = slices(a.run, shown, names, a.axis, a.position)
    return _figure(a, a.run, figure)


def _volume(arguments: Arguments) -> list[Path]:
    snapshot = at_time(arguments.run.snapshots_with(VELOCITY), arguments.time)
    path = _target(arguments, arguments.run)
    path = path.with_name(f"{path.name}.png")
    return [volume(arguments.run, snapshot, path, arguments.threshold)]


def _movie(arguments: Arguments) -> list[Path]:
    path = _target(arguments, arguments.run)
    path = path if path.suffix in (".mp4", ".gif") else path.with_name(f"{path.name}.gif")
    a = arguments
    series = written(a.run, a.slice) if a.slice else None
    return [movie(a.run, path, a.field, a.axis, a.position, a.fps, series)]


def _report(arguments: Arguments) -> list[Path]:
    path = arguments.output or arguments.run.directory / "report.html"
    return [report(arguments.run, path.with_suffix(".html"), since=arguments.since)]


def _submit(arguments: Arguments) -> list[str]:
    a = arguments
    job = Job(a.path, a.ranks, a.threads, a.time, a.site, a.partition, not a.once, a.sbatch)
    if a.print:
        return [shlex.join(job.command(job.memory(), smallest_node(job.partition)))]
    return [submit(job).strip()]


def _watch(arguments: Arguments) -> list[Path]:
    with server(arguments.run, arguments.port) as pages:
        print(f"http://127.0.0.1:{pages.server_port}/ until Ctrl-C", flush=True)
        with suppress(KeyboardInterrupt):
            pages.serve_forever()
    return []
