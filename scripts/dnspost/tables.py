"""Tables of numbers that the solver writes: history.csv and gradients.csv."""

import csv
import re
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from dnspost import files


def read(path: Path) -> pd.DataFrame:
    """Return a table indexed by step; a row that is just being written does not count yet.

    Raises ValueError when the file has no line with the names of columns.
    """
    text = files.read_text(path)
    try:
        return parsed(text[: text.rfind("\n") + 1])
    except ValueError as error:
        raise ValueError(f"{path} is no table of dns-solver: {error}") from None


def parsed(text: str) -> pd.DataFrame:
    """Return the table in a text, with units, descriptions and how many lines were left out.

    A line that is no row of numbers, as a damaged disk may leave one, is left out.
    """
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or not {"step", "time"} <= set(lines[0].split(",")):
        raise ValueError("it has no line with the names of columns, step and time among them")
    whole = [line for line in lines if line.count(",") == lines[0].count(",")]
    table = pd.read_csv(StringIO("\n".join(whole)), quoting=csv.QUOTE_NONE, low_memory=False)
    numbers = table.apply(pd.to_numeric, errors="coerce")
    damaged = (numbers.isna() & table.notna()).any(axis="columns")
    step, time = (numbers[name].astype(float) for name in ("step", "time"))
    damaged |= ~np.isfinite(step) | ~np.isfinite(time) | (step % 1 != 0)
    numbers = numbers[~damaged].astype({"step": int}).set_index("step")
    described = re.findall(r"^# (\w+) \[(.*?)\]: (.*)$", text, re.MULTILINE)
    numbers.attrs["units"] = {name: unit for name, unit, _ in described}
    numbers.attrs["descriptions"] = {name: words for name, _, words in described}
    numbers.attrs["left_out"] = len(lines) - 1 - len(numbers)
    return numbers
