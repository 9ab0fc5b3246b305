"""Tensor and op: what can be made, recorded, copied and changed, and what is refused, and how."""

import copy
import pickle

import numpy as np
import pytest

import minidl
from minidl import tensor
from minidl.autograd import grad
from minidl.graph import Tensor, op, operations


@pytest.fixture
def temporary():
    """Forgets operations registered by the test."""
    before = set(operations)
    yield
    for name in set(operations) - before:
        del operations[name]


def leaf(*values, dtype=None):
    return tensor(list(map(float, values)), requires_grad=True, dtype=dtype)


# ------------------------------------------------------------------------------ making tensors


def test_dtypes():
    assert tensor(1.5).dtype == np.float32
    assert tensor([1.0, 2]).dtype == np.float32
    assert tensor([[1, 2], [3, 4]]).dtype == np.int64
    assert tensor([True, False]).dtype == np.bool_
    assert tensor(np.float64(1)).dtype == np.float64
    assert tensor(np.ones(2)).dtype == np.float64
    assert tensor([np.ones(2), np.ones(2)]).dtype == np.float64
    assert tensor(np.ones(2, np.float16)).dtype == np.float16
    assert tensor([1, 2], dtype="float64").dtype == np.float64
    assert tensor([]).dtype == np.float32


def test_the_default_dtype():
    minidl.set_default_dtype("float64")
    try:
        assert tensor([1.0]).dtype == np.float64
        assert tensor([1]).dtype == np.int64
    finally:
        minidl.set_default_dtype("float32")
    with pytest.raises(TypeError, match="must be a float type, not int32"):
        minidl.set_default_dtype(np.int32)


def test_tensor_copies():
    array = np.ones(3)
    x = tensor(array)
    y = tensor(x)
    array[0] = 5
    x.data[1] = 6
    assert x.tolist() == [1, 6, 1] and y.tolist() == [1, 1, 1]


def test_a_list_of_tensors_keeps_its_gradients_or_is_refused():
    a = tensor(1.0, requires_grad=True)
    assert tensor([a.detach(), tensor(2.0)]).tolist() == [1.0, 2.0]
    with pytest.raises(TypeError, match=r"use minidl\.stack"):
        tensor([2.0, a])
    assert minidl.stack([a, a]).requires_grad


def test_the_class_wraps_arrays_only():
    assert Tensor(np.float32(2.0)).data.shape == ()
    with pytest.raises(TypeError, match=r"Tensor\(\) wraps an array.*write minidl\.tensor"):
        Tensor([1.0, 2.0])


def test_data_is_always_an_array():
    """NumPy hands out scalars for arrays without axes."""
    x = tensor(np.array(2.0), requires_grad=True)
    y = x * x
    y.backward()
    (g,) = grad(x * x * x, x, create_graph=True)
    for t in (x, y, y.sum(), x.grad, g, y > 1, tensor([1.0, 2.0])[0], tensor([3, 1]).argmax()):
        assert type(t.data) is np.ndarray and t.shape == ()


def test_leaves_and_results():
    x, c = leaf(1, 2), tensor([1.0, 2.0])
    y = x * 2
    assert (x.is_leaf, y.is_leaf, c.is_leaf, y.detach().is_leaf) == (True, False, True, True)
    assert (x.requires_grad, y.requires_grad, (c * 2).requires_grad) == (True, True, False)
    assert (y.node.name, x.node.name, c.node) == ("multiply", "leaf", None)
    assert (x.requires_grad_(False) is x) and not (x * 2).requires_grad


def test_results_of_integers_and_questions_need_no_gradient():
    x = leaf(1, -2)
    for y in (x > 0, x.argmax(), minidl.isnan(x), x.astype("int64")):
        assert not y.requires_grad


def test_python_numbers_and_numpy_scalars_are_weak():
    x = leaf(1, 2)
    for y in (x * 2, 2 * x, x * 2.5, x * np.sqrt(2), np.float64(2) * x, x / np.int64(3), x**2.0):
        assert y.dtype == np.float32


# ------------------------------------------------------------------------------------ recording


