"""Grading a class: scores, reports in every format, and submissions that mean harm."""

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

import pytest

from minidl.cli import main
from minidl.learn import judge, reports
from minidl.learn.exercises import exercises, solution, stub
from minidl.learn.grade import grade, grade_one, submissions

HALF = solution("relu").replace("g * (x > 0)", "g * y")
HOSTILE = """
import os, shutil, pathlib
for path in pathlib.Path(__file__).resolve().parents[1].glob("*"):
    pass
def relu(x):
    os._exit(0)
def relu_backward(g, y, x):
    while True:
        pass
"""


@pytest.fixture
def classroom(tmp_path):
    """ada: all right; bob: half; cyd, in a zip: nothing written; dan: hostile; eve: no file."""
    folder = tmp_path / "class"
    for name, text in (("ada", solution("relu")), ("bob", HALF), ("dan", HOSTILE)):
        (folder / name).mkdir(parents=True)
        (folder / name / "relu.py").write_text(text)
    (folder / "eve").mkdir()
    with zipfile.ZipFile(folder / "cyd.zip", "w") as archive:
        archive.writestr("work/activations/relu.py", stub(exercises()["relu"]))
    return folder


def graded(folder, **options):
    return {s.student: s for s in grade(submissions(folder), wanted=["relu"], **options)}


def test_each_gets_what_the_checks_are_worth_and_nobody_is_harmed(classroom):
    found = graded(classroom)
    scores = {name: submission.score for name, submission in found.items()}
    assert scores == {"ada": 2.0, "bob": 0.5, "cyd": 0.0, "dan": 0.0, "eve": 0.0}
    status = {name: submission.results[0].status for name, submission in found.items()}
    assert status == {"ada": "pass", "bob": "fail", "cyd": "missing", "dan": "error",
                      "eve": "missing"}  # fmt: skip
    codes = [outcome.code for outcome in found["dan"].results[0].outcomes]
    assert codes == ["died", "timeout"]
    assert (classroom / "ada" / "relu.py").read_text() == solution("relu")


def test_a_fault_of_the_checker_costs_one_check_and_no_class(classroom, monkeypatch):
    def failing(*arguments):
        raise IndexError("an oversight")

    monkeypatch.setattr(judge, "diagnose_on", failing)
    result = grade_one(classroom / "ada", [exercises()["relu"]], 0).results[0]
    assert result.score == 0.5 and result.outcomes[1].code == "checker-failed"
    assert "IndexError('an oversight')" in result.outcomes[1].text


def test_a_submission_that_has_used_up_its_time_is_not_run_to_its_end(classroom, monkeypatch):
    monkeypatch.setattr("minidl.learn.grade.LONGEST", 0.0)
    (result,) = grade_one(classroom / "ada", [exercises()["relu"]], 0).results
    assert result.status == "timeout" and result.score == 0


def test_another_seed_gives_the_same_marks(classroom):
    one, other = graded(classroom, seed=1), graded(classroom, seed=2)
    assert {n: s.score for n, s in one.items()} == {n: s.score for n, s in other.items()}


