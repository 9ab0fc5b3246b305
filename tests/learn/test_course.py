"""A student's way through a course, and that nothing of theirs is ever lost."""

import json
import re
import shutil
from pathlib import Path

import pytest

from minidl.cli import main
from minidl.learn import authoring
from minidl.learn.course import Course
from minidl.learn.exercises import OWN, exercises, solution, stub, use

SOURCES = Path(__file__).parent / "sources"
WRONG = """\
import numpy as np
def relu(x):
    return abs(x)
def relu_backward(g, y, x):
    return g
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty folder with a course in minidl_course/."""
    monkeypatch.chdir(tmp_path)
    assert main(["learn", "init"]) == 0
    return tmp_path / "minidl_course"


def relu(course):
    return course / "activations" / "relu.py"


def test_stubs_and_solutions_are_those_of_the_sources(tmp_path):
    for tasks in OWN.glob("*/tasks.py"):
        (tmp_path / tasks.parent.name).mkdir()
        shutil.copyfile(tasks, tmp_path / tasks.parent.name / "tasks.py")
    authoring.build(SOURCES, tmp_path)
    for path in sorted(tmp_path.glob("*/*.py")):
        kept = OWN / path.relative_to(tmp_path)
        assert kept.read_text() == path.read_text(), "run minidl course build"
    assert (OWN / "solutions.xz").read_bytes() == (tmp_path / "solutions.xz").read_bytes()
    assert {p.name for p in OWN.glob("*/*.py")} == {p.name for p in tmp_path.glob("*/*.py")}


def test_every_exercise_has_a_stub_and_a_solution():
    for exercise in exercises().values():
        assert "NotImplementedError" in stub(exercise)
        assert "NotImplementedError" not in solution(exercise.name)
        assert "SOLUTION" not in stub(exercise) + solution(exercise.name)


def test_init_hands_out_stubs_and_says_where_to_begin(here, capsys):
    assert relu(here).read_text() == stub(exercises()["relu"])
    main(["learn", "init"])
    out = capsys.readouterr().out
    first = next(iter(exercises().values()))
    assert f"Begin with minidl_course/{first.track}/{first.name}.py" in out


def test_a_single_track_begins_and_ends_with_its_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["learn", "init", "--track", "activations"])
    assert "Begin with minidl_course/activations/relu.py" in capsys.readouterr().out
    course = Course(tmp_path / "minidl_course")
    course.progress["passed"] = dict.fromkeys(course.progress["stubs"], "today")
    course.save()
    assert main(["learn"]) == 0
    others = len(exercises()) - len(course.progress["stubs"])
    assert f"minidl learn init adds {others} exercises" in capsys.readouterr().out


def test_init_never_overwrites_what_was_changed(here):
    relu(here).write_text(WRONG)
    main(["learn", "init"])
    assert relu(here).read_text() == WRONG and not relu(here).with_suffix(".new.py").exists()


def test_a_newer_stub_is_put_beside_a_changed_file(here, capsys):
    relu(here).write_text(WRONG)
    progress = json.loads((here / "progress.json").read_text())
    progress["stubs"]["relu"] = "an older stub"
    (here / "progress.json").write_text(json.dumps(progress))
    main(["learn", "init"])
    assert relu(here).read_text() == WRONG
    assert relu(here).with_suffix(".new.py").read_text() == stub(exercises()["relu"])
    assert "lies beside it" in capsys.readouterr().out


def test_check_names_the_mistake_the_line_and_the_way_on(here, capsys):
    relu(here).write_text(WRONG)
    assert main(["learn", "check", "relu"]) == 1
    out = capsys.readouterr().out
    assert "the absolute value is taken" in out and "[passes-everything]" in out
    assert "0 of 2 checks pass" in out and "minidl learn hint relu" in out
    relu(here).write_text("def relu(x):\n    return x.nothing\n")
    main(["learn", "check", "relu"])
    out = capsys.readouterr().out
    assert "minidl_course/activations/relu.py:2: return x.nothing" in out
    assert "not written yet:  relu_backward" in out


def test_what_is_wrong_with_the_whole_file_is_said_once(here, capsys):
    relu(here).write_text("def relu(x)\n    return x\n")
    assert main(["learn", "check", "relu"]) == 1
    out = capsys.readouterr().out
    assert out.count("FAIL") == 2 and out.count("SyntaxError") == 1
    assert "minidl_course/activations/relu.py:1: def relu(x)" in out


def test_passing_is_noted_and_breaking_it_again_too(here, capsys):
    relu(here).write_text(solution("relu"))
    assert main(["learn", "check", "relu"]) == 0
    assert "relu" in Course(here).progress["passed"]
    assert "graded runs make other draws" in capsys.readouterr().out
    relu(here).write_text(WRONG)
    main(["learn", "check", "relu"])
    assert "relu" not in Course(here).progress["passed"]


