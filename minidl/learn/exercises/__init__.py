"""The exercises, track by track.

A track is a folder: `tasks.py` lists its exercises and how they are checked, and beside it stand
the stubs that students get, one file an exercise.  The stubs, and the solutions in solutions.xz,
are made from the sources in tests/learn/sources/ by `minidl course build`.

A course of one's own is a folder of the same form; `use` puts it in the place of this one.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib.util
import json
import lzma
from pathlib import Path

from ..exercise import Exercise

OWN = Path(__file__).parent
# in the order in which they are learnt; the tracks of another course come by name
ORDER = (
    "differences", "engine", "broadcasting", "products", "activations", "layers", "optimisers",
    "sequences", "generative", "robust", "find_the_bug", "checker",
)  # fmt: skip
_root = OWN


def use(folder: Path | None) -> None:
    """Take the exercises from this folder, as `minidl course build` made it; None: minidl's own.

    Raises FileNotFoundError if there are none.
    """
    global _root
    root = OWN if folder is None else folder.resolve()
    if not any(root.glob("*/tasks.py")):
        raise FileNotFoundError(f"{folder} has no TRACK/tasks.py: is it what `course build` made?")
    _root = root
    exercises.cache_clear()
    tracks.cache_clear()


@functools.cache
def tracks() -> dict[str, str]:
    """The tracks' names and what they are about, in order."""
    names = sorted(path.parent.name for path in _root.glob("*/tasks.py"))
    names.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))
    return {name: _tasks(_root / name).TITLE for name in names}


@functools.cache
def exercises() -> dict[str, Exercise]:
    """All exercises by name, in the order of the course."""
    found: dict[str, Exercise] = {}
    for track in tracks():
        for exercise in _tasks(_root / track).EXERCISES:
            found[exercise.name] = dataclasses.replace(exercise, track=track)
    return found


@functools.cache
def _tasks(folder: Path):
    """The module tasks.py of a track."""
    name = f"minidl_tasks_{folder.name}"
    spec = importlib.util.spec_from_file_location(name, folder / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stub(exercise: Exercise) -> str:
    """The text of the file that a student begins with."""
    path = _root / exercise.track / f"{exercise.name}.py"
    return path.read_text(encoding="utf-8")


def solution(name: str) -> str:
    """The text of an exercise's solution.

    Solutions are compressed, so that nobody reads them by accident; an installed package cannot
    hide them from somebody who wants to see them.
    """
    return json.loads(lzma.decompress((_root / "solutions.xz").read_bytes()))[name]
