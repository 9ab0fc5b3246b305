"""`minidl grade` and `minidl course`: for those who teach."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from .. import __version__
from ..experiments import unknown
from ..gradcheck.trials import CodeError
from ..learn import authoring, reports
from ..learn.exercises import exercises, use
from ..learn.grade import Submission, submissions
from ..learn.grade import grade as grade_all
from .terminal import Parser, Refusal, paint


def grade(arguments: list[str]) -> int:
    """`grade SUBMISSIONS/`: marks for a class."""
    parser = Parser("minidl grade", "grade folders or zips of exercises, one a student")
    parser.add_argument("folder", metavar="SUBMISSIONS", help="a folder of folders or zips")
    parser.add_argument("--only", metavar="NAMES", help="exercises, separated by commas")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draws (0)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="students at a time (2)")
    parser.add_argument("--csv", metavar="FILE", help="one line an exercise")
    parser.add_argument("--wide", metavar="FILE", help="CSV with one line a student")
    parser.add_argument("--junit", metavar="FILE", help="JUnit's XML")
    parser.add_argument("--json", metavar="DIR", help="a report a student, DIR/STUDENT.json")
    parser.add_argument("--gradescope", metavar="FILE", help="results.json of a single student")
    parser.add_argument("--course", metavar="DIR", help="exercises of your own (minidl's)")
    wanted = parser.parse_args(arguments)
    use_course(wanted.course)
    names = wanted.only.split(",") if wanted.only else None
    for name in names or ():
        if name not in exercises():
            raise Refusal(unknown("exercise", name, exercises()))
    try:
        paths = submissions(Path(wanted.folder))
    except FileNotFoundError as error:
        raise Refusal(str(error)) from error
    if wanted.gradescope and len(paths) != 1:
        raise Refusal(f"--gradescope is for one submission, and there are {len(paths)}")

    def each(submission: Submission) -> None:
        note = f"  {submission.problem}" if submission.problem else ""
        score = f"{submission.score:6.1f} of {submission.max_score}"
        print(f"{submission.student:<30}{score}  {submission.seconds:5.1f} s{note}", flush=True)

    graded = grade_all(paths, seed=wanted.seed, jobs=wanted.jobs, wanted=names, each=each)
    print_misconceptions(graded)
    files = {wanted.csv: reports.as_csv, wanted.wide: reports.as_wide_csv,
             wanted.junit: reports.as_junit}  # fmt: skip
    for file, make in files.items():
        if file:
            Path(file).write_text(make(graded), encoding="utf-8")
            print(f"\nwrote {file}")
    if wanted.gradescope:
        Path(wanted.gradescope).write_text(reports.as_gradescope(graded[0]), encoding="utf-8")
    if wanted.json:
        folder = Path(wanted.json)
        folder.mkdir(parents=True, exist_ok=True)
        for submission in graded:
            text = reports.as_json(submission, __version__)
            (folder / f"{submission.student}.json").write_text(text, encoding="utf-8")
    return 0


def print_misconceptions(graded: list[Submission]) -> None:
    """What went wrong, over the class."""
    rows = [row for row in reports.misconceptions(graded) if row[1] != "missing-file"]
    if rows:
        print(f"\n{paint('What went wrong', '1', sys.stdout)}, by number of students")
    for exercise, code, count, students in rows[:20]:
        who = ", ".join(students[:3]) + (", ..." if count > 3 else "")
        print(f"  {count:4}  {exercise:<24}{code:<24}{who}")


def course(arguments: list[str]) -> int:
    """`course new|build|test|gradescope`: exercises of one's own."""
    if arguments[:1] in (["-h"], ["--help"], ["help"]):
        print("Exercises of your own, from sources that have the solutions in them:\n")
        for name, verb in VERBS.items():
            print(f"  {name:<12}{verb.__doc__}")
        print("\nminidl course NAME --help shows the options of one.")
        return 0
    if not arguments or arguments[0] not in VERBS:
        raise Refusal(f"what about a course? minidl course {'|'.join(VERBS)}")
    verb, *rest = arguments
    try:
        return VERBS[verb](Parser(f"minidl course {verb}", VERBS[verb].__doc__ or ""), rest) or 0
    except authoring.AuthoringError as error:
        raise Refusal(str(error)) from error


def new(parser: Parser, arguments: list[str]) -> None:
    """Begin an exercise: a file with the solution in it, and how it is checked."""
    parser.add_argument("file", metavar="SOURCES/TRACK/NAME.py")
    path = Path(parser.parse_args(arguments).file)
    for written in authoring.new(path):
        print(f"wrote {written}")
    print(f"then: minidl course build {path.parents[1]}")


def build(parser: Parser, arguments: list[str]) -> None:
    """Make a course of the sources: stubs for the students, and solutions."""
    parser.add_argument("sources", metavar="SOURCES")
    parser.add_argument("--out", default="course", metavar="DIR", help="(course)")
    wanted = parser.parse_args(arguments)
    for path in authoring.build(Path(wanted.sources), Path(wanted.out)):
        print(f"wrote {path}")
    print(f"then: minidl course test {wanted.out}")


def test(parser: Parser, arguments: list[str]) -> int:
    """Prove a course: stubs score 0, solutions all, misconceptions are named as themselves."""
    parser.add_argument("course", nargs="?", metavar="COURSE", help="yours (minidl's own)")
    use_course(parser.parse_args(arguments).course)
    return 0 if authoring.test(print) else 1


def gradescope(parser: Parser, arguments: list[str]) -> None:
    """Package minidl and a course as Gradescope's autograder.zip."""
    parser.add_argument("course", nargs="?", metavar="COURSE", help="yours (minidl's own)")
    parser.add_argument("-o", "--out", default="autograder.zip", metavar="FILE")
    wanted = parser.parse_args(arguments)
    use_course(wanted.course)
    print(f"wrote {authoring.gradescope(Path(wanted.out))}")


VERBS: dict[str, Callable[[Parser, list[str]], int | None]] = {
    "new": new,
    "build": build,
    "test": test,
    "gradescope": gradescope,
}


def use_course(folder: str | None) -> None:
    """Take the exercises from a course of one's own."""
    if folder:
        try:
            use(Path(folder))
            exercises()
        except FileNotFoundError as error:
            raise Refusal(str(error)) from error
        except Exception as error:  # a tasks.py is a program, which may raise anything
            at = CodeError.of(error)
            raise Refusal(f"{folder}: a tasks.py raised {at.text}{at.where()}") from error
