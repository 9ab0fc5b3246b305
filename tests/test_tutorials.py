"""Every tutorial runs, and the checks in its last cell hold."""

import runpy
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parent.parent / "tutorials").glob("*.py"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    runpy.run_path(str(path))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_the_last_cell_checks_what_the_tutorial_claims(path):
    assert "\nassert " in path.read_text(encoding="utf-8").split("# %%")[-1]