def test_only_what_rules_name_is_kept(temporary):
    """An array that no rule names is free to go."""
    import weakref

    @op
    def thrice(x):
        return x * 3

    thrice.vjp(x=lambda g, x_shape: 3 * g)
    x = tensor(np.ones(1000), requires_grad=True) * 1.0
    memory = weakref.ref(x.data)
    y = thrice(x)
    del x
    assert memory() is None
    y.sum().backward()


def test_constants_are_kept_however_they_were_passed(temporary):
    @op
    def scaled(x, by=2.0, plus=0.0):
        return x * by + plus

    scaled.vjp(x=lambda g, by: g * by)
    for y, slope in [
        (lambda x: scaled(x), 2),
        (lambda x: scaled(x, 3.0), 3),
        (lambda x: scaled(x, by=4.0), 4),
        (lambda x: scaled(x, plus=1.0, by=5.0), 5),
        (lambda x: scaled(plus=1.0, x=x), 2),
    ]:
        x = leaf(1)
        y(x).sum().backward()
        assert x.grad.item() == slope


def test_a_rule_runs_only_for_an_input_that_needs_it(temporary):
    ran = []

    @op
    def product(a, b):
        return a * b

    product.vjp(
        a=lambda g, b: ran.append("a") or g * b,
        b=lambda g, a: ran.append("b") or g * a,
    )
    x, y = leaf(2), leaf(3)
    product(x, 5.0).sum().backward()
    product(x, y.detach()).sum().backward()
    grad(product(x, y).sum(), y)
    assert ran == ["a", "a", "b"]


def test_rules_on_arrays_see_arrays_and_on_tensors_tensors(temporary):
    seen = []

    @op
    def spy(x, scale):
        return x * scale

    def rule(g, x, y, scale):
        seen.append([type(v) for v in (g, x, y, scale)])
        return g * scale

    spy.vjp(x=rule)
    x, scale = leaf(1, 2), np.ones(2, np.float32)
    spy(x, scale).sum().backward()
    spy(x, scale).sum().backward(create_graph=True)
    assert seen == [[np.ndarray] * 4, [Tensor] * 4]


def test_an_operation_without_tensors_computes():
    result = minidl.exp(np.zeros(2))
    assert type(result) is np.ndarray
    assert type(minidl.concatenate([np.ones(2), np.ones(1)])) is np.ndarray


def test_index_arrays_are_copied():
    """The caller may go on to change them."""
    for read in (
        lambda x, i: x[i],
        lambda x, i: minidl.take(x, i),
        lambda x, i: minidl.take_along_axis(x, i, 0),
        lambda x, i: minidl.index_put(x, i, 0.0),
        lambda x, i: minidl.index_add(x * 0.0, i, x[:2]),
        lambda x, i: minidl.put_along_axis(x, i, 0.0, 0),
        lambda x, i: x[tensor(i)],
        lambda x, i: x[(i,)],
        lambda x, i: x[np.isin(np.arange(3), i)],
    ):
        index, x = np.array([0, 1]), leaf(1, 2, 3)
        expected = grad(read(x, index).sum(), x)[0].tolist()
        y = read(x, index)
        index[:] = 2
        assert grad(y.sum(), x)[0].tolist() == expected


# ---------------------------------------------------------------------------- registering errors


def test_rules_are_checked_when_they_are_given(temporary):
    @op
    def f(x, k):
        return x * k

    for rules in (
        {"z": lambda g: g},  # no such input
        {"x": lambda g, hidden: g},  # no such value
        {"x": lambda x, g: g},  # g comes first
        {"x": lambda: 0},
    ):
        with pytest.raises((TypeError, ValueError), match="f.vjp"):
            f.vjp(**rules)
    with pytest.raises(TypeError, match="needs its composite"):
        f.backward("x")


def test_an_input_without_a_rule(temporary):
    @op
    def f(x, k):
        return x * k

    f.vjp(x=lambda g, k: g * k)
    with pytest.raises(TypeError, match=r"f has no derivative with respect to 'k'.*k\.detach\(\)"):
        f(tensor([1.0]), leaf(2))


