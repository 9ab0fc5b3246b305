"""Every row of the table of layers, losses and functions, through every check that applies."""

import copy
import inspect
import json
import pathlib
import pickle

import numpy as np
import pytest

import minidl
from minidl import autograd, nn
from minidl.graph import Tensor
from minidl.trees import leaves, map_leaves
from tests.nn.rows import ROWS
from tests.nn.running import compared, each, modes, run, state_for
from tests.nn.table import Draw

REFERENCE = np.load(pathlib.Path(__file__).parents[1] / "reference" / "torch_nn.npz")
LAYOUT, STATES = (json.loads(str(REFERENCE[name])) for name in ("layout", "states"))


class Minidl:
    """What a run needs of minidl, on one device."""

    nn = nn

    def __init__(self, device="cpu"):
        self.device = device

    def float64(self, module):
        return module.to(dtype=float, device=self.device)

    @staticmethod
    def shapes(module):
        return {name: (t.shape, t.dtype) for name, t in module.state_dict().items()}

    @staticmethod
    def load(module, state):
        module.load_state_dict(state)

    def leaf(self, array):
        return minidl.tensor(array, requires_grad=True, device=self.device)

    def constant(self, array):
        return minidl.tensor(array, device=self.device)

    @staticmethod
    def is_tensor(value):
        return isinstance(value, Tensor)

    @staticmethod
    def array(tensor):
        return tensor.detach().cpu().numpy().copy()

    def grad(self, outputs, inputs, incoming):
        incoming = [self.constant(g) for g in incoming]
        return autograd.grad(outputs, inputs, incoming, allow_unused=True)


def rows_where(kind):
    chosen = [pytest.param(row, id=row.name) for row in ROWS if kind(row)]
    return pytest.mark.parametrize("row", chosen)


each_mode = pytest.mark.parametrize(
    "row, mode", [pytest.param(r, m, id=f"{r.name}-{m}") for r in ROWS for m in modes(r)]
)
each_repeatable = pytest.mark.parametrize(
    "row, mode",
    [
        pytest.param(r, m, id=f"{r.name}-{m}")
        for r in ROWS
        for m in modes(r)
        if not r.detached and not (r.moving and m == "train")
    ],
)
each_module = rows_where(lambda row: row.is_module)


# -------------------------------------------------------------------------------- completeness


def test_every_module_has_a_row():
    kinds = {n for n, v in vars(nn).items() if inspect.isclass(v) and issubclass(v, nn.Module)}
    containers = {"Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList"}
    assert kinds - containers - {row.subject for row in ROWS} == set()


def test_every_function_has_a_row():
    functions = {n for n, v in vars(nn.functional).items() if inspect.isfunction(v) and n[0] != "_"}
    assert functions - {row.subject for row in ROWS} == set()


def test_names_are_unique():
    assert len({row.name for row in ROWS}) == len(ROWS)


# ------------------------------------------------------------------------ the same as PyTorch


@pytest.mark.parametrize(
    "row, mode", [pytest.param(r, m, id=f"{r.name}-{m}") for r in ROWS for m in compared(r)]
)
def test_values_and_gradients_are_pytorchs(row, mode):
    key = f"{row.name} | {mode}"
    assert key in LAYOUT, "run python -m tests.reference.make_torch_reference"
    found, at = run(row, Minidl(), training=mode == "train"), 0
    assert {name: [*x.shape] for name, x in found.items()} == LAYOUT[key]
    for name in LAYOUT[key]:
        x = found[name]
        expected = REFERENCE[key][at : at + x.size].reshape(x.shape)
        at += x.size
        scale = np.max(np.abs(expected), initial=1e-3)
        np.testing.assert_allclose(x, expected, rtol=0, atol=row.rounding * scale, err_msg=name)


@rows_where(lambda row: row.is_module and not row.ours)
def test_state_has_pytorchs_keys_in_order(row):
    shapes = {name: [*t.shape] for name, t in row.make(nn).state_dict().items()}
    assert [*shapes.items()] == [*STATES[row.name].items()]


@rows_where(lambda row: row.is_module and modes(row) == ("eval",))
def test_training_and_use_are_the_same(row):
    eval_run, train_run = (run(row, Minidl(), training) for training in (False, True))
    assert [*eval_run] == [*train_run]
    for name, x in eval_run.items():
        np.testing.assert_array_equal(x, train_run[name], err_msg=name)


