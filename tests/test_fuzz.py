"""Random programs, 400 of them; and the check of them, checked with rules that are wrong.

`python -m tests.fuzz --programs 5000` runs more.
"""

import numpy as np
import pytest

import minidl
from minidl.graph import Tensor
from tests.fuzz import NAMES, Program, check

GROUP, GROUPS = 20, 20
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


@pytest.mark.parametrize("group", range(GROUPS))
def test_programs(group):
    problems = [check(Program(seed)) for seed in range(group * GROUP, (group + 1) * GROUP)]
    wrong = [problem for problem in problems if problem not in (None, "kink")]
    assert not wrong, "\n\n".join(wrong)
    assert problems.count("kink") <= GROUP // 4


def test_programs_use_nearly_every_operation():
    used = {step.row.name for seed in range(GROUP * GROUPS) for step in Program(seed).steps}
    assert len(used) > 0.9 * len(NAMES)


def test_a_program_is_the_same_for_the_same_seed():
    assert str(Program(7)) == str(Program(7)) != str(Program(8))


@pytest.fixture
def wrong_tanh(monkeypatch):
    """Give tanh another rule, for a while."""
    op = minidl.tanh.op

    def replace(rule):
        monkeypatch.setitem(op.rules, "x", rule)
        op.plans.clear()

    yield replace
    monkeypatch.undo()
    op.plans.clear()


def constant(x):
    """The value of x, cut off from the graph."""
    return x.detach() if isinstance(x, Tensor) else x


@pytest.mark.parametrize(
    "rule, order",
    [
        (lambda g, y: g * (1.0 - y), "gradient"),
        (lambda g, y: g * (1.0 - constant(y * y)), "Hessian"),
    ],
    ids=["wrong", "right the first time only"],
)
def test_a_wrong_rule_is_found_and_named(wrong_tanh, rule, order):
    """In most programs with a tanh (it may be at a point where its slope is small)."""
    wrong_tanh(rule)
    seeds = [s for s in range(400) if any(t.row.name == "tanh" for t in Program(s).steps)]
    problems = [check(Program(seed)) for seed in seeds]
    found = [problem for problem in problems if problem not in (None, "kink")]
    assert len(found) > len(seeds) / 2
    for seed, problem in zip(seeds, problems):
        if problem in found:
            assert f"--seed {seed}:" in problem and "wrong from step" in problem
    for word in (f"the {order}", "on: tanh"):
        assert sum(word in problem for problem in found) > len(found) / 2


def test_programs_run_on_arrays_as_on_tensors():
    for seed in range(10):
        program = Program(seed)
        value = program(*map(minidl.tensor, program.inputs))
        np.testing.assert_array_equal(value.numpy(), program(*program.inputs))
