"""Every tutorial runs as a plain script, and its last cell asserts what it has claimed."""

import runpy
import sys
from pathlib import Path

import pytest

TUTORIALS = sorted((Path(__file__).parent.parent / "tutorials").glob("*.py"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    pyplot.switch_backend("agg")  # plt.show() opens no window, and does not wait
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    pyplot.close("all")


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_the_last_cell_asserts_what_the_tutorial_claims(path):
    text = path.read_text(encoding="utf-8")
    *_, claims, last = text.split("# %%")
    assert claims.startswith(" [markdown]") and "\nassert " in last


def test_what_is_written_for_cupy_runs_on_every_device(device):
    file = next(path for path in TUTORIALS if path.stem == "numpy_to_cupy")
    choice = 'device = "cuda" if minidl.cuda_is_available() else "cpu"'
    code = file.read_text(encoding="utf-8")
    assert choice in code
    exec(compile(code.replace(choice, f"device = {device!r}"), file, "exec"), {})