def test_stored_values_are_those_of_the_installed_pytorch():
    pytest.importorskip("torch")
    from tests.reference.make_torch_reference import reference

    vectors, layout, states = reference()
    assert (json.loads(json.dumps(layout)), states) == (LAYOUT, STATES)
    for key, vector in vectors.items():
        np.testing.assert_allclose(vector, REFERENCE[key], rtol=1e-9, atol=1e-12, err_msg=key)


# ------------------------------------------------------------------------- finite differences


def prepared(row, mode):
    """A function of the inputs that is the same at every call, its inputs, and its parameters."""
    made = row.make(nn)
    if row.is_module:
        made = made.double().train(mode == "train")
        made.load_state_dict(state_for(row, Minidl.shapes(made)))
    parameters = dict(made.named_parameters()) if row.is_module else {}

    inputs = each(
        row.inputs(Draw(row.name)), lambda x: minidl.tensor(x, requires_grad=True), minidl.tensor
    )

    def function(*flat):
        minidl.seed(3)
        values = iter(flat)
        outputs = leaves(made(*map_leaves(inputs, lambda _: next(values))))
        return [y for y in outputs if y is not None]

    return function, leaves(inputs), parameters


def behind(function):
    """The function behind another layer, x + sin(x) / 10: its inputs are no leaves."""
    return lambda *inputs: function(
        *(x + 0.1 * minidl.sin(x) if getattr(x, "requires_grad", False) else x for x in inputs)
    )


@each_repeatable
def test_gradient(row, mode):
    function, inputs, parameters = prepared(row, mode)
    assert autograd.gradcheck(behind(function), inputs, parameters=parameters)


@each_repeatable
def test_gradient_of_the_gradient(row, mode):
    function, inputs, parameters = prepared(row, mode)
    size = sum(x.size for x in [*inputs, *parameters.values()] if isinstance(x, Tensor))
    # entry by entry where there are few, else along random directions
    fast = size > 60
    assert autograd.gradgradcheck(behind(function), inputs, parameters=parameters, fast_mode=fast)


# ---------------------------------------------------------------------------------------- devices


@each_mode
def test_another_device_computes_the_same(row, mode, device):
    found = run(row, Minidl(device), training=mode == "train")
    expected = run(row, Minidl(), training=mode == "train")
    assert {n: x.shape for n, x in found.items()} == {n: x.shape for n, x in expected.items()}
    if not row.noisy:  # another device has other random numbers
        for name, x in expected.items():
            scale = np.max(np.abs(x), initial=1e-3)
            np.testing.assert_allclose(found[name], x, rtol=0, atol=1e-12 * scale, err_msg=name)


# ---------------------------------------------------------------------------------- dtypes, state


def single(row, leaf=lambda x: x):
    """The inputs in single precision; `leaf` is applied to those that are differentiated."""

    def cast(x):
        return minidl.tensor(x.astype(np.float32) if x.dtype.kind == "f" else x)

    return each(row.inputs(Draw(row.name)), lambda x: leaf(cast(x)), cast)


@each_mode
def test_float32_stays_float32(row, mode):
    made = row.make(nn)
    learned = [*made.train(mode == "train").parameters()] if row.is_module else []
    inputs = single(row, leaf=lambda x: learned.append(x.requires_grad_()) or x)
    outputs = [y for y in leaves(made(*inputs)) if y is not None]
    assert {y.dtype for y in outputs if y.dtype.kind == "f"} <= {np.dtype(np.float32)}
    sums = [y.sum() for y in outputs if y.requires_grad]
    if sums:
        autograd.backward(sums)
    assert {x.grad.dtype for x in learned if x.grad is not None} <= {np.dtype(np.float32)}
    assert sums == [] or any(x.grad is not None for x in learned)


@each_module
def test_copies_are_equal_and_independent(row):
    made, inputs = row.make(nn).eval(), single(row)
    expected = [y.detach().numpy().copy() for y in leaves(made(*inputs)) if y is not None]
    twins = [copy.deepcopy(made), pickle.loads(pickle.dumps(made))]
    for parameter in made.parameters():
        parameter.data = parameter.data * 0
    for twin in twins:
        outputs = [y for y in leaves(twin(*inputs)) if y is not None]
        for y, e in zip(outputs, expected, strict=True):
            np.testing.assert_array_equal(y.detach().numpy(), e)


@each_module
def test_repr_names_the_class_and_counts_parameters(row):
    made = row.make(nn)
    count = sum(p.size for p in made.parameters())
    assert repr(made).startswith(f"{row.subject}(")
    assert (f"# {count:,} parameters" in repr(made)) == (count > 0)
