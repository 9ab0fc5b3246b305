"""`minidl learn`: the exercises, for the one who does them."""

from __future__ import annotations

import os
import platform
import re
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from .. import __version__
from ..experiments import unknown
from ..gradcheck.trials import CodeError
from ..learn.course import FOLDER, Course, CourseError
from ..learn.exercise import Exercise
from ..learn.exercises import exercises, tracks
from ..learn.judge import Outcome, Result
from ..learn.sandbox.process import Sandbox
from .keys import Keys
from .terminal import Parser, Refusal, paint

VERBS = """\
  minidl learn init [DIR]       hand out the exercises; never overwrites what you changed
  minidl learn                  check the exercise you are at, and show the next
  minidl learn check [NAME...]  check exercises; --all for every one
  minidl learn watch            check an exercise whenever its file is saved
  minidl learn hint [NAME]      the next of three hints
  minidl learn list             what there is, and what is passed
  minidl learn reset NAME       the empty exercise again; your file is kept beside it
  minidl learn solution NAME    a solution, once you have passed or given up
  minidl learn doctor           is everything there that is needed?"""


def learn(arguments: list[str]) -> int:
    """`learn [VERB ...]`."""
    verb, *rest = arguments or ["next"]
    if verb in ("-h", "--help", "help"):
        print("Exercises on gradients, each a Python file to be filled in:\n\n" + VERBS)
        return 0
    if verb not in COMMANDS:
        raise Refusal(unknown("verb", verb, COMMANDS) + " (see: minidl learn --help)")
    try:
        return COMMANDS[verb](rest) or 0
    except CourseError as error:
        raise Refusal(str(error)) from error
    except BrokenPipeError:
        raise  # `minidl learn list | head`
    except OSError as error:
        raise Refusal(f"{error.filename}: {error.strerror}") from error


def init(arguments: list[str]) -> None:
    """`learn init [DIR]`: write the stubs, keep what was changed, and say where to begin."""
    parser = Parser("minidl learn init", "hand out the exercises")
    parser.add_argument("folder", nargs="?", default=FOLDER, metavar="DIR", help=f"({FOLDER})")
    parser.add_argument("--track", metavar="T", choices=tracks(), help=", ".join(tracks()))
    wanted = parser.parse_args(arguments)
    course = Course(Path(wanted.folder))
    done = course.write_stubs(wanted.track)
    print(f"{len(done['new'])} exercises in {course.folder}", end="")
    print(f", {len(done['kept'])} were there already" if done["kept"] else "")
    for path in done["beside"]:
        print(f"  {path.name} is newer than the file you changed, and lies beside it")
    current = course.next()
    if current:
        print(f"\nBegin with {shown(course.path(current))}: {current.title}.")
        print("Its text says what to write. Then: minidl learn checks it, and names the next.")
        print("minidl learn hint helps, minidl learn list shows the whole course.")


def show_next(arguments: list[str]) -> int:
    """`learn`: check the exercise that is next, and show what comes after it."""
    Parser("minidl learn next", "check the exercise you are at").parse_args(arguments)
    course = Course.here()
    current = course.next()
    if current is None:
        print(f"{all_passed(course)} Well done!")
        return 0
    result = course.check(current)
    report(course, result)
    if result.status != "pass":
        return 1
    after = course.next()
    if after is None:
        print(f"\n{all_passed(course)} Well done!")
    else:
        print(f"\nNext: {shown(course.path(after))}: {after.title}")
    return 0


def check(arguments: list[str]) -> int:
    """`learn check [NAME...]`: check exercises, and print what each check found."""
    parser = Parser("minidl learn check", "check exercises")
    parser.add_argument("names", nargs="*", metavar="NAME", help="exercises; the current one")
    parser.add_argument("--all", action="store_true", help="every exercise that was begun")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    wanted = parser.parse_args(arguments)
    course = Course.here()
    if wanted.all:
        chosen = [e for e in exercises().values() if course.path(e).exists()]
    else:
        chosen = [named(name) for name in wanted.names] or [current_of(course)]
    results = [course.check(exercise, wanted.seed) for exercise in chosen]
    for result in results:
        if not wanted.all or result.status not in ("pass", "missing"):
            report(course, result)
    passed = sum(result.status == "pass" for result in results)
    if wanted.all:
        begun = sum(result.status != "missing" for result in results)
        print(f"{passed} of {len(results)} exercises pass, {begun} are begun")
    return 0 if passed == len(results) else 1


