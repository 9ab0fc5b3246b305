"""Grading a class: every submission's files through the same checks, one report for all.

    minidl grade SUBMISSIONS/ --csv marks.csv --junit marks.xml

A submission is a folder or a zip below SUBMISSIONS/, named after the student; the exercises' files
may lie anywhere in it.  Each runs in processes of its own, so that one submission can change
nothing of another, and each result is kept as soon as it is there.  A progress.json among the files
says which hints were taken; it is the student's own, and changes no marks.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from .course import PROGRESS
from .exercise import Exercise
from .exercises import exercises
from .judge import Outcome, Result, judge_in
from .sandbox.process import Sandbox

LARGEST = 20 << 20  # bytes that a zip may unpack to
MOST_FILES = 2000
LONGEST = 300.0  # seconds for one submission, which takes three to ten; then the rest is not run


@dataclasses.dataclass(frozen=True)
class Help:
    """What a student looked up: hints of an exercise, and whether the solution was asked for."""

    hints: int = 0
    gave_up: bool = False


@dataclasses.dataclass(frozen=True)
class Submission:
    """A student's results.

    problem: why there are none, '' if there are.  help: what the student's progress.json says of
    hints and solutions, by exercise; None if there is no such file.
    """

    student: str
    results: list[Result]
    seconds: float
    problem: str = ""
    help: dict[str, Help] | None = None

    @property
    def score(self) -> float:
        return round(sum(result.score for result in self.results), 2)

    @property
    def max_score(self) -> float:
        return sum(result.exercise.points for result in self.results)


def submissions(folder: Path) -> list[Path]:
    """The folders and zips in `folder`, sorted; raises FileNotFoundError if there are none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}")
    found = sorted(
        path for path in folder.iterdir()
        if not path.name.startswith((".", "_")) and (path.is_dir() or path.suffix == ".zip")
    )  # fmt: skip
    if not found:
        raise FileNotFoundError(f"{folder} has neither folders nor zips of students")
    return found


def grade(
    paths: Iterable[Path],
    *,
    seed: int = 0,
    jobs: int = 2,
    wanted: Iterable[str] | None = None,
    each: Callable[[Submission], None] = lambda submission: None,
) -> list[Submission]:
    """Grade submissions, `jobs` at a time; `each` is called as they are done.

    wanted: the names of the exercises, all unless given.  The order is that of the paths.
    """
    chosen = [exercises()[name] for name in wanted] if wanted else [*exercises().values()]
    paths = [*paths]
    with ThreadPoolExecutor(max(1, jobs)) as pool:
        futures = {pool.submit(grade_one, path, chosen, seed): path for path in paths}
        done = {}
        for future in as_completed(futures):
            done[futures[future]] = future.result()
            each(done[futures[future]])
    return [done[path] for path in paths]


def grade_one(path: Path, chosen: list[Exercise], seed: int) -> Submission:
    """Grade one folder or zip; whatever is wrong with it becomes its result."""
    start = time.perf_counter()
    student = path.stem if path.suffix == ".zip" else path.name
    taken = None
    try:
        with unpacked(path) as folder:
            taken = help_taken(folder)
            with Sandbox(folder) as sandbox:
                results = [
                    _judged(exercise, folder, seed, sandbox)
                    if time.perf_counter() - start < LONGEST
                    else _unjudged(exercise, seed, "timeout", f"{LONGEST:g} s were used up before")
                    for exercise in chosen
                ]
        problem = ""
    except (OSError, zipfile.BadZipFile, Unsafe) as error:
        results = [_unjudged(e, seed, "missing-file", f"{path.name}: {error}") for e in chosen]
        problem = str(error)
    return Submission(student, results, time.perf_counter() - start, problem, taken)


def help_taken(folder: Path) -> dict[str, Help] | None:
    """What the first progress.json in a folder says; None if there is none that can be read."""
    for file in sorted(folder.rglob(PROGRESS)):
        try:
            progress = json.loads(file.read_text(encoding="utf-8"))
            hints, given_up = progress["hints"], progress["given_up"]
            return {
                name: Help(min(max(int(hints.get(name, 0)), 0), 3), name in given_up)
                for name in {*hints, *given_up}
            }
        except Exception:  # it may hold anything
            continue
    return None


def _judged(exercise: Exercise, folder: Path, seed: int, sandbox: Sandbox) -> Result:
    """The first file of the exercise's name, those of a track's folder before others."""
    name = f"{exercise.name}.py"
    files = sorted(folder.rglob(name), key=lambda p: (p.parent.name != exercise.track, str(p)))
    files = [file for file in files if file.is_file() and not file.is_symlink()]
    if not files:
        return _unjudged(exercise, seed, "missing-file", f"there is no file {name}")
    try:
        return judge_in(sandbox, exercise, files[0], seed)
    except Exception as error:  # whatever a file does, it costs this exercise and no class
        sandbox.close()
        return _unjudged(exercise, seed, "checker-failed", f"the checker failed: {error!r}")


def _unjudged(exercise: Exercise, seed: int, code: str, why: str) -> Result:
    """No points, and why."""
    status = {"missing-file": "missing", "timeout": "timeout"}.get(code, "error")
    outcomes = [Outcome(c.name, status, c.weight, code, why) for c in exercise.checks]
    return Result(exercise, outcomes, seed)


# ------------------------------------------------------------------------------ submitted archives


class Unsafe(ValueError):
    """An archive that is not unpacked: it would write elsewhere, or fill the disk."""


def is_wanted(file: Path) -> bool:
    """What of a submission is looked at."""
    return file.suffix == ".py" or file.name == PROGRESS


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """The folder itself, copied so that nothing in it changes, or the zip unpacked."""
    scratch = Path(tempfile.mkdtemp(prefix="minidl-grade-"))
    try:
        if path.suffix == ".zip":
            _unzip(path, scratch)
        else:
            for file in path.rglob("*"):
                if is_wanted(file) and file.is_file() and not file.is_symlink():
                    target = scratch / file.relative_to(path)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _unzip(path: Path, target: Path) -> None:
    """The Python files of an archive, if all of it is harmless."""
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MOST_FILES or sum(m.file_size for m in members) > LARGEST:
            raise Unsafe(f"more than {MOST_FILES} files, or {LARGEST >> 20} MB")
        for member in members:
            place = (target / member.filename).resolve()
            if not place.is_relative_to(target.resolve()) or stat.S_ISLNK(
                member.external_attr >> 16
            ):
                raise Unsafe(f"{member.filename} would be written outside of its folder")
            if is_wanted(place):
                place.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as source:
                    data = source.read(LARGEST + 1)
                if len(data) > LARGEST:
                    raise Unsafe("an archive that unpacks to more than it says")
                place.write_bytes(data)
