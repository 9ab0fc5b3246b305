"""Every row of the operation table, through every check that applies to it.

A failure names the row and the number of the case: `tests/op_table/` has its arguments.
"""

import functools
import gc
import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minidl
from minidl import autograd, linalg
from minidl.differences import complex_step
from minidl.graph import Tensor, operations
from minidl.recording import Observer
from tests.op_table import ROWS
from tests.op_table.calls import (
    assert_close,
    both_orders,
    definition,
    differentiable,
    fused,
    gradients,
    incoming,
    inputs_of,
    is_input,
    many_elements,
    mapped,
    outputs,
    replaced,
    run,
    several_inputs,
)
from tests.op_table.row import Case, Row


def each(rows, kind=lambda row, case: True):
    """A test for each case of each row, of those that `kind` picks."""
    chosen = [
        pytest.param(row, case, id=f"{row.name}-{i}")
        for row in rows
        for i, case in enumerate(row.cases)
        if kind(row, case)
    ]
    return pytest.mark.parametrize("row, case", chosen)


# ------------------------------------------------------------------------------- completeness

# Its rule is not the derivative of its forward, but of a quantile: see tests/distributions
NOT_A_DERIVATIVE = {"log_gamma_variable"}


def test_every_operation_has_a_row():
    ours = {
        name
        for name, function in operations.items()
        if (function.__module__ or "").startswith("minidl")
    }
    called = {row.name for row in ROWS} | {"alias"} | NOT_A_DERIVATIVE
    for row in ROWS:
        if definition(row) is None:  # a function made of operations: which does it use?
            for case in row.cases:
                ys = run(row, case)[1]
                called |= {y.node.name for y in ys if isinstance(y, Tensor) and y.requires_grad}
    assert ours - called == set(), "operations without a row in tests/op_table"


def test_every_row_is_of_an_operation_that_exists():
    for row in ROWS:
        assert row.cases
        assert definition(row) is None or operations[row.name] is row.function


def test_every_public_function_has_a_row():
    functions = {
        function.__name__
        for function in [*vars(minidl).values(), *(getattr(linalg, n) for n in linalg.__all__)]
        if inspect.isfunction(function) and function.__module__.startswith("minidl.ops")
    }
    assert functions - {row.name for row in ROWS} == set()


# -------------------------------------------------------------------------------------- values


@each(ROWS)
def test_value(row, case):
    """The reference's values, shape and dtype, on Tensors and on arrays."""
    expected = row.reference(*case.args, **case.kwargs)
    expected = expected if isinstance(expected, tuple | list) else (expected,)
    constant = lambda x: x if case.has_inputs else Tensor(x)
    results = outputs(row, *replaced(row, case, Tensor, constant))
    on_arrays = outputs(row, case.args, case.kwargs)
    for y, raw, e in zip(results, on_arrays, expected, strict=True):
        e = np.asarray(e)
        data = y.data if isinstance(y, Tensor) else np.asarray(y)
        assert type(data) is np.ndarray
        assert (data.shape, data.dtype) == (e.shape, e.dtype)
        if e.dtype.kind == "f":
            assert_close([data], [e], row.rounding)
        else:
            assert np.array_equal(data, e)
        assert np.array_equal(data, raw, equal_nan=data.dtype.kind == "f")


# ----------------------------------------------------------------------------------- gradients


@each(ROWS, differentiable)
def test_gradcheck(row, case):
    args, kwargs = replaced(row, case, functools.partial(minidl.tensor, requires_grad=True))
    autograd.gradcheck(lambda args, kwargs: row.function(*args, **kwargs), (args, kwargs))


@each(ROWS, differentiable)
def test_gradgradcheck(row, case):
    """Along random directions, if the inputs have many elements."""
    args, kwargs = replaced(row, case, functools.partial(minidl.tensor, requires_grad=True))
    function = lambda args, kwargs: row.function(*args, **kwargs)
    autograd.gradgradcheck(function, (args, kwargs), fast_mode=many_elements(row, case, 12))


@each(ROWS, lambda row, case: row.analytic and differentiable(row, case))
def test_complex_step(row, case):
    """A second measurement, exact to rounding, where the forward accepts complex numbers."""
    leaves, ys = run(row, case)
    gs = incoming(ys)
    arrays = [x.data for x in leaves]

    def function(*arrays):
        values = iter(arrays)
        return outputs(row, *replaced(row, case, lambda x: next(values)))

    measured = [complex_step(function, arrays, k, [g.data for g in gs]) for k in range(len(arrays))]
    assert_close(gradients(ys, leaves, gs), measured, 1e-12)


