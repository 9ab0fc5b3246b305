"""NumPy's functions, called on Tensors, are minidl's; no graph is cut without a word."""

import numpy as np
import pytest

import minidl
from minidl import tensor
from minidl.autograd import grad


@pytest.fixture
def x():
    return tensor(np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]]), requires_grad=True)


CALLS = {
    "mean": lambda x: np.mean(x),
    "sum": lambda x: np.sum(x, axis=1),
    "exp": lambda x: np.exp(x),
    "concatenate": lambda x: np.concatenate([x, 2 * x]),
    "stack": lambda x: np.stack([x, x], axis=-1),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "transpose": lambda x: np.transpose(x),
    "matmul": lambda x: np.matmul(x, x.T),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, x),
    "where": lambda x: np.where(x > 2, x, 0.0),
    "maximum": lambda x: np.maximum(x, 2.5),
    "clip": lambda x: np.clip(x, 1.5, 4.5),
    "array on the left": lambda x: np.arange(3.0) * x,
    "array minus": lambda x: np.arange(3.0) - x,
    "array matmul": lambda x: np.ones((2, 2)) @ x,
    "array power": lambda x: np.full(3, 2.0) ** x,
    "scalar on the left": lambda x: np.float64(3) * x,
    "scalar over": lambda x: np.float64(1) / x,
    "add": lambda x: np.add(np.ones((2, 3)), x),
    "std": lambda x: np.std(x, axis=0, ddof=1),
    "take": lambda x: np.take(x, [0, 0], axis=1),
    "pad": lambda x: np.pad(x, 1),
    "split": lambda x: np.split(x, 3, axis=1)[1],
    "sort": lambda x: np.sort(-x, axis=1),
    "cumsum": lambda x: np.cumsum(x, axis=0),
    "norm": lambda x: np.linalg.norm(x),
    "inv": lambda x: np.linalg.inv(x @ x.T),
    "square": lambda x: np.square(x),
    "builtin sum": lambda x: sum(x),
    "builtin max": lambda x: max(x.ravel()),
    "builtin abs": lambda x: abs(-x),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_numpy_functions(call, x):
    """The value is NumPy's, and a gradient flows."""
    y, expected = call(x), call(x.data)
    assert isinstance(y, minidl.Tensor) and y.requires_grad
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)
    assert y.shape == np.shape(expected)
    (g,) = grad(y.sum(), x)
    assert np.abs(g.data).sum() > 0


def test_questions_about_shape(x):
    assert (np.shape(x), np.ndim(x), np.size(x), len(x)) == ((2, 3), 2, 6, 2)
    assert (x.shape, x.ndim, x.size, x.T.shape) == ((2, 3), 2, 6, (3, 2))


def test_comparisons(x):
    y = np.greater(x, 2)
    assert isinstance(y, minidl.Tensor) and not y.requires_grad
    np.testing.assert_array_equal(y.data, x.data > 2)
    assert (np.arange(3) < x).dtype == bool


def test_operators_on_bools_are_logical_and_on_numbers_refused(device):
    yes, no = minidl.tensor([True, False]), minidl.tensor([False, False])
    host = np.array([True, True])
    assert (yes.to(device=device) & yes.to(device=device)).to("cpu").tolist() == [True, False]
    for result in (yes & host, host & yes, yes | no, True & yes, yes ^ no, ~no & yes):
        assert result.tolist() == [True, False]
    for call in (
        lambda: minidl.tensor([1]) & minidl.tensor([2]),  # bitwise 0, logically True
        lambda: ~minidl.tensor([1]),
        lambda: yes | 1,
        lambda: minidl.tensor([1.0]) > 0 & minidl.tensor([1.0]) < 2,
    ):
        with pytest.raises(TypeError, match="for bools.*brackets"):
            call()