def watch(arguments: list[str]) -> None:
    """`learn watch`: check an exercise whenever its file is saved, until a key ends it."""
    parser = Parser("minidl learn watch", "check an exercise whenever its file is saved")
    parser.add_argument("--once", action="store_true", help="stop after the first check")
    wanted = parser.parse_args(arguments)
    course = Course.here()
    seen = {e.name: saved_at(course.path(e)) for e in exercises().values()}
    current = course.next()
    where = f", beginning with {shown(course.path(current))}" if current else ""
    print(f"Watching the exercises in {shown(course.folder)}{where}. Ctrl-C ends.")
    with Keys() as keys:
        if keys.there:
            print("Keys: n checks the exercise you are at, h gives a hint, l lists all, q ends.")
        while True:
            sys.stdout.flush()
            key = keys.wait(0.3)
            if key == "q":
                return
            if key in PRESSED:
                pressed(key, course.folder, current)
            for exercise in saved_since(seen, course):
                course = Course(course.folder)  # anew: other commands note things there too
                report(course, course.check(exercise))
                current, after = exercise, course.next()
                print(f"  next: {shown(course.path(after))}" if after else all_passed(course))
                if wanted.once:
                    return


def saved_since(seen: dict[str, int | None], course: Course) -> Iterator[Exercise]:
    """The exercises whose file changed since the times in `seen`, which are brought up to date."""
    for exercise in exercises().values():
        now = saved_at(course.path(exercise))
        if now not in (None, seen[exercise.name]):
            seen[exercise.name] = now
            yield exercise


def pressed(key: str, folder: Path, current: Exercise | None) -> None:
    """Do what a key of `watch` asks for; a hint is for `current` until that is passed."""
    is_open = current is not None and not Course(folder).is_passed(current)
    print()
    try:
        PRESSED[key]([current.name] if key == "h" and is_open else [])
    except (CourseError, Refusal) as error:
        print(error)
    print()


def hint(arguments: list[str]) -> None:
    """`learn hint [NAME]`: print the next of the three hints."""
    parser = Parser("minidl learn hint", "a hint; three an exercise, each says more")
    parser.add_argument("name", nargs="?", metavar="NAME", help="an exercise; the current one")
    parser.add_argument("-n", type=int, choices=(1, 2, 3), help="which hint")
    wanted = parser.parse_args(arguments)
    course = Course.here()
    exercise = named(wanted.name) if wanted.name else current_of(course)
    level, text = course.hint(exercise, wanted.n)
    print(f"{exercise.name}, hint {level} of {len(exercise.hints)}\n")
    print(textwrap.fill(text, 88, initial_indent="  ", subsequent_indent="  "))
    if level == len(exercise.hints):
        print(f"\nThat is the last one. minidl learn solution {exercise.name} --give-up")
        print("shows a solution, and notes that you asked for it.")


def show_list(arguments: list[str]) -> None:
    """`learn list`: print every exercise, and which are passed."""
    Parser("minidl learn list", "the exercises").parse_args(arguments)
    course = Course.here()
    passed = course.progress["passed"]
    width = max(map(len, exercises()))
    track = ""
    for exercise in exercises().values():
        if exercise.track != track:
            track = exercise.track
            print(f"\n{paint(track, '1', sys.stdout)}: {tracks()[track]}")
        mark = "passed" if exercise.name in passed else (
            "skipped" if course.is_passed(exercise) else "      "
        )  # fmt: skip
        given_up = "  given up" if exercise.name in course.progress["given_up"] else ""
        title = exercise.title + " (fast track)" * exercise.fast
        print(f"  {mark:<8}{exercise.name:<{width}}  {exercise.points} p  {title}{given_up}")
    points = sum(exercises()[name].points for name in passed if name in exercises())
    whole = sum(exercise.points for exercise in exercises().values())
    print(f"\n{len(passed)} of {len(exercises())} exercises passed, {points} of {whole} points (p)")
    print("fast track: takes all steps of its track at once; pass it, and the track is done")


def reset(arguments: list[str]) -> None:
    """`learn reset NAME`: write the stub again; the file that was there is kept beside it."""
    parser = Parser("minidl learn reset", "the empty exercise again")
    parser.add_argument("name", metavar="NAME", help="an exercise")
    course, exercise = Course.here(), named(parser.parse_args(arguments).name)
    backup = course.reset(exercise)
    print(f"{shown(course.path(exercise))} is as it was handed out")
    if backup:
        print(f"what you wrote is in {shown(backup)}")


def solution(arguments: list[str]) -> None:
    """`learn solution NAME`: write down a solution, once the exercise is passed or given up."""
    parser = Parser("minidl learn solution", "a solution, once you have passed or given up")
    parser.add_argument("name", metavar="NAME", help="an exercise")
    parser.add_argument("--give-up", action="store_true", help="show it now; this is noted")
    wanted = parser.parse_args(arguments)
    path = Course.here().solution(named(wanted.name), wanted.give_up)
    print(f"a solution is in {shown(path)}")


