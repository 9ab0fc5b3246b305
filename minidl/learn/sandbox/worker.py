"""The process in which a student's code runs: it is sent arguments, and sends back raw results.

    python -I -B worker.py MEGABYTES

It judges nothing, so that nothing the code does here, to NumPy or to this file, makes a wrong
result right.  What the code prints goes to the report and not into the pipe.
"""

import contextlib
import importlib.util
import io
import os
import sys
import traceback

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import messages  # noqa: E402

sys.path.remove(HERE)
NEXT, END = 70, 71  # exit codes of a fork
PRINTED = 2000  # characters of what was printed that are sent back


def main():
    """Serve one file after the other, each in a fork of this process where the system has forks.

    So Python and NumPy start once for a student, and still no file finds what another one left.
    """
    limit_memory(int(sys.argv[1]))
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    while hasattr(os, "fork"):
        child = os.fork()
        if child == 0:
            os._exit(serve(requests, replies))
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == END:
            return
        if code != NEXT:
            text = "the process ended without a result (os._exit, or a crash)"
            messages.write(replies, {"error": {"code": "died", "text": text}, "printed": ""})
    serve(requests, replies)


def serve(requests, replies):
    """Answer until the next file (NEXT), or the end of all (END)."""
    student = Student()
    while True:
        try:
            request = messages.read(requests)
        except EOFError:
            return END
        if request == {"do": "next"}:
            messages.write(replies, {"value": None, "printed": ""})
            return NEXT
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            try:
                reply = {"value": student.answer(**request)}
            except BaseException as error:  # SystemExit and KeyboardInterrupt too
                reply = {"error": described(error, request.get("path") or student.path)}
        reply["printed"] = printed.getvalue()[-PRINTED:]
        try:
            messages.write(replies, reply)
        except messages.NotData as error:
            text = f"it returned what is no array or number: {error}"
            messages.write(replies, {"error": {"code": "type", "text": text}, "printed": ""})


class Student:
    """The file that was loaded, and calls of what is in it."""

    def __init__(self):
        self.module, self.path = None, ""

    def answer(self, do, **request):
        return getattr(self, f"do_{do}")(**request)

    def do_load(self, path):
        """Run the file."""
        self.path = path
        os.chdir(os.path.dirname(path))
        spec = importlib.util.spec_from_file_location("student", path)
        self.module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.module)

    def do_call(self, name, arguments):
        """What the function `name` returns, and its arguments as they are afterwards."""
        function = getattr(self.module, name, None)
        if not callable(function):
            raise NotImplementedError(f"the file has no function {name}")
        with np.errstate(all="ignore"):
            return function(*arguments), arguments

    def do_drive(self, source, name, seed):
        """What our function `name` of the text `source` finds out about the file."""
        scope = {"np": np}
        exec(compile(source, "<check>", "exec"), scope)
        with np.errstate(all="ignore"):
            return scope[name](self.module, seed)


CODES = [(MemoryError, "memory"), (SystemExit, "died"), (NotImplementedError, "not-written")]


def described(error, path):
    """An exception: its kind and text, and the last line of the student's file."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    code = next((code for kind, code in CODES if isinstance(error, kind)), "raised")
    found = {"code": code, "text": text, "line": 0, "source": ""}
    if isinstance(error, SyntaxError):
        return {**found, "line": error.lineno or 0, "source": (error.text or "").strip()}
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
    if frames:
        found |= {"line": frames[-1].lineno or 0, "source": (frames[-1].line or "").strip()}
    return found


def limit_memory(megabytes):
    """At most so much address space, where the system can limit it."""
    try:
        import resource
    except ImportError:  # Windows
        return
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


if __name__ == "__main__":
    main()
