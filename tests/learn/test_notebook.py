"""`minidl.learn.check`: what a notebook's cells hold is judged as a file is."""

import html
import re

import numpy as np
import pytest

from minidl.autograd import Function
from minidl.cli import main
from minidl.gradcheck.draws import normal
from minidl.learn import check
from minidl.learn.course import Course
from minidl.learn.exercises import solution


def cube(x):
    """x: (N, D)."""
    return x**3


def cube_backward(g, y, x):
    return g * x**2


def relu(x):
    return abs(x)


def relu_backward(g, y, x):
    return g * (x > 0)


def defined_by(source):
    """The functions and classes of a text, as cells would leave them."""
    scope = {"__name__": "cells"}
    exec(source, scope)
    return {n: f for n, f in scope.items() if getattr(f, "__module__", "") == "cells"}


def test_a_pair_of_functions_is_diagnosed_by_its_docstring_or_by_shapes():
    found = check(cube, cube_backward)
    assert found.code == "constant-factor" and "1/3 times" in repr(found)
    assert check(lambda x: np.sin(x), lambda g, y, x: g * np.cos(x), x=normal("N"))


def test_a_function_of_the_engine_is_diagnosed():
    class Cube(Function):
        """x: (N, D)."""

        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            return 3 * g * ctx.saved_tensors[0] ** 2

    assert check(Cube)


def test_an_exercise_is_judged_with_its_misconceptions():
    report = check("relu", relu, relu_backward)
    assert not report and report.result.score == 1.5
    assert [outcome.status for outcome in report.result.outcomes] == ["fail", "pass"]
    for shown in (str(report), repr(report), report._repr_html_()):
        assert "the absolute value is taken" in shown and "1 of 2 checks pass" in shown


@pytest.mark.filterwarnings("error")
def test_writing_to_the_inputs_is_named_and_does_not_reach_the_reference():
    def posterior(x0, xt, beta, t):
        beta += 1  # the reference would take a root of a negative number
        return x0, xt

    outcomes = check("posterior", posterior).result.outcomes
    assert [outcome.code for outcome in outcomes[1:]] == ["changes-input"] * 2


def test_what_was_not_given_is_not_written_yet_and_costs_its_check_alone():
    report = check("relu", relu_backward=relu_backward)
    assert [outcome.status for outcome in report.result.outcomes] == ["missing", "pass"]
    assert "not written yet" in str(report) and "not written yet" in report._repr_html_()


def test_what_raises_is_the_students_and_no_fault_of_the_checker():
    def relu(x):
        return x.nothing

    (outcome, _) = check("relu", relu, relu_backward).result.outcomes
    assert outcome.code == "raised" and "return x.nothing" in outcome.text


@pytest.mark.parametrize("name", ["momentum", "engine", "layer_norm", "check_gradient"])
def test_solutions_pass_in_cells_as_in_files(name):
    report = check(name, **defined_by(solution(name)))
    assert report, str(report)


def test_the_name_alone_checks_the_file_and_notes_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main(["learn", "init", "--track", "activations"])
    assert not check("relu")
    (tmp_path / "minidl_course" / "activations" / "relu.py").write_text(solution("relu"))
    assert check("relu")
    assert "relu" in Course.here().progress["passed"]


def test_the_report_is_plain_html_that_closes_what_it_opens():
    def relu(x):
        raise ValueError("<script>alert(1)</script> & more")

    for shown in (check("relu", relu)._repr_html_(), check(cube, cube_backward)._repr_html_()):
        assert "<script" not in shown and "&amp;amp;" not in shown
        tags = re.findall(r"<(/?)(\w+)[^>]*>", shown)
        opened = []
        for closing, tag in tags:
            if closing:
                assert opened.pop() == tag
            elif tag != "br":
                opened.append(tag)
        assert not opened and html.unescape(shown)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: check("rely"), "did you mean 'relu'?"),
        (lambda: check("relu", cube), "relu has no use for cube; it asks for relu, relu_backward"),
        (lambda: check(cube), r"check\(forward, backward\)"),
        (lambda: check(cube, cube_backward, z=1), "there is no input z; there are x"),
        (lambda: check(lambda x: x, cube_backward), r"what shape has x\?.*x=normal\('N', 'D'\)"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()
