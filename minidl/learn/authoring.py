"""Writing exercises: one source with the solution in it, from which everything else is made.

    SOURCES/
      activations/tasks.py    the exercises of a track, and how they are checked
      activations/relu.py     text, functions, and the solutions between two marks:

        def relu(x):
            # BEGIN SOLUTION
            return np.maximum(x, 0)
            # END SOLUTION

`build` makes a course of it: stubs, in which the marked lines raise NotImplementedError, and the
solutions, compressed.  `test` proves a course, or minidl's own.
"""

from __future__ import annotations

import json
import lzma
import re
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from ..gradcheck.diagnosis import diagnose_on
from .exercise import Check, Exercise, Gradient, Program, Value
from .exercises import exercises, solution, stub
from .judge import compare, judge, trials
from .values import judge_values

SEEDS = range(5)
BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
MARKED = re.compile(rf"^([ \t]*){BEGIN}\n(.*?)^[ \t]*{END}\n", re.MULTILINE | re.DOTALL)


class AuthoringError(ValueError):
    """A source that cannot be used, and why."""


# ------------------------------------------------------------------------ from source to course


def stripped(source: str) -> str:
    """The stub: the solutions replaced by NotImplementedError."""
    return MARKED.sub(r"\1raise NotImplementedError\n", source)


def solved(source: str) -> str:
    """The solution: without the marks."""
    return MARKED.sub(r"\2", source)


def build(sources: Path, out: Path) -> list[Path]:
    """Make a course of a folder of sources; returns the files written.

    A track whose tasks.py is in `out` already needs none among the sources.
    Raises AuthoringError if there is neither, or a source without a marked solution.
    """
    written, solutions = [], {}
    for track in sorted({path.parent for path in sources.glob("*/*.py")}):
        folder, tasks = out / track.name, track / "tasks.py"
        folder.mkdir(parents=True, exist_ok=True)
        if tasks.exists():
            shutil.copyfile(tasks, folder / "tasks.py")
        elif not (folder / "tasks.py").exists():
            raise AuthoringError(f"there is no {tasks}, which says how the exercises are checked")
        for path in sorted(track.glob("*.py")):
            if path.name == "tasks.py":
                continue
            text = path.read_text(encoding="utf-8")
            if not MARKED.search(text):
                raise AuthoringError(f"{path} has no lines between {BEGIN!r} and {END!r}")
            written.append(folder / path.name)
            written[-1].write_text(stripped(text), encoding="utf-8")
            solutions[path.stem] = solved(text)
    if not written:
        raise AuthoringError(f"{sources} has no TRACK/NAME.py")
    archive = out / "solutions.xz"
    archive.write_bytes(lzma.compress(json.dumps(solutions, sort_keys=True).encode()))
    return [*written, archive]


TASKS = '''\
"""What is checked in the exercises of this track."""

import numpy as np

from minidl.gradcheck.draws import normal
from minidl.learn.exercise import Exercise, Gradient, wrong

TITLE = "a track of my own"


def {name}(x):
    return x * x


EXERCISES = [
    Exercise(
        "{name}",
        "the gradient of {name}",
        points=2,
        page="chapter 1",
        hints=("What is asked?", "What is the formula?", "What is the line, nearly?"),
        checks=(
            Gradient("{name}_backward", {name}, {{"x": normal("N", "D")}}, (
                wrong("value", "the value is taken for the slope", lambda g, y, x: g * y),
            )),
        ),
    ),
]
'''

SOURCE = '''\
"""The gradient of {name}.

Say here what is to be done, with the formula.
"""

import numpy as np


def {name}_backward(g, y, x):
    """dL/dx, given g = dL/dy.  All have shape (N, D)."""
    {begin}
    return 2 * g * x
    {end}
'''


