"""The page on contributing: its programs, run in order, and the checks that it speaks of."""

import re

import pytest

from tests import test_op_table as table
from tests.op_table.calls import differentiable, several_inputs

from .conftest import ROOT

BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs/contributing.md").read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def names():
    """What the page's programs define."""
    found = {"__name__": "contributing"}
    for block in BLOCKS:
        exec(compile(block, "docs/contributing.md", "exec"), found)
    return found


def test_the_programs_print_what_the_page_says(capsys):
    found = {"__name__": "contributing"}
    for block in BLOCKS:
        exec(compile(block, "docs/contributing.md", "exec"), found)
        promised = re.findall(r"^print\(.*\)  # (.*)", block, re.MULTILINE)
        assert capsys.readouterr().out.splitlines() == promised


@pytest.mark.parametrize("check", [
    table.test_value, table.test_gradcheck, table.test_gradgradcheck, table.test_each_input_alone,
    table.test_the_rules_on_arrays_and_on_tensors_agree, table.test_float32_stays_float32,
    table.test_inputs_that_depend_on_one_another, table.test_inputs_are_never_written_to,
])  # fmt: skip
def test_its_row_passes_the_checks_of_the_table(names, check):
    for case in names["row"].cases:
        assert differentiable(names["row"], case) and several_inputs(names["row"], case)
        check(names["row"], case)


def test_its_optimiser_steps_alike_in_place_and_purely(names):
    minidl = names["minidl"]
    p = minidl.tensor([1.0, -2.0], requires_grad=True)
    optimiser = names["SignSGD"]([p], lr=0.1)
    g = minidl.tensor([3.0, -0.5])
    (pure,), _ = optimiser.update([p.detach()], [g], optimiser.init([p.detach()]))
    p.grad = g
    optimiser.step()
    assert p.tolist() == pure.tolist() == pytest.approx([0.9, -1.9])