@each(ROWS, lambda row, case: row.linear and differentiable(row, case))
def test_linear_means_adjoint(row, case):
    """sum(g * (L(x) - L(0))) is sum(x * L'(g)), to rounding."""
    (leaves, ys), (_, ys_0) = run(row, case), run(row, case, np.zeros_like)
    gs = incoming(ys)
    forward = sum(np.sum(g.data * (y.data - y_0.data)) for g, y, y_0 in zip(gs, ys, ys_0))
    terms = [x.data * g for x, g in zip(leaves, gradients(ys, leaves, gs))]
    size = sum(np.sum(np.abs(t)) for t in terms) + 1e-300
    assert abs(forward - sum(map(np.sum, terms))) <= 1e-13 * size


@each(ROWS, differentiable)
def test_the_rules_on_arrays_and_on_tensors_agree(row, case):
    """Bit for bit; to rounding if fused: on Tensors it has other rules, or its definition."""
    (xs, ys), (xs_2, ys_2) = run(row, case), run(row, case)
    gs = incoming(ys)
    on_arrays = gradients(ys, xs, gs)
    on_tensors = gradients(ys_2, xs_2, gs, create_graph=True)
    if fused(row):
        assert_close(on_arrays, on_tensors, 1e-12)
    else:
        for a, b in zip(on_arrays, on_tensors):
            assert np.array_equal(a, b)


@each(ROWS, lambda row, case: fused(row) and differentiable(row, case))
def test_fused_is_its_composite(row, case):
    this = definition(row)
    args, kwargs = replaced(row, case, lambda x: Tensor(x).requires_grad_())
    bound = this.bind(args, dict(kwargs))
    leaves = [x for x in bound if isinstance(x, Tensor)]
    results = [this.definition(*bound), row.function(*bound)]
    ys = [y if isinstance(y, tuple) else (y,) for y in results]
    pairs = [(a, b) for a, b in zip(*ys, strict=True) if b.requires_grad]
    assert_close([b.data for _, b in pairs], [a.data for a, _ in pairs], 1e-12)
    gs = incoming([b for _, b in pairs])
    found = [gradients(side, leaves, gs) for side in zip(*pairs)]
    assert_close(found[1], found[0], 1e-12)


@each(ROWS, several_inputs)
def test_each_input_alone(row, case):
    """The gradient of one input is the same whether or not another one's is wanted."""
    xs, ys = run(row, case)
    gs = incoming(ys)
    together = gradients(ys, xs, gs)
    for k, expected in enumerate(together):
        for create_graph in (False, True):
            leaves = [Tensor(x.data).requires_grad_(i == k) for i, x in enumerate(xs)]
            values = iter(leaves)
            results = outputs(row, *replaced(row, case, lambda _: next(values)))  # noqa: B023
            pairs = [(y, g) for y, g in zip(results, gs) if y.requires_grad]
            ys_k, gs_k = zip(*pairs)
            found = gradients(ys_k, [leaves[k]], gs_k, create_graph=create_graph)
            assert_close(found, [expected], 1e-12)


@each(ROWS, lambda *call: several_inputs(*call) and all(x.size for x in inputs_of(*call)))
def test_inputs_that_depend_on_one_another(row, case):
    """f(x, h(x)): a number z is in every input, and the first input is in all others."""

    def mixed(z, *inputs):
        first = inputs[0] + 0.01 * minidl.tanh(z)
        rest = [x + 0.01 * first.sum() * z for x in inputs[1:]]
        values = iter([first, *rest])
        args, kwargs = replaced(row, case, lambda x: next(values))
        return row.function(*args, **kwargs)

    leaves = [minidl.tensor(x, requires_grad=True) for x in (np.array(0.3), *inputs_of(row, case))]
    autograd.gradcheck(mixed, leaves, fast_mode=True)
    autograd.gradgradcheck(mixed, leaves, fast_mode=True)


def of_one_shape(row: Row, case: Case) -> bool:
    """Whether one tensor can be all inputs: f(x, x) is defined, and not at a tie or a jump."""
    kinked = {"maximum", "minimum", "fmax", "fmin", "floor_divide", "remainder"}
    shapes = {x.shape for x in inputs_of(row, case)}
    return several_inputs(row, case) and len(shapes) == 1 and row.name not in kinked


@each(ROWS, of_one_shape)
def test_one_tensor_as_several_inputs(row, case):
    """f(x, x)."""

    def f(x):
        args, kwargs = replaced(row, case, lambda _: x)
        return row.function(*args, **kwargs)

    x = minidl.tensor(np.abs(inputs_of(row, case)[0]), requires_grad=True)
    autograd.gradcheck(f, x)
    autograd.gradgradcheck(f, x)


# ----------------------------------------------------------------------------- memory and dtype


