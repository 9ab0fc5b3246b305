"""How long does it take to grade a class, and does anybody's marks depend on a neighbour's code?

    python -m tests.learn.measure_grading --submissions 200 --jobs 2

makes a class of solved, empty, mistaken and hostile submissions of all exercises, grades it by
`minidl grade`, and compares every mark with that which the same files get alone.
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from minidl.learn.exercise import Program
from minidl.learn.exercises import exercises, solution, stub

# What is put after a solution, so that the function `NAME` goes wrong: mistakes with a name and
# without, a mistake that raises, one that writes to its arguments.
MISTAKES = {
    "sign": "each(lambda r: -r, right(*arguments))",
    "factor": "each(lambda r: r / len(r) if np.ndim(r) else r / 2, right(*arguments))",
    "float32": "each(lambda r: np.float32(r), right(*arguments))",
    "nothing": "None",
    "raises": "arguments[0].no_such_method()",
    "smooth": "each(lambda r: r * np.cos(3 * r), right(*arguments))",
    "one_g": "right(*[each(np.ones_like, a) if i == 0 else a for i, a in enumerate(arguments)])",
    "in_place": "right(*[each(lambda r: np.add(r, 1, out=r), a) for a in arguments])",
}
MISTAKEN = '''

import numpy as np

right = NAME


def each(change, value):
    """`change` of every array of floats in a value."""
    if isinstance(value, (tuple, list)):
        return tuple(each(change, v) for v in value)
    return change(value) if getattr(value, "dtype", None) == float else value


def NAME(*arguments):
    return MISTAKE
'''
# What a submission may do to its grader, in an exercise's file, whose functions stay as solved.
HOSTILE = {
    "loops": "while True:\n    pass\n",
    "exits": "import os\nos._exit(0)\n",
    "allocates": "import numpy as np\nwhole = [np.ones(1 << 40) for _ in range(100)]\n",
    "prints": 'print(\'{"score": 100, "status": "pass"}\')\nraise SystemExit(0)\n',
    "patches": (
        "import numpy as np\n"
        "np.allclose = np.array_equal = np.all = lambda *a, **k: True\n"
        "NAME = lambda *a: 0.0\n"
    ),
    "nests": "x = " + "-" * 200_000 + "1\n",
    "kills": "import os, signal\nos.killpg(0, signal.SIGKILL)\n",
}
HOSTILE_EXERCISES = ("relu", "matmul", "engine")  # the others of a hostile submission are solved


def mistaken(first: int) -> dict[str, str]:
    """Every exercise with the mistakes in turn, from mistake number `first` on."""
    texts = {}
    for number, exercise in enumerate(exercises().values()):
        check = exercise.checks[-1]
        kind = [*MISTAKES.values()][(first + number) % len(MISTAKES)]
        if isinstance(check, Program):  # these have no single function to change
            texts[exercise.name] = stub(exercise) if number % 2 else solution(exercise.name)
        else:
            wrong = MISTAKEN.replace("NAME", check.name).replace("MISTAKE", kind)
            texts[exercise.name] = solution(exercise.name) + wrong
    return texts


def hostile(kind: str) -> dict[str, str]:
    """A solved submission, of which some files attack the grader."""
    texts = {name: solution(name) for name in exercises()}
    for name in HOSTILE_EXERCISES:
        attack = HOSTILE[kind].replace("NAME", exercises()[name].checks[-1].name)
        texts[name] += "\n" + attack
    return texts


def classroom() -> list[tuple[str, dict[str, str]]]:
    """Twenty submissions, by kind: 5 solved, 3 empty, 8 mistaken, and 4 of half and half."""
    solved = {name: solution(name) for name in exercises()}
    empty = {name: stub(exercise) for name, exercise in exercises().items()}
    kinds = [("solved", solved)] * 5 + [("empty", empty)] * 3
    kinds += [(f"mistaken{k}", mistaken(k)) for k in range(8)]
    half = dict(list(solved.items())[: len(solved) // 2])
    return kinds + [("half", half)] * 4


def write(folder: Path, texts: dict[str, str]) -> None:
    folder.mkdir(parents=True)
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def grade(folder: Path, jobs: int) -> tuple[dict[str, list[tuple]], float, float]:
    """Rows of marks by student, seconds of the clock and of the processors."""
    out = folder.with_suffix(".csv")
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "minidl", "grade", str(folder), "--csv", str(out)]
    subprocess.run(
        [*command, "--jobs", str(jobs)], check=True, stdout=subprocess.DEVNULL, timeout=3600
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    marks: dict[str, list[tuple]] = {}
    with out.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            what = (row["exercise"], row["status"], row["score"], row["code"])
            marks.setdefault(row["student"], []).append(what)
    return marks, time.perf_counter() - start, used


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--submissions", type=int, default=200, metavar="N")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    parser.add_argument("--hostile", type=int, metavar="N", help="of them (one in twenty)")
    wanted = parser.parse_args()
    kinds = classroom()
    scratch = Path(tempfile.mkdtemp(prefix="minidl-class-"))
    try:
        for kind, texts in dict(kinds).items():
            write(scratch / "alone" / kind, texts)
        alone, *_ = grade(scratch / "alone", 1)

        attackers = wanted.submissions // 20 if wanted.hostile is None else wanted.hostile
        for n in range(attackers):
            kind = [*HOSTILE][n % len(HOSTILE)]
            write(scratch / "class" / f"{n:03}-hostile-{kind}", hostile(kind))
        for n in range(attackers, wanted.submissions):
            kind, texts = kinds[n % len(kinds)]
            write(scratch / "class" / f"{n:03}-{kind}", texts)
        marks, seconds, used = grade(scratch / "class", wanted.jobs)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)

    honest = {student: rows for student, rows in marks.items() if "hostile" not in student}
    changed = [s for s, rows in honest.items() if rows != alone[s.split("-", 1)[1]]]
    gained = [
        student for student, rows in marks.items() if "hostile" in student
        for name, status, *_ in rows
        if (status == "pass") == (name in HOSTILE_EXERCISES)
    ]  # fmt: skip
    load = ", ".join(f"{x:.1f}" for x in os.getloadavg())
    print(f"{len(marks)} submissions of {len(exercises())} exercises, {attackers} of them hostile")
    print(f"{seconds:.0f} s with --jobs {wanted.jobs}, {used:.0f} s of processors, load {load}")
    print(f"marks that differ from those alone: {len(changed)} of {len(honest)} {changed[:5]}")
    print(f"hostile files that passed, or cost a neighbouring exercise: {len(gained)} {gained[:5]}")
    return 1 if changed or gained else 0


if __name__ == "__main__":
    sys.exit(main())
