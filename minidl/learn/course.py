"""A student's folder: the stubs, what was passed, and how far the student is.

    minidl_course/
      activations/relu.py ...    the exercises, to be filled in
      progress.json              what was passed, hints taken, and the stubs as they were handed out

A file that was changed is never overwritten: a newer stub is put beside it.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .exercise import Exercise
from .exercises import exercises, solution, stub
from .judge import Result, judge

FOLDER = "minidl_course"
PROGRESS = "progress.json"


class CourseError(Exception):
    """What cannot be done in this folder, and what can."""


class Course:
    """The folder of a course, with its progress."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.progress: dict[str, Any] = {"passed": {}, "hints": {}, "given_up": [], "stubs": {}}
        file = folder / PROGRESS
        if file.exists():
            try:
                self.progress |= json.loads(file.read_text(encoding="utf-8"))
            except ValueError as error:
                raise CourseError(
                    f"{file} cannot be read ({error}); move it away, and run minidl learn init, "
                    "which keeps your exercises"
                ) from error

    @classmethod
    def here(cls, start: Path | None = None) -> Course:
        """The course in this folder, above it, or in minidl_course below it."""
        start = (start or Path.cwd()).resolve()
        for folder in (start, *start.parents, start / FOLDER):
            if (folder / PROGRESS).exists():
                return cls(folder)
        raise CourseError("there is no course here; minidl learn init makes one")

    def path(self, exercise: Exercise) -> Path:
        return self.folder / exercise.track / f"{exercise.name}.py"

    def save(self) -> None:
        """Write the progress; the old file stays whole if this is interrupted."""
        file = self.folder / PROGRESS
        unfinished = file.with_suffix(".new")
        unfinished.write_text(json.dumps(self.progress, indent=1) + "\n", encoding="utf-8")
        os.replace(unfinished, file)

    def write_stubs(self, track: str | None = None) -> dict[str, list[Path]]:
        """Hand out the stubs: which files are 'new', 'kept', or put 'beside' a changed one."""
        done: dict[str, list[Path]] = {"new": [], "kept": [], "beside": []}
        self.folder.mkdir(parents=True, exist_ok=True)
        for exercise in exercises().values():
            if track not in (None, exercise.track):
                continue
            path, text = self.path(exercise), stub(exercise)
            handed_out = self.progress["stubs"].get(exercise.name)
            if not path.exists() or _hash(path.read_text(encoding="utf-8")) == handed_out:
                kind = "kept" if path.exists() and handed_out == _hash(text) else "new"
            else:
                kind = "kept" if handed_out in (None, _hash(text)) else "beside"
            target = path.with_suffix(".new.py") if kind == "beside" else path
            if kind != "kept":
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8")
                self.progress["stubs"][exercise.name] = _hash(text)
            done[kind].append(target)
        self.save()
        return done

    def is_passed(self, exercise: Exercise) -> bool:
        """Whether it was passed, or its track's fast exercise was."""
        passed = self.progress["passed"]
        fast = (e.name for e in exercises().values() if e.track == exercise.track and e.fast)
        return exercise.name in passed or any(name in passed for name in fast)

    def next(self) -> Exercise | None:
        """The first exercise that was handed out and is not passed; None at the end."""
        handed_out = (e for e in exercises().values() if e.name in self.progress["stubs"])
        return next((e for e in handed_out if not self.is_passed(e)), None)

    def check(self, exercise: Exercise, seed: int = 0) -> Result:
        """Judge an exercise, and note it if it is passed."""
        path = self.path(exercise)
        if not path.exists():
            raise CourseError(f"{path} is not there; minidl learn init hands it out again")
        result = judge(exercise, path, seed)
        if result.status == "pass":
            self.progress["passed"].setdefault(exercise.name, time.strftime("%Y-%m-%d %H:%M"))
        else:  # what was passed and then broken is not passed
            self.progress["passed"].pop(exercise.name, None)
        self.save()
        return result

    def hint(self, exercise: Exercise, level: int | None = None) -> tuple[int, str]:
        """The next hint, or that of a level; how many were taken is noted."""
        taken = self.progress["hints"].get(exercise.name, 0)
        level = min(taken + 1, len(exercise.hints)) if level is None else level
        self.progress["hints"][exercise.name] = max(taken, level)
        self.save()
        return level, exercise.hints[level - 1]

    def reset(self, exercise: Exercise) -> Path | None:
        """Put the stub back; returns where the student's file was moved to."""
        path, backup = self.path(exercise), None
        if path.exists() and path.read_text(encoding="utf-8") != stub(exercise):
            backup = next(_backups(path))
            path.rename(backup)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(stub(exercise), encoding="utf-8")
        self.progress["stubs"][exercise.name] = _hash(stub(exercise))
        self.progress["passed"].pop(exercise.name, None)
        self.save()
        return backup

    def solution(self, exercise: Exercise, give_up: bool) -> Path:
        """Write the solution beside the exercise, if it is passed or given up."""
        if exercise.name not in self.progress["passed"]:
            if not give_up:
                raise CourseError(
                    f"{exercise.name} is not passed yet; --give-up shows the solution, and notes it"
                )
            if exercise.name not in self.progress["given_up"]:
                self.progress["given_up"].append(exercise.name)
        path = self.path(exercise).with_suffix(".solution.py")
        path.write_text(solution(exercise.name), encoding="utf-8")
        self.save()
        return path


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _backups(path: Path) -> Iterator[Path]:
    """Names that are free: relu.backup1.py, relu.backup2.py, ..."""
    number = 1
    while True:
        backup = path.with_suffix(f".backup{number}.py")
        if not backup.exists():
            yield backup
        number += 1
