"""The site, built once for all tests of this folder, in however many processes they run."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory):
    """Where the site is, built with warnings as errors, without what is slow."""
    for package in ("sphinx", "myst_parser", "ziamath", "jupytext"):
        pytest.importorskip(package)
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # each process has a folder of its own in this one
        shared = shared.parent
    out, said = shared / "site", shared / "sphinx-said"
    try:
        out.mkdir()
    except FileExistsError:  # another process is building it, or has
        while not said.exists():
            time.sleep(0.2)
    else:
        fast = ["-D", "run_errata=0", "-D", "run_tutorials=0"]
        command = [sys.executable, "-m", "sphinx", "-q", "-W", *fast, "docs", str(out)]
        built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        whole = shared / "sphinx-says"
        whole.write_text(built.stderr if built.returncode else "")
        whole.rename(said)
    assert said.read_text() == ""
    return out
