"""The report of scripts/validate.py: the quick one, whole, and that it can fail."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from matplotlib.figure import Figure

from running import REPOSITORY

sys.path.insert(0, str(REPOSITORY / "scripts"))

import validate
from validation.report import Finding, Lab, Section

FINDING = Finding("height", 1.0, 0.9, 1.1, "a paper")


def test_the_quick_report_is_inside_of_its_bands(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every flow that a small grid resolves: this fails when a term of an equation is missing."""
    code = validate.main(["--quick", "--output", str(tmp_path)])
    assert code == 0, capsys.readouterr().err
    text = (tmp_path / "validation.md").read_text()
    assert text.startswith("# Validation\n\nWritten by `scripts/validate.sh` (size: quick)")
    assert len(re.findall("^## ", text, re.MULTILINE)) == len(validate.FLOWS) - len(validate.LARGE)
    pictures = re.findall(r"!\[.+\]\((\w+\.png)\)", text)
    assert len(pictures) > 5
    for picture in pictures:
        height, width, _ = matplotlib.image.imread(tmp_path / picture).shape
        assert min(height, width) > 300


@pytest.mark.parametrize("value", [0.89, 1.11, np.nan])
def test_a_number_out_of_its_band_is_told(
    value: float,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the report, on stderr and by the exit code."""

    def flow(lab: Lab) -> Section:
        (lab.folder / "run").mkdir(parents=True, exist_ok=True)
        (lab.folder / "run/log.txt").write_text("dns-solver 1.2.3 (git 0123), into run\n")
        return Section("Flow", "Words.", [replace(FINDING, value=value)], {"flow": Figure()})

    monkeypatch.setattr(validate, "FLOWS", [flow])
    assert validate.main(["--output", str(tmp_path)]) == 1
    row = f"height | {value:.4g} | 0.9 to 1.1 | **no** | a paper"
    assert f"outside of its band: {row}" in capsys.readouterr().err
    text = (tmp_path / "validation.md").read_text()
    assert f"| {row} |" in text
    assert "dns-solver 1.2.3 (git 0123)" in text
    assert (tmp_path / "flow.png").exists()


def test_bands_are_told_as_they_are() -> None:
    """A share of a negative number is a band as well, and one side may be open."""
    assert FINDING.good
    skewness = Finding.about("skewness", -0.5, -0.5, 0.1, "")
    assert (skewness.low, skewness.high) == (-0.55, -0.45)
    assert replace(FINDING, high=np.inf).cells()[2] == "at least 0.9"
    assert replace(FINDING, low=-np.inf).cells()[2] == "at most 1.1"