def test_a_name_that_minidl_lacks_is_answered_with_the_right_one():
    for name, hint in [
        ("cat", "write minidl.concatenate"),
        ("gelu", "write minidl.nn.functional.gelu"),
        ("from_numpy", "write minidl.tensor"),
        ("tannh", "did you mean 'tanh'"),
    ]:
        with pytest.raises(AttributeError, match=f"minidl has no '{name}': {hint}"):
            getattr(minidl, name)


def test_python_numbers():
    x = tensor([2.0], requires_grad=True)
    assert (float(x), int(x), bool(x), x.item(), x.tolist()) == (2.0, 2, True, 2.0, [2.0])
    assert [10, 20, 30][tensor(1)] == 20
    assert list(range(tensor(3))) == [0, 1, 2]


def test_hash_and_membership_by_identity(x):
    y = tensor(x)
    assert len({x, y, x}) == 2
    assert {x: 1}[x] == 1


def test_iteration_is_differentiable(x):
    first, second = x
    (g,) = grad((first * second).sum(), x)
    np.testing.assert_array_equal(g.data, x.data[::-1])


def test_numpy_shares_memory_where_no_gradient_is_lost(x):
    y = x.detach()
    assert np.shares_memory(y.numpy(), x.data)
    assert np.shares_memory(np.asarray(y), x.data)
    assert not np.shares_memory(np.array(y), x.data)
    assert np.asarray(y, dtype=np.float32).dtype == np.float32


@pytest.mark.parametrize(
    "call",
    [
        lambda x: np.asarray(x),
        lambda x: np.array([x, x]),
        lambda x: np.fft.fft(x),
        lambda x: np.histogram(x),
        lambda x: np.save("/dev/null", x),
        lambda x: np.ones(3).__iadd__(x[0]),
        lambda x: np.ones(6).reshape(2, 3).__setitem__(slice(None), x),
        lambda x: np.add.at(np.zeros(3), [0], x[0, :1]),
        lambda x: np.random.default_rng(0).normal(x),
    ],
)
def test_a_graph_is_not_cut_silently(call, x):
    with pytest.raises((TypeError, RuntimeError), match="detach|gradient|graph|Tensor"):
        call(x)


@pytest.mark.parametrize(
    "name, hint",
    [
        ("view", r"write x\.reshape"),
        ("unsqueeze", r"write minidl\.expand_dims\(x, axis\)"),
        ("clip_", r"nothing is changed in place: write x = minidl\.clip\(x"),
        ("add_", r"write x \+= y, under no_grad\(\)"),
        ("zero_", r"write x\.grad = None"),
        ("arctan", r"it is a function, minidl\.arctan\(x\)"),
        ("grad_fn", r"write x\.node"),
        ("vander", r"did you mean .var."),
        ("nonsense", r"dir\(x\) lists"),
    ],
)
def test_a_name_of_pytorchs_is_answered_with_the_right_one(name, hint):
    x = minidl.tensor([1.0])
    with pytest.raises(AttributeError, match=f"a Tensor has no '{name}': .*{hint}"):
        getattr(x, name)
    assert not hasattr(x, name)


def test_a_shape_in_two_arguments_is_explained():
    with pytest.raises(TypeError, match=r"zeros: the shape is one argument: zeros\(\(2, 3\)\)"):
        minidl.zeros(2, 3)


@pytest.mark.parametrize("window, axis", [((2, 3, 2), None), ((2, 3), (-1, 0)), (2, 1)])
def test_windows_that_slide_are_those_of_numpy(window, axis):
    x = np.arange(60.0).reshape(3, 4, 5)
    slide = np.lib.stride_tricks.sliding_window_view
    t = tensor(x, requires_grad=True)
    y = slide(t, window, axis)
    assert np.array_equal(y.data, slide(x, window, axis))
    y.sum().backward()
    ones = slide(np.arange(x.size).reshape(x.shape), window, axis).ravel()
    assert np.array_equal(t.grad.data.ravel(), np.bincount(ones, minlength=x.size))
