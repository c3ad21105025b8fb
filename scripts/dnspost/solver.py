"""Starts the solver: a configuration is a TOML file or a dictionary of the same form."""

import copy
import os
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tomli_w

from dnspost import files
from dnspost.runs import Run, open_run

Config = Mapping[str, Any] | Path | str


class SolverError(RuntimeError):
    """The solver ended with an exit code other than 0; the text is what it said."""

    def __init__(self, exit_code: int, message: str) -> None:
        """See `docs/configuration.md` for the exit codes."""
        super().__init__(f"dns-solver ended with exit code {exit_code}\n{message.strip()}")
        self.exit_code = exit_code


def find_solver() -> Path:
    """Return the program: $DNS_SOLVER, else dns-solver on $PATH, else that of this repository."""
    built = Path(__file__).resolve().parents[2] / "target/release/dns-solver"
    chosen = os.environ.get("DNS_SOLVER") or shutil.which("dns-solver")
    path = Path(chosen) if chosen else built
    if not path.is_file():
        raise FileNotFoundError(
            f"there is no solver at {path}; set DNS_SOLVER to the program that "
            "`cargo build --release` made, or install dnspost by `pip install -e`, so that it "
            "knows the repository"
        )
    return path.resolve()


def launcher(ranks: int) -> list[str]:
    """Return what stands before the solver on a command line that starts `ranks` ranks here."""
    if ranks == 1:
        return []
    version = subprocess.run(["mpirun", "--version"], capture_output=True, check=True)
    options = []
    if b"Open MPI" in version.stdout:
        options = ["--oversubscribe", "--bind-to", "none"]
        if os.geteuid() == 0:
            options.append("--allow-run-as-root")
    return ["mpirun", *options, "-n", str(ranks)]


def validate(config: Config, ranks: int = 1, threads: int = 1) -> str:
    """Let the solver check a configuration (--dry-run); return what the run would need.

    Several ranks are taken to be on several nodes, where they need more memory than on one. Raises
    SolverError with everything that is wrong with the configuration.
    """
    options = ["--dry-run", "--ranks", str(ranks), "--threads", str(threads)]
    with _as_file(config) as path:
        return _start([str(find_solver()), str(path), *options])


def run(config: Config, ranks: int = 1, threads: int = 1, *, fresh: bool = False) -> Run:
    """Run a configuration to its end and open the result.

    Called once more it continues a run that was stopped, and returns at once when all is done;
    `fresh` starts over. Paths in a dictionary are relative to the working directory. Raises
    SolverError.
    """
    options = ["--quiet", "--threads", str(threads), *(["--fresh"] if fresh else [])]
    with _as_file(config) as path:
        _start([*launcher(ranks), str(find_solver()), str(path), *options])
        return open_run(_output_directory(path))


def write_config(config: Mapping[str, Any], path: Path | str) -> Path:
    """Write a configuration as TOML. Paths of input files become absolute."""
    config = copy.deepcopy(dict(config))
    initial = config.get("initial", {})
    for section in (initial, initial.get("spectrum", {})):
        if "path" in section:
            section["path"] = str(Path(section["path"]).resolve())
    path = Path(path)
    files.write_text(path, tomli_w.dumps(config))
    return path


@contextmanager
def _as_file(config: Config) -> Iterator[Path]:
    if isinstance(config, Mapping):
        with tempfile.TemporaryDirectory() as folder:
            yield write_config(config, Path(folder) / "config.toml")
    else:
        yield Path(config)


def _output_directory(config: Path) -> Path:
    return Path(tomllib.loads(files.read_text(config))["output"]["directory"])


def _start(command: list[str]) -> str:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        raise SolverError(done.returncode, done.stderr or done.stdout)
    return done.stdout
