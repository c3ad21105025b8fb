"""Parameter sweeps: many runs that differ in a few keys, here or as a Slurm job array.

A directory holds `sweep.toml`, and for each case `000.toml` and the run directory `000/`. A sweep
is continued as a run is: by starting it again. `dnspost submit` takes the directory, too.
"""

import copy
import itertools
import tomllib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from dnspost import files, solver
from dnspost.runs import Run, open_run


@dataclass(frozen=True)
class Sweep:
    """The cases of a sweep: every combination of the values in `vary`, the last key fastest."""

    directory: Path
    vary: dict[str, list[Any]]

    @classmethod
    def open(cls, directory: Path | str) -> "Sweep":
        """Open the directory of a sweep."""
        path = Path(directory) / "sweep.toml"
        return cls(path.parent, tomllib.loads(files.read_text(path))["vary"])

    @property
    def cases(self) -> dict[str, dict[str, Any]]:
        """The changed keys of each case by its name."""
        combinations = list(itertools.product(*self.vary.values()))
        width = max(3, len(str(len(combinations) - 1)))
        return {
            f"{i:0{width}}": dict(zip(self.vary, values, strict=True))
            for i, values in enumerate(combinations)
        }

    @property
    def runs(self) -> dict[str, Run]:
        """The runs that have begun."""
        folders = {name: self.directory / name for name in self.cases}
        return {name: open_run(f) for name, f in folders.items() if (f / "config.toml").exists()}

    @property
    def table(self) -> pd.DataFrame:
        """A row for each case: its keys, the time it has reached, and whether it is complete."""
        runs = self.runs
        rows = {
            name: keys
            | {
                "time": runs[name].time if name in runs else 0.0,
                "complete": name in runs and runs[name].is_complete,
            }
            for name, keys in self.cases.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index")

    def run(self, ranks: int = 1, threads: int = 1, workers: int = 1) -> dict[str, Run]:
        """Run all cases that are not complete, `workers` at a time.

        One that fails does not stop the others; an ExceptionGroup at the end tells of all.
        """
        waiting = [name for name, row in self.table.iterrows() if not row["complete"]]

        def start(name: str) -> Exception | None:
            try:
                solver.run(self.directory / f"{name}.toml", ranks, threads)
            except solver.SolverError as error:
                error.add_note(f"in case {name}: {self.cases[name]}")
                return error
            return None

        with ThreadPoolExecutor(workers) as queue:
            failed = [error for error in queue.map(start, waiting) if error]
        if failed:
            raise ExceptionGroup(f"{len(failed)} of {len(waiting)} cases failed", failed)
        return self.runs


def sweep(
    directory: Path | str, base: Mapping[str, Any], vary: Mapping[str, Sequence[Any]]
) -> Sweep:
    """Prepare a sweep, or take up the one that is there, if it is the same.

    `base` is a configuration, `vary` has dotted keys such as "physics.viscosity" and the values of
    each. Every case is checked by the solver before any is written. Raises SolverError, or
    ValueError when the directory holds another sweep.
    """
    made = Sweep(Path(directory), {key: list(values) for key, values in vary.items()})
    record = tomli_w.dumps({"vary": made.vary, "base": dict(base)})
    path = made.directory / "sweep.toml"
    if path.exists():
        if files.read_text(path) != record:
            raise ValueError(f"{path} is of another sweep; use another directory or remove it")
        return made
    configs = {name: _with(base, keys) for name, keys in made.cases.items()}
    for name, config in configs.items():
        config.setdefault("output", {})["directory"] = str(made.directory.resolve() / name)
        solver.validate(config)
    made.directory.mkdir(parents=True, exist_ok=True)
    for name, config in configs.items():
        solver.write_config(config, made.directory / f"{name}.toml")
    files.write_text(path, record)
    return made


def _with(base: Mapping[str, Any], keys: Mapping[str, Any]) -> dict[str, Any]:
    """Return `base` with dotted keys set."""
    config = copy.deepcopy(dict(base))
    for key, value in keys.items():
        *path, last = key.split(".")
        section = config
        for part in path:
            section = section.setdefault(part, {})
        section[last] = value
    return config