def new(path: Path) -> list[Path]:
    """Begin an exercise SOURCES/TRACK/NAME.py, and the track's tasks.py if there is none."""
    is_named = path.suffix == ".py" and path.stem.isidentifier() and path.stem != "tasks"
    if not is_named or path.parent == Path():  # without a folder, the track has no name
        raise AuthoringError(f"{path}: name a file such as my_course/first_track/square.py")
    if path.exists():
        raise AuthoringError(f"{path} is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SOURCE.format(name=path.stem, begin=BEGIN, end=END), encoding="utf-8")
    tasks = path.with_name("tasks.py")
    if tasks.exists():
        return [path]
    tasks.write_text(TASKS.format(name=path.stem), encoding="utf-8")
    return [path, tasks]


# ------------------------------------------------------------------------------- what is proved


def test(say: Callable[[str], None]) -> bool:
    """Prove the course in use; True if all holds.

    Every stub scores 0 and every solution full marks for 5 seeds; every misconception is found,
    and named as itself; each exercise has three hints, and none holds a line of the solution.
    """
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        for exercise in exercises().values():
            found = [*problems(exercise, Path(folder))]
            is_good &= not found
            say(f"{'FAIL' if found else 'ok  '}  {exercise.track}/{exercise.name}")
            for problem in found:
                say(f"      {problem}")
    return is_good


def problems(exercise: Exercise, folder: Path) -> Iterator[str]:
    """What is wrong with an exercise; its files are written into `folder`."""
    path = folder / f"{exercise.name}.py"
    path.write_text(stub(exercise), encoding="utf-8")
    empty = judge(exercise, path)
    if empty.score or empty.status != "missing":
        yield f"the stub scores {empty.score} ({empty.status}), not 0 (missing)"
    path.write_text(solution(exercise.name), encoding="utf-8")
    for seed in SEEDS:
        result = judge(exercise, path, seed)
        if result.status != "pass":
            failed = next(o for o in result.outcomes if o.status != "pass")
            yield f"the solution fails for seed {seed}: {failed.text}"
            break
    for check in exercise.checks:
        yield from _misnamed(check)
    if len(exercise.hints) != 3 or not all(exercise.hints):
        yield "it should have three hints"
    lines = {line.strip() for line in solution(exercise.name).splitlines()}
    lines -= {line.strip() for line in stub(exercise).splitlines()}
    for level, hint in enumerate(exercise.hints, 1):
        for line in lines:
            if len(line) > 12 and line in hint:
                yield f"hint {level} holds a line of the solution: {line}"


def _misnamed(check: Check) -> Iterator[str]:
    """The misconceptions of a check that are not diagnosed as themselves."""
    if isinstance(check, Program):
        for code, _, values in check.wrong:
            found = compare(check, {**check.expected(0), **values(0)}, 0)[0]
            if found != code:
                yield f"{check.name}: {code} is diagnosed as {found or 'right'}"
        return
    for named in check.misconceptions:
        with np.errstate(all="ignore"):
            if isinstance(check, Value):
                found = judge_values(check, named.backward, 0)[0]
            else:
                assert isinstance(check, Gradient)
                found = diagnose_on(
                    trials(check, 0), check.forward, named.backward, check.misconceptions
                ).code
        if found != named.code:
            yield f"{check.name}: {named.code} is diagnosed as {found or 'right'}"


# ------------------------------------------------------------------------------------ Gradescope

SETUP = """\
#!/usr/bin/env bash
# Run once, when Gradescope builds the image.
apt-get update && apt-get install -y python3 python3-pip
python3 -m pip install --break-system-packages "numpy>=2.0" "scipy>=1.13"
"""

RUN = """\
#!/usr/bin/env bash
# Run for every submission; there is a results.json whatever happens.
cd /autograder/source
echo '{"score": 0, "output": "The grader itself failed; please tell your teacher."}' \\
    > /autograder/results/results.json
mkdir -p class && rm -rf class/submission && cp -r /autograder/submission class/submission
PYTHONPATH=. python3 -m minidl grade class --gradescope /autograder/results/results.json COURSE
"""


def gradescope(out: Path) -> Path:
    """autograder.zip: setup.sh, run_autograder, minidl itself, and the course in use."""
    from .exercises import OWN, _root

    package = Path(__file__).parents[1]
    own = _root == OWN
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in (
            ("setup.sh", SETUP),
            ("run_autograder", RUN.replace(" COURSE", "" if own else " --course course")),
        ):
            info = zipfile.ZipInfo(name)
            info.external_attr = 0o755 << 16
            archive.writestr(info, text)
        for path in sorted(package.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                archive.write(path, Path("minidl") / path.relative_to(package))
        if not own:
            for path in sorted(_root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    archive.write(path, Path("course") / path.relative_to(_root))
    return out