@each(ROWS, differentiable)
def test_inputs_are_never_written_to(row, case):
    """Inputs and incoming gradients are read-only memory, forward, backward and backward twice."""

    def read_only(x):
        x = x.copy()
        x.flags.writeable = False
        return x

    xs, ys = run(row, case, read_only)
    gs = [Tensor(read_only(g.data)).requires_grad_() for g in incoming(ys)]
    gradients(ys, xs, gs, retain_graph=True)
    first = [g for g in autograd.grad(ys, xs, gs, create_graph=True) if g.requires_grad]
    seconds = [Tensor(read_only(g.data)) for g in incoming(first)]
    gradients(first, [*xs, *gs], seconds)


LAYOUTS = {
    "every other element": lambda x: np.repeat(x[..., None], 2, axis=-1)[..., 0],
    "Fortran": lambda x: x.copy(order="F"),
    "backwards": lambda x: np.asarray(np.flip(np.flip(x).copy())),
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
@each(ROWS, differentiable)
def test_memory_layout_does_not_matter(row, case, layout):
    xs, ys = run(row, case)
    xs_2, ys_2 = run(row, case, layout)
    assert_close([y.data for y in ys_2], [y.data for y in ys], 1e-13)
    gs = incoming(ys)
    gs_2 = [Tensor(layout(g.data)) for g in gs]
    assert_close(gradients(ys_2, xs_2, gs_2), gradients(ys, xs, gs), 1e-12)


class SeesFloat32(Observer):
    """Fails if a rule gives anything but float32."""

    def pulled(self, node, g, results):
        for result in results:
            for one in result if isinstance(result, list) else [result]:
                dtype = getattr(one, "values", one).dtype if one is not None else np.float32
                assert dtype == np.float32, f"{node.name} gave {dtype}"


@each(ROWS, differentiable)
def test_float32_stays_float32(row, case):
    """Values and gradients of both orders, and what rules give before the engine casts it."""
    single = lambda x: x.astype(np.float32) if is_input(x) else x
    kwargs = {name: mapped(value, single) for name, value in case.kwargs.items()}
    narrow = Case(mapped(case.args, single), kwargs)
    expected = row.reference(*narrow.args, **narrow.kwargs)
    if (expected[0] if isinstance(expected, list | tuple) else expected).dtype != np.float32:
        pytest.skip("not even in NumPy, where an array of integers makes it float64")
    with SeesFloat32():
        xs, ys = run(row, narrow)
        assert {y.dtype for y in ys} == {np.dtype(np.float32)}
        found = autograd.grad(ys, xs, incoming(ys), create_graph=True, allow_unused=True)
        found = [g for g in found if g is not None and g.requires_grad]
        if found:
            gradients(found, xs, incoming(found))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_no_call_leaves_a_cycle(row):
    """What a call and its derivatives of both orders leave is freed without the collector."""
    gc.disable()
    gc.freeze()  # what is there already is not looked at
    try:
        for case in row.cases:
            both_orders(row, case, "cpu")
        assert gc.collect() == 0
    finally:
        gc.enable()
        gc.unfreeze()


# ------------------------------------------------------------------------------------- devices


@each(ROWS, lambda row, case: row.name != "transfer")
def test_devices(row, case, device):
    """Values and both orders of derivative on a device, against NumPy's; on NumPy, bit for bit."""
    found, expected = (both_orders(row, case, where) for where in (device, "cpu"))
    assert len(found) == len(expected)
    for a, b in zip(found, expected):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if device == "cpu" or b.dtype.kind != "f":
            assert np.array_equal(a, b, equal_nan=b.dtype.kind == "f")
        else:
            assert_close([a], [b], 1e-10)


def test_moving_between_devices(device):
    x = minidl.tensor(np.array([1.0, 2.0]), requires_grad=True)
    y = (x.to(device=device) ** 3).to("cpu")
    assert y.device == "cpu"
    (gx,) = autograd.grad(y.sum(), x, create_graph=True)
    (ggx,) = autograd.grad(gx.sum(), x)
    assert (gx.tolist(), ggx.tolist()) == ([3.0, 12.0], [6.0, 12.0])


# -------------------------------------------------------------------------------- drawn shapes


@pytest.mark.parametrize("row", [r for r in ROWS if r.drawn is not None], ids=lambda row: row.name)
@settings(max_examples=6, deadline=None, derandomize=True, database=None)
@given(data=st.data())
def test_drawn_calls(row, data):
    """Values and derivatives of both orders, for calls that hypothesis draws."""
    case = data.draw(row.drawn)
    test_value(row, case)
    if differentiable(row, case):
        args, kwargs = replaced(row, case, functools.partial(minidl.tensor, requires_grad=True))
        function = lambda args, kwargs: row.function(*args, **kwargs)
        autograd.gradcheck(function, (args, kwargs), fast_mode=True)
        autograd.gradgradcheck(function, (args, kwargs), fast_mode=True)
