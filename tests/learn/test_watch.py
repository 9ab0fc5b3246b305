"""`minidl learn watch` in a terminal: the keys, and what is saved meanwhile."""

import json
import os
import select
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest

from minidl.cli import keys, main
from minidl.learn.exercises import exercises, solution

ROOT = Path(__file__).parents[2]
ARROW = "\x1b[A"
PATIENCE = 60  # seconds, on a busy machine


class Watching:
    """`minidl learn watch` in a pseudo-terminal."""

    def __init__(self, folder):
        self.screen, child = os.openpty()
        environment = {**os.environ, "NO_COLOR": "1", "PYTHONPATH": str(ROOT)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLED, "learn", "watch"], cwd=folder, stdin=child,
            stdout=child, stderr=child, start_new_session=True, env=environment,
        )  # fmt: skip
        os.close(child)
        self.shown = ""

    def sees(self, text):
        """Wait until `text` is on the screen, after what was seen before."""
        until = time.monotonic() + PATIENCE
        while text not in self.shown:
            left = until - time.monotonic()
            assert left > 0 and select.select([self.screen], [], [], left)[0], self.shown
            try:
                self.shown += os.read(self.screen, 4096).decode()
            except OSError:  # it ended
                raise AssertionError(self.shown) from None
        self.shown = self.shown.split(text, 1)[1]

    def press(self, key):
        os.write(self.screen, key.encode())


# the pseudo-terminal becomes that of the program, as a shell would have it
CONTROLLED = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from minidl.cli import main
sys.exit(main())
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["learn", "init", "--track", "activations"]) == 0
    return tmp_path / "minidl_course"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="Windows has no pseudo-terminals")
def test_keys_give_hints_and_lists_and_end_it(here):
    watching = Watching(here)
    watching.sees("Keys: n checks")
    watching.press(ARROW + "x")  # neither is a key
    watching.press("h")
    watching.sees("relu, hint 1 of 3")
    watching.press("L")
    watching.sees(f"0 of {len(exercises())} exercises passed")
    (here / "activations" / "relu.py").write_text(solution("relu"))
    watching.sees("all 2 checks pass")
    watching.press("q")
    assert watching.process.wait(PATIENCE) == 0
    progress = json.loads((here / "progress.json").read_text())
    assert progress["hints"] == {"relu": 1} and [*progress["passed"]] == ["relu"]


def test_keys_on_windows_come_from_its_console(monkeypatch):
    typed = [*"\xe0HQ"]
    console = types.SimpleNamespace(kbhit=lambda: bool(typed), getwch=lambda: typed.pop(0))
    monkeypatch.setattr(keys, "termios", None)
    monkeypatch.setattr(keys, "msvcrt", console)
    with keys.Keys() as board:
        board.there = True
        assert board.wait(1) == "\xe0"  # the arrow upwards, and no "h"
        assert board.wait(1) == "q" and board.wait(0.01) == ""


def test_without_a_terminal_it_only_waits():
    with keys.Keys() as board:
        start = time.monotonic()
        assert board.wait(0.02) == "" and time.monotonic() - start >= 0.02
