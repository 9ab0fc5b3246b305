"""The command `minidl`: what it understands, and how it answers a mistake.

A user's mistake is answered by one sentence on stderr and exit status 2, never by a traceback.
Status 0 is success, 1 a run that failed, 130 an interruption (Ctrl-C).
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np
import scipy

from .. import __version__, backend, checks, data, experiments, notes
from ..data.find import find
from ..data.sets import SHIPPED
from ..experiments import EXPERIMENTS
from ..experiments.progress import Progress
from ..gradcheck.files import diagnose_file
from .grading import course, grade
from .learning import learn
from .terminal import Parser, Refusal, paint

OVERVIEW = """\
{name} {version}, a small deep-learning library that can be read to the last line
Python {python}, NumPy {numpy}, SciPy {scipy}
device: {device}

  minidl list               what can be run
  minidl run NAME           run it; the results go to runs/NAME
  minidl run NAME --help    its options
  minidl notes [NAME]       the course notes: formula, erratum, code and test of a row
  minidl check [NAME]       compare the gradients of the losses with finite differences
  minidl learn              exercises: write a gradient, and be told what is wrong with it
  minidl gradcheck FILE:F   check F_backward of a file of your own, and say what is wrong with it
  minidl grade FOLDER       for teachers: marks for a class's exercises
  minidl course             for teachers: exercises of your own
  minidl data list          the data sets, and where they are
  minidl data fetch NAME    download one of them

