"""Results as files: JSON, CSV, JUnit, Gradescope, and the class's misconceptions."""

from __future__ import annotations

import collections
import csv
import io
import json
import platform
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

from .grade import Help, Submission
from .judge import Result

SCHEMA = "minidl-report/1"
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
HELP = ("hints_used", "gave_up")


def as_json(submission: Submission, version: str, **extra: Any) -> str:
    """One student's report."""
    report = {
        "schema": SCHEMA,
        "minidl": version,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "student": submission.student,
        "seconds": round(submission.seconds, 3),
        "score": submission.score,
        "max_score": submission.max_score,
        "problem": submission.problem,
        "exercises": [
            _exercise(result) | dict(zip(HELP, _help(submission, result)))
            for result in submission.results
        ],
        **extra,
    }
    return json.dumps(report, indent=1, allow_nan=False) + "\n"


def _exercise(result: Result) -> dict[str, Any]:
    return {
        "name": result.exercise.name,
        "title": result.exercise.title,
        "track": result.exercise.track,
        "status": result.status,
        "score": result.score,
        "max_score": result.exercise.points,
        "seconds": round(result.seconds, 3),
        "seed": result.seed,
        "checks": [
            {"id": o.check, "status": o.status, "weight": o.weight, "code": o.code,
             "message": o.text, "line": o.line, "seconds": round(o.seconds, 3)}
            for o in result.outcomes
        ],
    }  # fmt: skip


def _help(submission: Submission, result: Result) -> tuple[int | None, bool | None]:
    """Hints taken and solution asked for, as HELP; None where no progress.json says so."""
    if submission.help is None:
        return None, None
    taken = submission.help.get(result.exercise.name, Help())
    return taken.hints, taken.gave_up


def as_csv(graded: list[Submission]) -> str:
    """One line an exercise: student, exercise, status, score, max_score, seconds, code, help.

    hints_used and gave_up are empty where the submission has no progress.json.
    """
    rows = [("student", "exercise", "status", "score", "max_score", "seconds", "code", *HELP)]
    for submission in graded:
        for r in submission.results:
            code = next((o.code for o in r.outcomes if o.code), "")
            rows.append((submission.student, r.exercise.name, r.status, r.score, r.exercise.points,
                         f"{r.seconds:.2f}", code, *_help(submission, r)))  # fmt: skip
    return _csv(rows)


def as_wide_csv(graded: list[Submission]) -> str:
    """One line a student: the score of each exercise, and the sum."""
    names = [result.exercise.name for result in graded[0].results] if graded else []
    rows: list[tuple] = [("student", *names, "score", "max_score")]
    rows += [(s.student, *(r.score for r in s.results), s.score, s.max_score) for s in graded]
    return _csv(rows)


def _csv(rows: list[tuple]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([*map(_harmless, row)] for row in rows)
    return text.getvalue()


def _harmless(cell: Any) -> Any:
    """A student's name must not be a formula when a spreadsheet opens the file."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@") else cell


def as_junit(graded: list[Submission]) -> str:
    """JUnit's XML, which continuous-integration services show: a suite a student and exercise."""
    root = ElementTree.Element("testsuites")
    for submission in graded:
        for r in submission.results:
            failed = sum(outcome.status != "pass" for outcome in r.outcomes)
            suite = ElementTree.SubElement(
                root, "testsuite", name=f"{submission.student}: {r.exercise.name}",
                tests=str(len(r.outcomes)), failures=str(failed), time=f"{r.seconds:.3f}",
            )  # fmt: skip
            for outcome in r.outcomes:
                case = ElementTree.SubElement(
                    suite, "testcase", classname=r.exercise.name, name=outcome.check,
                    time=f"{outcome.seconds:.3f}",
                )  # fmt: skip
                if outcome.status != "pass":
                    text = _printable(outcome.text)
                    kind = outcome.code or outcome.status
                    failure = ElementTree.SubElement(case, "failure", message=kind)
                    failure.text = text
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Without the characters that XML cannot hold, or UTF-8 (halves of surrogate pairs)."""
    return NOT_XML.sub("", text)


def as_gradescope(submission: Submission) -> str:
    """Gradescope's results.json: a test a check, scored, in the order of the exercises."""
    tests = []
    for number, r in enumerate(submission.results, 1):
        whole = sum(outcome.weight for outcome in r.outcomes)
        for part, outcome in enumerate(r.outcomes, 1):
            worth = r.exercise.points * outcome.weight / whole
            passed = outcome.status == "pass"
            tests.append({
                "name": f"{r.exercise.name}: {outcome.check}",
                "number": f"{number}.{part}",
                "score": round(worth, 4) if passed else 0.0,
                "max_score": round(worth, 4),
                "status": "passed" if passed else "failed",
                "output": _printable(outcome.text),
                "output_format": "text",
                "tags": [r.exercise.track],
                "visibility": "visible",
                "extra_data": {"code": outcome.code},
            })  # fmt: skip
    report = {
        "score": submission.score,
        "execution_time": round(submission.seconds, 3),
        "output": submission.problem or "Each exercise was checked on three random draws.",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
    }
    return json.dumps(report, indent=1, allow_nan=False) + "\n"


def misconceptions(graded: list[Submission]) -> list[tuple[str, str, int, list[str]]]:
    """(exercise, code, number of students, their names), the most frequent first."""
    who: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for submission in graded:
        for result in submission.results:
            for code in {o.code for o in result.outcomes if o.code}:
                who[result.exercise.name, code].append(submission.student)
    rows = [(name, code, len(students), students) for (name, code), students in who.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))