def test_list_tells_the_truth_from_the_start(here, capsys):
    main(["learn", "list"])
    out = capsys.readouterr().out
    assert re.search(rf"0 of {len(exercises())} exercises passed, 0 of \d+ points", out)
    assert not re.search(r"^  passed", out, re.MULTILINE)


def test_hints_come_one_by_one_and_are_counted(here, capsys):
    for level in (1, 2, 3, 3):
        main(["learn", "hint", "relu"])
        assert f"relu, hint {level} of 3" in capsys.readouterr().out
    assert Course(here).progress["hints"] == {"relu": 3}


def test_reset_keeps_what_was_written(here, capsys):
    for text in (WRONG, WRONG + "# again\n"):
        relu(here).write_text(text)
        main(["learn", "reset", "relu"])
    assert relu(here).read_text() == stub(exercises()["relu"])
    assert relu(here).with_suffix(".backup1.py").read_text() == WRONG
    assert relu(here).with_suffix(".backup2.py").read_text() == WRONG + "# again\n"


def test_a_solution_is_for_those_who_passed_or_gave_up(here, capsys):
    assert main(["learn", "solution", "relu"]) == 2
    assert "--give-up" in capsys.readouterr().err
    assert main(["learn", "solution", "relu", "--give-up"]) == 0
    assert relu(here).with_suffix(".solution.py").read_text() == solution("relu")
    assert Course(here).progress["given_up"] == ["relu"]


def test_watch_checks_what_is_saved(here, capsys, monkeypatch):
    monkeypatch.setattr("time.sleep", lambda seconds: relu(here).write_text(solution("relu")))
    main(["learn", "watch", "--once"])
    assert "all 2 checks pass" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["check", "rely"], "did you mean 'relu'?"),
        (["chekc"], "did you mean 'check'?"),
        (["reset"], "the following arguments are required: NAME"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(here, capsys, arguments, message):
    assert main(["learn", *arguments]) == 2
    assert message in capsys.readouterr().err


def test_without_a_course_it_says_how_to_get_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["learn"]) == 2
    assert "minidl learn init makes one" in capsys.readouterr().err


def test_doctor(here, capsys):
    assert main(["learn", "doctor"]) == 0
    assert "FAIL" not in capsys.readouterr().out


def test_a_library_with_the_answers_is_refused(here, capsys):
    relu(here).write_text("import torch.nn\n" + solution("relu"))
    assert main(["learn", "check", "relu"]) == 1
    assert "torch.nn has the answers; use NumPy alone" in capsys.readouterr().out


@pytest.mark.parametrize("line, message", [("(", "SyntaxError"), ("nothing", "NameError")])
def test_a_mistake_in_the_tasks_is_told(tmp_path, monkeypatch, capsys, line, message):
    monkeypatch.chdir(tmp_path)
    assert main(["course", "new", "sources/first/square.py"]) == 0
    (tmp_path / "sources/first/tasks.py").write_text(line)
    assert main(["course", "build", "sources", "--out", "mine"]) == 0
    try:
        assert main(["course", "test", "mine"]) == 2
    finally:
        use(None)
    assert message in capsys.readouterr().err


def test_an_exercise_without_a_folder_is_refused(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["course", "new", "square.py"]) == 2
    assert "my_course/first_track/square.py" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []


def test_a_course_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["course", "new", "sources/first/square.py"]) == 0
    assert main(["course", "build", "sources", "--out", "mine"]) == 0
    assert "return" not in (tmp_path / "mine/first/square.py").read_text()
    try:
        assert main(["course", "test", "mine"]) == 0
        assert "ok    first/square" in capsys.readouterr().out
        assert main(["course", "gradescope", "mine", "-o", "a.zip"]) == 0
    finally:
        use(None)


@pytest.mark.parametrize("name", [*exercises()])
def test_every_exercise_is_proved(name, tmp_path):
    assert [*authoring.problems(exercises()[name], tmp_path)] == []


def test_a_stub_is_answered_by_its_lines_and_the_last_hint_by_a_way_out(here, capsys):
    assert main(["learn", "check", "relu"]) == 1
    out = capsys.readouterr().out
    lines = stub(exercises()["relu"]).splitlines()
    for number, line in enumerate(lines, 1):
        if "raise NotImplementedError" in line:
            assert f"(line {number})" in out
    assert "nothing is written yet" in out and "(minidl notes relu)" in out
    main(["learn", "hint", "relu", "-n", "3"])
    assert "minidl learn solution relu --give-up" in capsys.readouterr().out
    assert not (here / "activations" / "__pycache__").exists()