Try: minidl run classifier"""


def main(arguments: list[str] | None = None) -> int:
    """Run the command line `arguments` (default: the program's own); returns the exit status."""
    try:
        command, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
        if command not in COMMANDS:
            raise Refusal(
                experiments.unknown("command", command, COMMANDS) + " (see: minidl --help)"
            )
        status = COMMANDS[command](rest) or 0
        sys.stdout.flush()
    except Refusal as refusal:
        print(f"{paint('minidl:', '1;31', sys.stderr)} {refusal}", file=sys.stderr)
        return 2
    except KeyboardInterrupt as stop:
        print(f"\nminidl: interrupted; {str(stop) or 'nothing was written'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `minidl list | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def show_overview(arguments: list[str]) -> None:
    """What minidl is, what it runs on, and what it can do: one screen."""
    print(
        OVERVIEW.format(
            name=paint("minidl", "1", sys.stdout), version=__version__, device=device_line(),
            python=platform.python_version(), numpy=np.__version__, scipy=scipy.__version__,
        )
    )  # fmt: skip


def show_version(arguments: list[str]) -> None:
    print(f"minidl {__version__}")


def list_experiments(arguments: list[str]) -> None:
    """Names and summaries of the experiments."""
    Parser("minidl list", "list the experiments").parse_args(arguments)
    width = max(map(len, EXPERIMENTS))
    for name, experiment in sorted(EXPERIMENTS.items()):
        print(f"{paint(f'{name:<{width}}', '1', sys.stdout)}  {experiment.summary}")


def run_experiment(arguments: list[str]) -> None:
    """`run NAME [options]`."""
    if arguments[:1] in (["-h"], ["--help"]):
        print("usage: minidl run NAME [options]    (minidl run NAME --help: its options)\n")
        return list_experiments([])
    if not arguments or arguments[0].startswith("-"):
        names = ", ".join(sorted(EXPERIMENTS))
        raise Refusal(f"run what? minidl run NAME [options], where NAME is one of: {names}")
    name, *rest = arguments
    experiment = experiments.find(name)
    parser = Parser(f"minidl run {name}", experiment.summary)
    parser.add_argument("--seed", metavar="N", help="where the random numbers start (0)")
    parser.add_argument("--device", metavar="D", help="cpu, cuda or cuda:1 (cpu)")
    parser.add_argument("--out", metavar="DIR", help=f"folder for the results (runs/{name})")
    parser.add_argument("--resume", action="store_true", help="go on with an interrupted run")
    for option_name, option in experiment.options.items():
        parser.add_argument(
            f"--{option_name.replace('_', '-')}",
            default=argparse.SUPPRESS,
            metavar="X" if option.choices is None else "|".join(option.choices),
            help=option.help if option.default is None else f"{option.help} ({option.default})",
        )
    experiments.run(name, **vars(parser.parse_args(rest)))


def show_notes(arguments: list[str]) -> None:
    """`notes [NAME]`: what the map of the notes says."""
    parser = Parser("minidl notes", "look up the course notes: formula, erratum, code and test")
    parser.add_argument("name", nargs="?", metavar="NAME", help="a row, a family, or part of a row")
    try:
        print(notes.report(parser.parse_args(arguments).name))
    except LookupError as error:
        raise Refusal(error.args[0]) from error


def check_gradients(arguments: list[str]) -> int:
    """`check [NAME]`: finite differences of every registered loss; status 1 if a gradient is wrong.

    NAME is a row of the notes, or part of a function's name or of its module's.
    """
    parser = Parser("minidl check", "compare gradients with finite differences, in both orders")
    parser.add_argument("name", nargs="?", default="", metavar="NAME", help="a row, or a function")
    name = parser.parse_args(arguments).name
    if name in notes.rows():
        wanted = notes.rows()[name].objects()
        found = [check for check in checks.load() if check.function in wanted]
    else:
        found = [check for check in checks.load() if name in check.name]
    if not found:
        modules = sorted({c.function.__module__.removeprefix("minidl.") for c in checks.CHECKS})
        raise Refusal(experiments.unknown("check", name, modules))
    return 0 if checks.report(found) else 1


def diagnose_gradient(arguments: list[str]) -> int:
    """`gradcheck FILE:NAME`: status 1 if the gradient of NAME_backward is wrong."""
    parser = Parser("minidl gradcheck", "check NAME_backward(g, y, *inputs) against NAME(*inputs)")
    parser.add_argument("function", metavar="FILE:NAME", help="a Python file, and NAME in it")
    parser.add_argument("--shapes", default="", metavar="S", help="such as 'x=N,D w=D,K'")
    parser.add_argument("--seed", default=0, type=int, metavar="N", help="of the inputs (0)")
    wanted = parser.parse_args(arguments)
    path, colon, name = wanted.function.rpartition(":")
    if not colon or not name.isidentifier():
        raise Refusal("name a function as well: FILE.py:NAME")
    try:
        found = diagnose_file(path, name, wanted.shapes, wanted.seed)
    except ValueError as error:
        raise Refusal(str(error)) from error
    print(found)
    return 0 if found else 1


def data_sets(arguments: list[str]) -> int:
    """`data list` and `data fetch NAME`."""
    if arguments[:1] in (["-h"], ["--help"]):
        print("minidl data list          the data sets, and where they are")
        print("minidl data fetch NAME    download one of them")
        return 0
    if arguments[:1] not in (["list"], ["fetch"]):
        raise Refusal("what about the data? minidl data list, or minidl data fetch NAME")
    return {"list": list_data, "fetch": fetch_data}[arguments[0]](arguments[1:])


def list_data(arguments: list[str]) -> int:
    """The data sets that `fetch` knows, and where they are; then those that ship."""
    Parser("minidl data list", "list the data sets").parse_args(arguments)
    for name, source in data.SOURCES.items():
        try:
            place = find(name, [file.result for file in source.files], how="")[0].parent
        except data.DataNotFoundError:
            place = f"not here ({source.bytes / 1e6:.0f} MB: minidl data fetch {name})"
        print(f"{paint(f'{name:<15}', '1', sys.stdout)}{source.summary} ({source.licence})")
        print(f"{'':<15}{place}")
    print("\nWith minidl come: " + ", ".join(f"minidl.data.{name}" for name in SHIPPED))
    return 0


def fetch_data(arguments: list[str]) -> int:
    """Download a data set; status 1 if it cannot be had."""
    parser = Parser("minidl data fetch", "download a data set, check it, and unpack it")
    parser.add_argument("name", metavar="NAME", help=", ".join(data.SOURCES))
    parser.add_argument("--root", metavar="DIR", help="where to ($MINIDL_DATA, or ~/.cache/minidl)")
    wanted = parser.parse_args(arguments)
    if wanted.name not in data.SOURCES:
        raise Refusal(experiments.unknown("data set", wanted.name, data.SOURCES))
    try:
        print(f"{wanted.name} is in {data.fetch(wanted.name, wanted.root, Progress)}")
    except data.FetchError as error:
        print(f"{paint('minidl:', '1;31', sys.stderr)} {error}", file=sys.stderr)
        print("The same command goes on from what has arrived.", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt("the same command goes on from here") from stop
    return 0


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "list": list_experiments,
    "run": run_experiment,
    "notes": show_notes,
    "check": check_gradients,
    "gradcheck": diagnose_gradient,
    "data": data_sets,
    "learn": learn,
    "grade": grade,
    "course": course,
    "help": show_overview,
    "-h": show_overview,
    "--help": show_overview,
    "--version": show_version,
}


def device_line() -> str:
    """The devices that are there, in words."""
    cores = f"cpu, {backend.threads()} cores"
    if find_spec("cupy") is None:
        return f'{cores} (for a GPU: pip install "minidl[cuda12]" or "minidl[cuda13]")'
    return f"{cores}, and cuda" if backend.cuda_is_available() else f"{cores} (CuPy finds no GPU)"
