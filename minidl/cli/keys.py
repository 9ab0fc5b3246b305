"""Keys that are pressed while a program waits for something else.

    with Keys() as keys:
        while keys.wait(0.3) != "q":
            ...

Where nobody can press any (stdin is no terminal, or the program runs in the background), it only
waits.
"""

from __future__ import annotations

import os
import select
import sys
import time
from types import TracebackType

try:
    import termios
    import tty
except ImportError:  # Windows
    termios = tty = None
try:
    import msvcrt
except ImportError:  # everywhere else
    msvcrt = None

PAUSE = 0.05  # seconds between two looks at the keyboard, on Windows


class Keys:
    """The keyboard, a key at a time and without an echo; as it was before at the end."""

    def __init__(self) -> None:
        self.there = sys.stdin is not None and sys.stdin.isatty()
        self._before: list | None = None

    def __enter__(self) -> Keys:
        if self.there and termios:
            self._file = sys.stdin.fileno()
            self.there = os.tcgetpgrp(self._file) == os.getpgrp()  # else it would be stopped
            if self.there:
                self._before = termios.tcgetattr(self._file)
                tty.setcbreak(self._file)
        return self

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._before is not None:
            termios.tcsetattr(self._file, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        """The next key, in lower case; '' if none is pressed for so many seconds."""
        if self.there and termios:
            return self._wait_for_file(seconds)
        if self.there and msvcrt:
            return _look(seconds)
        time.sleep(seconds)
        return ""

    def _wait_for_file(self, seconds: float) -> str:
        if not self._is_ready(seconds):
            return ""
        key = os.read(self._file, 1)
        self.there = bool(key)  # the terminal may have been closed
        if key == b"\x1b":  # an arrow, say, which is ESC [ A: no key of its own is an A
            part = b"["
            while self._is_ready(0) and (part in (b"[", b"O") or part in b"0123456789;"):
                part = os.read(self._file, 1)
        return key.decode("ascii", "ignore").lower()

    def _is_ready(self, seconds: float) -> bool:
        return bool(select.select([self._file], [], [], seconds)[0])


def _look(seconds: float) -> str:
    """`wait` on Windows, where a keyboard cannot be waited for."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if msvcrt.kbhit():
            key = msvcrt.getwch()
            if key in "\x00\xe0":  # an arrow, say: the second half says which
                msvcrt.getwch()
            return key.lower()
        time.sleep(min(PAUSE, left))
    return ""