def test_a_rule_that_returns_a_wrong_shape(temporary):
    @op
    def halves(x):
        return x[: len(x) // 2]

    halves.vjp(x=lambda g: g)
    with pytest.raises(RuntimeError, match=r"halves: .*shape \(2,\).*shape \(4,\)"):
        halves(leaf(1, 2, 3, 4)).sum().backward()


# --------------------------------------------------------------------------------- bad input

BAD_CALLS = {
    "shapes": (
        lambda: tensor(np.ones((2, 3))) + tensor(np.ones((4, 3))),
        ValueError,
        ["add", "(2, 3)", "(4, 3)", "axis -2", "2 and 4"],
    ),
    "inner lengths": (
        lambda: tensor(np.ones((2, 3))) @ tensor(np.ones((2, 3))),
        ValueError,
        ["matmul", "(2, 3) @ (2, 3)", "3 and 2"],
    ),
    "axis": (
        lambda: tensor(np.ones((2, 3))).sum(axis=2),
        ValueError,
        ["sum", "axis 2 does not exist", "(2, 3)", "-2 to 1"],
    ),
    "reshape": (
        lambda: tensor(np.ones((2, 3))).reshape(4, 2),
        ValueError,
        ["reshape", "(2, 3)"],
    ),
    "joining": (
        lambda: minidl.concatenate([tensor(np.ones((2, 3))), tensor(np.ones((2, 4)))]),
        ValueError,
        ["concatenate", "3", "4"],
    ),
    "index": (lambda: tensor([1.0, 2.0])[2], IndexError, ["2"]),
    "dim": (lambda: tensor([1.0]).sum(dim=0), TypeError, ["dim", "axis="]),
    "keepdim": (lambda: tensor([1.0]).sum(keepdim=True), TypeError, ["keepdim", "keepdims="]),
    "unknown keyword": (lambda: minidl.exp(tensor([1.0]), base=2), TypeError, ["exp", "base"]),
    "missing": (lambda: minidl.add(tensor([1.0])), TypeError, ["add", "'b'"]),
    "too many": (lambda: minidl.exp(tensor([1.0]), 1, 2), TypeError, ["exp", "3 arguments"]),
    "transpose": (
        lambda: tensor(np.ones((2, 3))).transpose(0, 1),
        TypeError,
        ["swapaxes", "permutation"],
    ),
    "integer gradient": (
        lambda: tensor([1, 2], requires_grad=True),
        TypeError,
        ["int64", "float32"],
    ),
    "bool gradient": (lambda: tensor([True]).requires_grad_(), TypeError, ["bool", "float"]),
    "complex": (lambda: tensor([1j]), TypeError, ["complex", "real and imaginary"]),
    "text": (lambda: tensor("abc"), TypeError, ["numbers"]),
    "ragged": (lambda: tensor([[1.0, 2.0], [3.0]]), ValueError, ["different lengths", "pad"]),
    "vector backward": (
        lambda: (leaf(1, 2) * 2).backward(),
        RuntimeError,
        ["(2,)", "one number", ".sum()"],
    ),
    "backward of a constant": (
        lambda: tensor([1.0]).backward(),
        RuntimeError,
        ["requires no gradient", "requires_grad=True", "no_grad()"],
    ),
    "gradient shape": (
        lambda: (leaf(1, 2) * 2).backward(np.ones(3)),
        ValueError,
        ["(3,)", "(2,)"],
    ),
    "number of gradients": (
        lambda: grad(leaf(1) * 2, leaf(1), [np.ones(1), np.ones(1)]),
        ValueError,
        ["1 output", "2"],
    ),
    "grad at a constant": (
        lambda: grad(leaf(1).sum(), tensor([1.0])),
        RuntimeError,
        ["input", "requires no gradient"],
    ),
    "grad at something else": (
        lambda: (lambda x: grad(x.sum(), x.detach()))(leaf(1)),
        RuntimeError,
        ["input", "requires no gradient"],
    ),
    "requires_grad of a result": (
        lambda: (leaf(1) * 2).requires_grad_(False),
        RuntimeError,
        ["multiply", "detach()"],
    ),
    "data of another shape": (
        lambda: setattr(leaf(1, 2), "data", np.ones(3, np.float32)),
        ValueError,
        ["(3,)", "(2,)"],
    ),
    "item of a vector": (lambda: tensor([1.0, 2.0]).item(), ValueError, ["one element", "(2,)"]),
    "truth of a vector": (lambda: bool(tensor([1, 2])), ValueError, ["(2,)", ".any()"]),
    "length of a number": (lambda: len(tensor(1.0)), TypeError, ["no length"]),
    "iterating over a number": (lambda: list(tensor(1.0)), TypeError, ["iterated"]),
    "float as index": (lambda: [1, 2][tensor(1.0)], TypeError, ["index", "float32"]),
    "numpy of a leaf": (lambda: leaf(1).numpy(), RuntimeError, [".detach().numpy()"]),
    "array of a leaf": (lambda: np.asarray(leaf(1)), RuntimeError, [".detach().numpy()"]),
    "assigning into a graph": (
        lambda: leaf(1, 2).__setitem__(0, 1.0),
        RuntimeError,
        ["index_put"],
    ),
    "assigning a result": (
        lambda: tensor([1.0]).__setitem__(0, leaf(1)[0]),
        RuntimeError,
        ["gradient", "index_put"],
    ),
    "copy_ into a graph": (lambda: leaf(1).copy_(1.0), RuntimeError, ["no_grad()"]),
    "copying a result": (lambda: copy.deepcopy(leaf(1) * 2), RuntimeError, ["multiply", "detach"]),
    "pickling a result": (lambda: pickle.dumps(leaf(1) * 2), RuntimeError, ["multiply", "detach"]),
    "device": (lambda: tensor([1.0], device="gpu"), ValueError, ["gpu", "'cuda'"]),
    "unknown method of NumPy": (
        lambda: np.fft.fft(leaf(1)),
        TypeError,
        ["fft", ".detach().numpy()"],
    ),
    "ufunc.reduce": (lambda: np.add.reduce(leaf(1)), TypeError, ["add.reduce", "np.sum"]),
    "ufunc out": (lambda: np.add(leaf(1), 1, out=np.zeros(1)), TypeError, ["out="]),
}


@pytest.mark.parametrize("call, kind, parts", BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_bad_input(call, kind, parts):
    """One error, of the right kind, that says what was wrong and what would be right."""
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    for part in parts:
        assert part in message
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_devices_do_not_mix():
    x, on_device = tensor([1.0]), tensor([1.0], device="strict")
    with pytest.raises(TypeError, match=r"add: .*devices \(a on cpu, b on strict\).*\.to\("):
        x + on_device
    with pytest.raises(TypeError, match="devices"):
        on_device * np.ones(1, np.float32)
    with pytest.raises(TypeError, match="devices"):
        minidl.concatenate([x, on_device])


# ---------------------------------------------------------------------------- copies and pickles


def test_a_deep_copy_is_a_new_leaf():
    x = leaf(1, 2)
    (x * x).sum().backward()
    y = copy.deepcopy(x)
    assert y.requires_grad and y.is_leaf and y.node is not x.node
    assert y.grad.tolist() == [2, 4]
    (y * 3).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([2, 4], [5, 7])
    y.data[0] = 9
    assert x.tolist() == [1, 2]


def test_deep_copies_keep_what_is_shared():
    x = leaf(1)
    one, two = copy.deepcopy([x, x])
    assert one is two and one is not x


def test_a_shallow_copy_and_a_pickle_are_leaves():
    x = leaf(1, 2)
    for y in (copy.copy(x), pickle.loads(pickle.dumps(x))):
        assert y.tolist() == [1, 2] and y.requires_grad and y.node is not x.node
        y.sum().backward()
    assert x.grad is None


# ------------------------------------------------------------------------------------ printing


def test_repr():
    x = leaf(1, 2.5)
    assert repr(x) == "tensor([1. , 2.5], requires_grad=True)"
    assert repr(x * 2) == "tensor([2., 5.], grad_fn=<multiply>)"
    assert repr(tensor([1, 2])) == "tensor([1, 2])"
    assert repr(tensor(np.ones(2))) == "tensor([1., 1.], dtype=float64)"
    assert "shape=(0, 3)" in repr(tensor(np.ones((0, 3))))
    assert f"{x.sum():.2f}" == "3.50"
    assert len(repr(tensor(np.ones((500, 500))))) < 1000