def test_hostile_archives_get_nothing_and_write_nothing(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    with zipfile.ZipFile(folder / "escape.zip", "w") as archive:
        archive.writestr("../../escaped.py", "x = 1")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("relu.py", b"#" * (30 << 20))
    link = zipfile.ZipInfo("relu.py")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(folder / "link.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    (folder / "broken.zip").write_bytes(b"PK not a zip")
    found = graded(folder)
    assert all(s.score == 0 and s.problem for s in found.values()), found
    assert "outside of its folder" in found["escape"].problem
    assert [*tmp_path.iterdir()] == [folder]


ODD = {
    "deep": "x = " + "-" * 200_000 + "1\n",  # more than Python's parser takes
    "halves": "def relu(x):\n    raise ValueError('\\ud800 \\uffff')\n",  # neither UTF-8 nor XML
    "forger": """
import os, sys
frame = sys._getframe()
while "replies" not in frame.f_locals:
    frame = frame.f_back
sys.path.insert(0, os.path.dirname(sys.modules["__main__"].__file__))
import messages
messages.write(frame.f_locals["replies"], {"error": {"nonsense": 1}, "printed": ""})
""",
}


def test_files_that_upset_the_parser_the_pipe_or_a_report_cost_no_class(tmp_path, capsys):
    folder = tmp_path / "class"
    for name, text in (*ODD.items(), ("zoe", solution("relu"))):
        (folder / name).mkdir(parents=True)
        (folder / name / "relu.py").write_text(text)
    out = [f"--{kind}={tmp_path / kind}" for kind in ("csv", "junit", "json")]
    assert main(["grade", str(folder), "--only", "relu", *out]) == 0
    marks = {row["student"]: row["score"] for row in csv.DictReader((tmp_path / "csv").open())}
    assert marks == {"deep": "0.0", "halves": "0.0", "forger": "0.0", "zoe": "2.0"}
    ElementTree.parse(tmp_path / "junit")


def test_the_command_writes_every_format(classroom, tmp_path, capsys):
    out = {name: str(tmp_path / name) for name in ("a.csv", "wide.csv", "j.xml", "json")}
    assert main(["grade", str(classroom), "--only", "relu", "--csv", out["a.csv"], "--wide",
                 out["wide.csv"], "--junit", out["j.xml"], "--json", out["json"]]) == 0  # fmt: skip
    shown = capsys.readouterr().out
    assert "What went wrong" in shown and "value-for-slope" in shown
    long = [*csv.DictReader(io.StringIO((tmp_path / "a.csv").read_text()))]
    assert [row["code"] for row in long if row["student"] == "bob"] == ["value-for-slope"]
    wide = {row["student"]: row for row in csv.DictReader((tmp_path / "wide.csv").open())}
    assert float(wide["ada"]["relu"]) == 2 and float(wide["bob"]["score"]) == 0.5
    suites = ElementTree.parse(out["j.xml"]).getroot()
    assert sum(int(suite.get("failures")) for suite in suites) == 7
    report = json.loads((tmp_path / "json" / "bob.json").read_text())
    assert report["schema"] == "minidl-report/1" and report["score"] == 0.5


def test_hints_and_solutions_looked_up_are_reported_and_change_no_marks(classroom, tmp_path):
    progress = {"passed": {}, "hints": {"relu": 2}, "given_up": ["relu"], "stubs": {}}
    (classroom / "ada" / "progress.json").write_text(json.dumps(progress))
    broken = '{"hints": {"relu": Infinity}, "given_up": []}'
    (classroom / "bob" / "progress.json").write_text(broken)
    with zipfile.ZipFile(classroom / "cyd.zip", "a") as archive:
        archive.writestr("work/progress.json", json.dumps(progress | {"given_up": []}))
    found = grade(submissions(classroom), wanted=["relu"])
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(reports.as_csv(found)))}
    told = {name: (row["hints_used"], row["gave_up"]) for name, row in rows.items()}
    assert told == {"ada": ("2", "True"), "bob": ("", ""), "cyd": ("2", "False"),
                    "dan": ("", ""), "eve": ("", "")}  # fmt: skip
    assert float(rows["ada"]["score"]) == 2
    (exercise,) = json.loads(reports.as_json(found[0], "0"))["exercises"]
    assert exercise["hints_used"] == 2 and exercise["gave_up"] is True


def test_gradescope_gets_what_its_specification_asks(classroom, tmp_path):
    bob = next(s for s in grade(submissions(classroom), wanted=["relu"]) if s.student == "bob")
    report = json.loads(reports.as_gradescope(bob))
    assert report["score"] == 0.5 == sum(test["score"] for test in report["tests"])
    assert isinstance(report["execution_time"], float)
    assert report["visibility"] == "visible" and report["stdout_visibility"] == "hidden"
    for test in report["tests"]:
        assert test["status"] in ("passed", "failed") and test["max_score"] > 0
        assert isinstance(test["number"], str) and isinstance(test["tags"], list)


def test_a_name_is_no_formula_in_a_spreadsheet(tmp_path):
    (tmp_path / "=HYPERLINK(1)").mkdir()
    text = reports.as_csv(grade(submissions(tmp_path), wanted=["relu"]))
    assert "'=HYPERLINK(1)" in text


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nowhere"], "there is no folder nowhere"),
        (["."], "neither folders nor zips"),
        ([".", "--only", "rely"], "did you mean 'relu'?"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert main(["grade", *arguments]) == 2
    assert message in capsys.readouterr().err
