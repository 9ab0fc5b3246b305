"""This end of the pipe: start a worker, call the student's functions in it, stop it in time.

The isolation is against accidents and simple tricks: endless loops, exits, huge arrays, patched
functions, faked output.  It is no wall against an attacker, who could read files and find the pipe;
for classes that cannot be trusted, run it in a container or under another user.
"""

from __future__ import annotations

import inspect
import os
import queue
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...gradcheck.trials import CodeError
from . import messages

SECONDS = 5.0  # for one call
MEGABYTES = 4096  # of address space; NumPy's libraries alone reserve a good part of it
WORKER = Path(__file__).with_name("worker.py")
STARTUP = 20.0  # seconds for Python and NumPy to start on a busy machine


class Sandbox:
    """A student's files, one after the other, in processes of their own.

    A process that dies is started again for the next call.
    """

    def __init__(self, path: Path, seconds: float = SECONDS, megabytes: int = MEGABYTES) -> None:
        self.path, self.seconds, self.megabytes = path.resolve(), seconds, megabytes
        self.printed = ""
        self._is_loaded = False
        self._process: subprocess.Popen | None = None
        self._replies: queue.Queue = queue.Queue()

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, path: Path) -> None:
        """Go on to another file, which finds nothing of what this one left."""
        self.path, self.printed = path.resolve(), ""
        if self._is_loaded and hasattr(os, "fork"):
            try:
                self._exchange({"do": "next"}, STARTUP)
            except CodeError:
                self.close()
        elif self._is_loaded:
            self.close()
        self._is_loaded = False

    def function(self, name: str) -> Callable:
        """The student's function `name`; arrays that it writes to are changed here as well."""

        def call(*arguments: Any) -> Any:
            result, after = self._ask(do="call", name=name, arguments=[*arguments])
            for given, now in zip(arguments, after):
                _write_back(given, now)
            return result

        call.__name__ = name
        return call

    def drive(self, driver: Callable, seed: int) -> Any:
        """What `driver(module, seed)`, one of our functions, finds out about the student's file.

        Its source is sent, so it may use nothing but its arguments and `np`.
        """
        source = textwrap.dedent(inspect.getsource(driver))
        return self._ask(do="drive", source=source, name=driver.__name__, seed=seed)

    def close(self) -> None:
        """Stop the process, and all that it started."""
        process, self._process = self._process, None
        self._is_loaded = False
        if process is None:
            return
        try:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        except (ProcessLookupError, PermissionError):
            pass
        process.wait()
        for stream in (process.stdin, process.stdout):
            stream.close()

    def load(self) -> None:
        """Run the student's file, starting the process if need be; CodeError if it fails."""
        if self._process is None:
            self._start()
        if not self._is_loaded:
            self._is_loaded = True
            try:
                self._exchange({"do": "load", "path": str(self.path)}, STARTUP)
            except CodeError:
                self.close()  # so that the next call says it again
                raise

    def _ask(self, **request: Any) -> Any:
        """Send a request and wait for the reply."""
        self.load()
        return self._exchange(request, self.seconds)

    def _exchange(self, request: dict, seconds: float) -> Any:
        try:
            messages.write(self._process.stdin, request)
        except OSError:
            self.close()
            raise CodeError("died", "the process ended") from None
        try:
            reply = self._replies.get(timeout=seconds)
        except queue.Empty:
            self.close()
            text = f"it took more than {seconds:g} s and was stopped: is there an endless loop?"
            raise CodeError("timeout", text) from None
        if not isinstance(reply, dict) or not {"value", "error"} & reply.keys():
            self.close()
            raise CodeError("died", "the process ended without a result (os._exit, or a crash)")
        self.printed = str(reply.get("printed", ""))
        if "error" in reply:
            if reply["error"].get("code") == "died":
                self._is_loaded = False  # a new fork waits for a file
            raise CodeError(file=str(self.path), **reply["error"])
        return reply["value"]

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-B", str(WORKER), str(self.megabytes)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        self._replies = queue.Queue()
        arguments = self._process.stdout, self._replies
        threading.Thread(target=_receive, args=arguments, daemon=True).start()


def _receive(stream: Any, replies: queue.Queue) -> None:
    """Put what arrives into the queue, and None at the end; pipes have no time-out on Windows."""
    while True:
        try:
            replies.put(messages.read(stream))
        except Exception:  # the end, or something that is no message: either way there is no reply
            replies.put(None)
            return


def _write_back(given: Any, now: Any) -> None:
    """Make `given`, and the arrays in it, what the function left of them."""
    if isinstance(given, np.ndarray) and given.flags.writeable:
        if isinstance(now, np.ndarray) and now.shape == given.shape:
            given[...] = now
    elif isinstance(given, tuple | list) and isinstance(now, tuple | list):
        for one, other in zip(given, now):
            _write_back(one, other)