def doctor(arguments: list[str]) -> int:
    """`learn doctor`: print what is there of what the exercises need."""
    Parser("minidl learn doctor", "is everything there that is needed?").parse_args(arguments)
    problems = 0

    def line(what: str, ok: bool, text: str) -> None:
        nonlocal problems
        problems += not ok
        mark = paint("ok  ", "32", sys.stdout) if ok else paint("FAIL", "31", sys.stdout)
        print(f"  {mark}  {what:<12}{text}")

    line("minidl", True, __version__)
    line("Python", sys.version_info >= (3, 11), platform.python_version())
    line("NumPy", True, np.__version__)
    exact = np.finfo(np.float64).eps < 1e-15
    line("float64", exact, "has 16 digits" if exact else "is not double precision here")
    cupy = "is there" if find_spec("cupy") else "is not there; no exercise needs it"
    line("CuPy", True, cupy)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "probe.py"
        path.write_text("def double(x):\n    return 2 * x\n", encoding="utf-8")
        start = time.perf_counter()
        try:
            with Sandbox(path) as sandbox:
                ok = float(sandbox.function("double")(2.0)) == 4.0
            line(
                "checks", ok, f"run in a process of their own ({time.perf_counter() - start:.1f} s)"
            )
        except (CodeError, OSError) as error:
            line("checks", False, f"cannot start a process of their own: {error}")
    try:
        course = Course.here()
        writable = os.access(course.folder, os.W_OK)
        text = shown(course.folder) if writable else f"{shown(course.folder)} cannot be written to"
        line("course", writable, text)
    except CourseError as error:
        line("course", True, str(error))
    return 1 if problems else 0


COMMANDS: dict[str, Callable[[list[str]], int | None]] = {
    "init": init,
    "next": show_next,
    "check": check,
    "watch": watch,
    "hint": hint,
    "list": show_list,
    "reset": reset,
    "solution": solution,
    "doctor": doctor,
}


PRESSED = {"n": show_next, "h": hint, "l": show_list}


def report(course: Course, result: Result) -> None:
    """What came out: failures whole, the rest a line each."""
    exercise, path = result.exercise, course.path(result.exercise)
    passed = sum(outcome.status == "pass" for outcome in result.outcomes)
    print(f"{paint(exercise.name, '1', sys.stdout)}  {shown(path)}")
    before = ""
    for outcome in result.outcomes:
        print(f"  {mark(outcome)}  {outcome.check}{stub_line(outcome, path)}")
        if outcome.status not in ("pass", "missing") and outcome.text != before:
            before = outcome.text  # what is wrong with the whole file is said once
            text = outcome.text.removeprefix(f"{outcome.check}: wrong\n")
            text = text.removeprefix(f"{outcome.check}: ").replace(str(path.resolve()), shown(path))
            print(textwrap.indent(textwrap.dedent(text), "        "))
    if result.printed and result.status != "pass":
        print(textwrap.indent(f"it printed:\n{result.printed.rstrip()}", "  "))
    if result.status == "pass":
        every = f"all {passed} checks pass" if passed > 1 else "passed"
        print(f"  {every} (graded runs make other draws)")
        return
    if result.status == "missing":
        print("  nothing is written yet: fill it in, save the file, and check again")
    else:
        print(f"  {passed} of {len(result.outcomes)} checks pass")
    rows = re.findall("`(.*?)`", exercise.page)
    look = f" (minidl notes {rows[0]})" if rows else ""
    print(f"  minidl learn hint {exercise.name}      in the notes: {exercise.page}{look}")


def stub_line(outcome: Outcome, path: Path) -> str:
    """Where the file still raises NotImplementedError."""
    found = re.search(rf"{re.escape(path.name)}:(\d+): ", outcome.text)
    return f" (line {found[1]})" if outcome.status == "missing" and found else ""


def mark(outcome: Outcome) -> str:
    if outcome.status == "pass":
        return paint("ok  ", "32", sys.stdout)
    if outcome.status == "missing":
        return paint("    ", "33", sys.stdout) + "  not written yet:"
    return paint("FAIL", "31", sys.stdout)


def named(name: str) -> Exercise:
    """The exercise of that name, or of that file."""
    stem = Path(name).stem
    if stem not in exercises():
        raise Refusal(unknown("exercise", stem, exercises()) + " (see: minidl learn list)")
    return exercises()[stem]


def all_passed(course: Course) -> str:
    """What there is to say when no exercise is left."""
    missing = len(exercises().keys() - course.progress["stubs"].keys())
    if missing:
        return f"All that was handed out is passed; minidl learn init adds {missing} exercises."
    return "All exercises are passed."


def current_of(course: Course) -> Exercise:
    current = course.next()
    if current is None:
        raise Refusal("all exercises are passed; name one, such as: minidl learn check relu")
    return current


def saved_at(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def shown(path: Path) -> str:
    """A path as short as it can be clicked on."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
