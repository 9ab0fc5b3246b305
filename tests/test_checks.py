"""The list of finite-difference checks: every entry passes, and a wrong gradient would not."""

import numpy as np
import pytest

from minidl import checks, nn
from minidl.checks import Check, between, normal, probabilities
from minidl.graph import op, operations
from minidl.recording import Observer


@pytest.mark.parametrize("check", checks.load(), ids=lambda c: f"{c.name} {c.case}".strip())
def test_gradients_are_those_of_finite_differences(check):
    for outcome in checks.run(check):
        assert outcome.report, outcome.report


def test_no_two_lines_read_alike():
    lines = [(check.name, check.case) for check in checks.load()]
    assert len(set(lines)) == len(lines)


# A transfer between devices and zeros have nothing to measure; what is constant between its steps
# has slope 0; `at_taps` reads what pooling of a fixed choice reads, in the third order alone.
NOT_LISTED = {"transfer", "zeros_like", "floor", "ceil", "round", "at_taps", "log_gamma_variable"}
CONTAINERS = {"Module", "Sequential", "ModuleList", "ModuleDict", "ParameterList", "ParameterDict"}
RANDOM = {"AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"}
MADE_OF_LISTED = {"Transformer", "TransformerEncoder", "TransformerDecoder"}


def test_every_operation_is_differentiated_by_some_check():
    class Pulled(Observer):
        def __init__(self):
            self.names = set()

        def pulled(self, node, g, results):
            self.names.add(node.name)

    with Pulled() as seen:
        for check in checks.load():
            if check.name.startswith(("ops.", "nn.functional", "checked_operations")):
                assert all(outcome.report for outcome in checks.run(check))
    known = {
        name
        for name, call in operations.items()
        if (call.op.rules or call.op.joint)
        and (call.op.forward.__module__ or "").startswith("minidl")
    }
    assert known - seen.names <= NOT_LISTED


def test_every_layer_is_on_the_list():
    names = {check.name.rpartition(".")[2] for check in checks.load()}
    layers = {
        name
        for name, thing in vars(nn).items()
        if isinstance(thing, type) and issubclass(thing, nn.Module)
    }
    assert layers - names == CONTAINERS | RANDOM | MADE_OF_LISTED | {"RReLU"}


@op
def cube(x):
    return x**3


cube.vjp(x=lambda g, x: g * 3 * x**2)


@op
def wrong_cube(x):
    return x**3


wrong_cube.vjp(x=lambda g, x: g * 2 * x**2)


def test_both_orders_are_run_and_named():
    first, second = checks.run(Check(cube, {"x": normal(3)}, order=2))
    assert (first.order, second.order) == (1, 2) and first.inputs == second.inputs == ["x"]
    assert first.report and second.report and first.report.max_error < 1e-8


def test_a_wrong_gradient_is_found():
    (outcome,) = checks.run(Check(wrong_cube, {"x": between(1, 2, 3)}, order=1))
    assert not outcome.report and "ratio" in str(outcome.report)


def loss(model, x, target, power, weights):
    """Of every kind of sample one."""
    return sum(w * (model(x)[np.arange(3), target] ** power).sum() for w in weights)


def test_samples_of_every_kind():
    samples = {
        "model": lambda rng: nn.Linear(2, 4, rng=rng),
        "x": normal(3, 2),
        "target": lambda rng: rng.integers(0, 4, 3),
        "power": 2,
        "weights": [probabilities(3), 0.5],
    }
    first, second = checks.run(Check(loss, samples, order=2))
    assert first.report and second.report
    assert first.inputs == ["x", "weights[0]", "model.weight", "model.bias"]


def test_samples_must_fit_the_function():
    with pytest.raises(TypeError, match="target"):
        checks.checked(loss, model=1, x=2, targets=3, power=4, weights=5)


def test_probabilities_sum_to_one():
    p = probabilities(4, 3)(np.random.default_rng(0))
    assert p.sum(axis=1) == pytest.approx(np.ones(4)) and p.min() > 0.1
