"""backward and grad: order, sums, targets, what a pass frees, derivatives of derivatives."""

import numpy as np
import pytest

import minidl
from minidl import tensor
from minidl.autograd import backward, grad, gradcheck, gradgradcheck
from minidl.graph import op, operations
from minidl.recording import Observer


@pytest.fixture
def pulled():
    """The names of the operations whose rules were run, in order."""

    names = []

    class Recorder(Observer):
        def pulled(self, node, g, results):
            names.append(node.name)

    with Recorder():
        yield names


# --------------------------------------------------------------------------- order and cost


@pytest.mark.parametrize("create_graph", [False, True])
def test_a_value_used_n_times_costs_once(leaf, pulled, create_graph):
    """60 doublings: 2^60 paths, 60 rules."""
    x = leaf()
    y = x
    for _ in range(60):
        y = y + y
    (gx,) = grad(y, x, create_graph=create_graph)
    assert gx.item() == 2.0**60
    assert pulled == ["add"] * 60


def test_a_wide_fan(leaf, pulled):
    """One value with 500 users, each of them used twice."""
    x = leaf(3)
    y = minidl.exp(x)
    parts = [y * float(k) for k in range(500)]
    total = parts[0] + parts[0]
    for part in parts[1:]:
        total = total + part * part
    total.sum().backward()
    slope = 2 * np.arange(1, 500.0) ** 2
    expected = np.exp(x.data) * (0 * 2 + slope.sum() * np.exp(x.data))
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-12)
    assert pulled.count("exp") == 1 and len(pulled) == 1 + 1 + 500 + 499 + 500


def test_a_chain_of_100_000_operations(leaf):
    """Forward, backward and deletion, without recursion."""
    x = leaf()
    y = x
    for _ in range(100_000):
        y = y * 1.0 + 1e-6
    y.backward()
    assert x.grad.item() == 1.0
    assert y.item() == pytest.approx(x.item() + 0.1)
    del y


def test_a_long_chain_differentiably(leaf):
    """The graph of a gradient is long too, and is deleted too."""
    x = leaf()
    y = x * x
    for _ in range(5_000):
        y = y * 1.0
    (gx,) = grad(y, x, create_graph=True)
    (ggx,) = grad(gx, x)
    assert (gx.item(), ggx.item()) == (2 * x.item(), 2.0)
    del gx, y


def test_only_what_leads_to_a_target_is_visited(leaf, pulled):
    x, w = leaf(3), leaf(3)
    h = minidl.exp(x)
    y = (h * w).sum()
    grad(y, w)
    assert pulled == ["sum", "multiply"]
    del pulled[:]
    grad((minidl.exp(x) * minidl.tanh(w)).sum(), [w])
    assert pulled == ["sum", "multiply", "tanh"]


def test_values_made_after_the_root_do_not_matter(leaf):
    x = leaf(3)
    y = (x * x).sum()
    later = (y * x).sum()
    y.backward()
    np.testing.assert_array_equal(x.grad.data, 2 * x.data)
    assert later.requires_grad


# -------------------------------------------------------------------------- sums and aliasing


def test_a_sum_leaves_two_independent_writable_gradients(leaf):
    a, b = leaf(3), leaf(3)
    (a + b).sum().backward()
    a.grad.data[0] = 7
    b.grad.data[1] = 8
    assert a.grad.tolist() == [7, 1, 1]
    assert b.grad.tolist() == [1, 8, 1]


ALIASING = {
    "x + x": lambda x: x + x,
    "reshape": lambda x: minidl.reshape(x, (-1,)),
    "transpose": lambda x: x.T,
    "broadcast": lambda x: minidl.broadcast_to(x, (2, 2, 2)),
    "identity": lambda x: minidl.astype(x, "float64"),
    "slice": lambda x: x[:, ::-1],
    "split": lambda x: minidl.split(x, 2)[0] + minidl.split(x, 2)[1],
    "leaf": lambda x: x,
    "concatenate": lambda x: minidl.concatenate([x, x]),
    "stack": lambda x: minidl.stack([x, x])[0],
    "where": lambda x: minidl.where(np.array([True, False]), x, x),
}


@pytest.mark.parametrize("function", ALIASING.values(), ids=ALIASING.keys())
def test_a_gradient_shares_memory_with_nothing(leaf, function):
    """Not with the incoming gradient, the data, another gradient, or a second pass's."""
    x, w = leaf(2, 2), leaf(2, 2)
    y = function(x) + 0.0 * w.sum()
    g = tensor(np.ones(y.shape))
    outside = [x.data, y.data, g.data]
    y.backward(g, retain_graph=True)
    first, kept = x.grad, x.grad.data.copy()
    one, two, of_w = grad(y, [x, x, w], g, retain_graph=True)
    arrays = [first.data, one.data, two.data, of_w.data]
    for i, array in enumerate(arrays):
        assert array.flags.writeable
        for other in arrays[:i] + outside:
            assert not np.shares_memory(array, other)
    np.testing.assert_array_equal(one.data, kept)
    first.data[...] = 100
    assert g.data.max() == g.data.min() == 1
    x.grad = None
    y.backward(g)
    np.testing.assert_array_equal(x.grad.data, kept)


def test_the_incoming_gradient_is_not_kept(leaf):
    """x is both ends of the pass here."""
    x, g = leaf(3), tensor(np.ones(3))
    x.backward(g)
    x.backward(g)
    assert x.grad.tolist() == [2, 2, 2]
    assert g.tolist() == [1, 1, 1]


def test_a_gradient_from_a_hook_is_not_kept(leaf):
    x, constant = leaf(3), tensor(np.full(3, 5.0))
    x.register_hook(lambda g: constant)
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [10, 10, 10]
    assert constant.tolist() == [5, 5, 5]


def test_gradients_accumulate_over_passes(leaf):
    x = leaf(3)
    for _ in range(3):
        (x * 2).sum().backward()
    assert x.grad.tolist() == [6, 6, 6]


def test_two_losses_over_one_trunk(leaf):
    """Equal to the gradient of their sum; the first pass must keep the trunk."""
    x, w = leaf(3), leaf(3)

    def losses():
        trunk = minidl.tanh(x * w)
        return (trunk * trunk).sum(), minidl.exp(trunk).sum()

    a, b = losses()
    (a + b).backward()
    together = x.grad.data.copy(), w.grad.data.copy()
    x.grad = w.grad = None
    a, b = losses()
    a.backward(retain_graph=True)
    b.backward()
    np.testing.assert_allclose(x.grad.data, together[0], rtol=1e-14)
    np.testing.assert_allclose(w.grad.data, together[1], rtol=1e-14)
    x.grad = w.grad = None
    backward(losses())
    np.testing.assert_allclose(x.grad.data, together[0], rtol=1e-14)


def test_several_roots(leaf):
    x = leaf(3)
    y, z = x * 2, (x * x).sum()
    backward([y, z, z], [tensor(np.array([1.0, 2.0, 3.0])), None, None])
    np.testing.assert_allclose(x.grad.data, 2 * np.array([1, 2, 3]) + 4 * x.data)


def test_a_root_that_another_root_depends_on(leaf):
    x = leaf(3)
    y = x * x
    z = y * y
    backward([y, z], [np.ones(3), np.ones(3)])
    np.testing.assert_allclose(x.grad.data, 2 * x.data + 4 * x.data**3)


@pytest.mark.parametrize("create_graph", [False, True])
def test_broadcast_axes_are_summed_away(leaf, create_graph):
    shapes = [(3,), (1, 3), (2, 1), (1, 1), (1,), (), (4, 1, 3), (4, 2, 3)]
    inputs = [leaf(*shape) for shape in shapes]
    g = np.arange(24.0).reshape(4, 2, 3)
    for x, gx in zip(inputs, grad(sum(inputs), inputs, g, create_graph=create_graph)):
        new = tuple(range(3 - x.ndim))
        ones = tuple(i for i, n in enumerate(x.shape, len(new)) if n == 1)
        np.testing.assert_array_equal(gx.data, g.sum(axis=new + ones).reshape(x.shape))


@pytest.mark.parametrize("create_graph", [False, True])
def test_reading_by_index(leaf, create_graph):
    """Single elements, slices that overlap, and the whole: into one gradient."""
    x = leaf(4, 3)
    y = sum(x[t, 0] * x[3 - t, 2] for t in range(4)) + (x[1:3] ** 2).sum()
    y = y + (x[np.array([0, 0, 3])] ** 2).sum() + (x**3).sum()
    (gx,) = grad(y, x, create_graph=create_graph)
    expected = 3 * x.data**2
    expected[:, 0] += x.data[::-1, 2]
    expected[:, 2] += x.data[::-1, 0]
    expected[1:3] += 2 * x.data[1:3]
    expected[0] += 4 * x.data[0]
    expected[3] += 2 * x.data[3]
    np.testing.assert_allclose(gx.data, expected, rtol=1e-13)


def test_reading_pieces_of_pieces(leaf):
    """An index into one of several outputs."""
    x = leaf(4, 2)
    f = lambda x: (lambda a, b: a[0] * b[1] + b[0] * a[0])(*minidl.split(x, 2))
    assert gradcheck(f, x) and gradgradcheck(f, x)


# --------------------------------------------------------------------------------- targets


def test_grad_of_intermediate_values(leaf):
    x = leaf(3)
    h = minidl.exp(x)
    y = (h * h).sum()
    gy, gh, gx = grad(y, [y, h, x], retain_graph=True)
    assert gy.item() == 1
    np.testing.assert_allclose(gh.data, 2 * h.data)
    np.testing.assert_allclose(gx.data, 2 * h.data**2)
    assert x.grad is None and h.grad is None


def test_a_tuple_of_one_output(leaf):
    x = leaf(3)
    (piece,) = minidl.split(x, 1)
    assert grad((piece * 2).sum(), x)[0].tolist() == [2, 2, 2]


def test_grad_of_one_of_several_outputs(leaf):
    x = leaf(5)
    a, b, c = minidl.split(x, [2, 3])
    y = (b * b).sum() + (c * 3).sum()
    gb, gc = grad(y, [b, c], retain_graph=True)
    np.testing.assert_allclose(gb.data, 2 * b.data)
    assert gc.tolist() == [3, 3]
    with pytest.raises(RuntimeError, match="no output depends on input 0"):
        grad(y, [a], retain_graph=True)
    assert grad(y, [a, x], allow_unused=True)[0] is None


def test_backward_into_chosen_inputs(leaf):
    x, w = leaf(3), leaf(3)
    h = x * w
    (h * h).sum().backward(inputs=[x, h])
    assert w.grad is None
    np.testing.assert_allclose(h.grad.data, 2 * h.data)
    np.testing.assert_allclose(x.grad.data, 2 * h.data * w.data)


@pytest.mark.parametrize("several", [lambda x: x, lambda x: [x], lambda x: (t for t in (x,))])
def test_one_tensor_stands_for_a_list_of_one(leaf, several):
    """As does what `model.parameters()` gives."""
    x, w = leaf(3), leaf(3)
    y = (x * w).sum()
    backward(several(y), retain_graph=True, inputs=several(x))
    assert w.grad is None
    np.testing.assert_array_equal(x.grad.data, w.data)
    (gx,) = grad(several(y), several(x))
    np.testing.assert_array_equal(gx.data, w.data)


@pytest.mark.parametrize("no_tensor", [2.0, np.ones(3), None, [[1.0]]])
def test_what_is_no_tensor(leaf, no_tensor):
    x = leaf(3)
    kind = type(no_tensor[0] if isinstance(no_tensor, list) else no_tensor).__name__
    for call, what in [
        (lambda: grad(no_tensor, x), "grad: the outputs"),
        (lambda: grad((x * 2).sum(), no_tensor), "grad: the inputs"),
        (lambda: backward(no_tensor), "backward: the tensors"),
    ]:
        with pytest.raises(TypeError, match=f"{what} must be tensors, not {kind}"):
            call()


def test_what_can_be_assigned_to_grad(leaf):
    x = leaf(3)
    x.grad = tensor(np.ones(3))
    (x * 2).sum().backward()
    assert x.grad.tolist() == [3, 3, 3]
    x.grad = None
    with pytest.raises(TypeError, match="a tensor or None, not ndarray"):
        x.grad = np.ones(3)
    with pytest.raises(ValueError, match=r"the shape of its tensor, \(3,\), not \(2,\)"):
        x.grad = tensor([1.0, 2.0])


def test_an_unused_input(leaf):
    x, w = leaf(3), leaf(3)
    with pytest.raises(RuntimeError, match="no output depends on input 1.*allow_unused"):
        grad((x * 2).sum(), [x, w])
    assert grad((x * 2).sum(), [x, w], allow_unused=True)[1] is None


def test_grad_outputs_weigh_the_outputs(leaf):
    x = leaf(3)
    g = tensor(np.array([1.0, 0.0, -2.0]))
    (gx,) = grad(x * x, x, g)
    np.testing.assert_array_equal(gx.data, 2 * g.data * x.data)
    (gx,) = grad([x * x, x.sum()], x, [g, None])
    np.testing.assert_array_equal(gx.data, 2 * g.data * x.data + 1)


# ------------------------------------------------------------------- what a pass keeps and frees


def test_a_second_pass_names_the_operation_and_what_to_do(leaf):
    x = leaf(3)
    y = minidl.tanh(x).sum()
    y.backward()
    before = x.grad.data.copy()
    with pytest.raises(RuntimeError, match="^tanh: .*already.*retain_graph=True"):
        y.backward()
    np.testing.assert_array_equal(x.grad.data, before)


def test_a_second_pass_where_nothing_was_saved(leaf):
    x = leaf(3)
    y = minidl.reshape(x + 1.0, (3, 1)).sum(axis=0).mean()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_retained_twice_then_freed(leaf):
    x = leaf(3)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_array_equal(x.grad.data, 4 * x.data)
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()


def test_create_graph_retains(leaf):
    x = leaf(3)
    y = (x * x * x).sum()
    (g1,) = grad(y, x, create_graph=True)
    (g2,) = grad(y, x)
    np.testing.assert_array_equal(g1.data, g2.data)


def test_a_failed_pass_changes_no_gradient(leaf):
    """The pass fails halfway, after some leaves' gradients are known."""
    x, w = leaf(3), leaf(3)
    trunk = minidl.exp(x)
    trunk.sum().backward()
    x.grad = None
    y = (trunk * w).sum()
    with pytest.raises(RuntimeError, match="exp"):
        y.backward()
    assert x.grad is None and w.grad is None


def test_a_rule_that_raises_leaves_the_grad_mode(leaf):
    @op
    def explosive(x):
        return x * 1.0

    def explode(g):
        raise ZeroDivisionError

    explosive.vjp(x=explode)
    x = leaf()
    for create_graph in (False, True):
        with pytest.raises(ZeroDivisionError):
            explosive(x).backward(create_graph=create_graph)
        assert (x * 2).requires_grad
    operations.pop("explosive")


# --------------------------------------------------------------------------- higher derivatives


def test_a_plain_pass_makes_no_nodes(leaf):
    x, nodes = leaf(3), []

    class Recorder(Observer):
        def made(self, node, *_):
            nodes.append(node.name)

    y = (minidl.tanh(x) * x[:1] + minidl.mean(x)).sum()
    with Recorder():
        grad(y, x, retain_graph=True)
        y.backward(retain_graph=True)
        assert not nodes
        grad(y, x, create_graph=True)
        assert nodes


def test_derivatives_to_sixth_order(leaf):
    """x^5 e^x, by Leibniz."""
    x = leaf()
    y = x**5 * minidl.exp(x)
    v = x.item()
    for n in range(1, 7):
        (y,) = grad(y, x, create_graph=True)
        terms = [(1, 5, 20, 60, 120, 120)[k] * v ** (5 - k) for k in range(6)]
        binomials = np.array([np.prod(np.arange(n - k + 1, n + 1)) / np.prod(np.arange(1, k + 1))
                              for k in range(6)])  # fmt: skip
        assert y.item() == pytest.approx(np.exp(v) * binomials @ terms, rel=1e-12)


def test_backward_of_backward_accumulates_into_grad(leaf):
    """d/dx of (dy/dx)^2, through .grad."""
    x = leaf(3)
    (x**3).sum().backward(create_graph=True)
    assert x.grad.requires_grad
    penalty = (x.grad * x.grad).sum()
    x.grad = None
    penalty.backward()
    np.testing.assert_allclose(x.grad.data, 36 * x.data**3)


def test_a_recorded_gradient_meets_a_plain_one(leaf):
    x = leaf(3)
    (x * x).sum().backward()
    (x**3).sum().backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, 2 * x.data + 3 * x.data**2)
    (gg,) = grad(x.grad.sum(), x)
    np.testing.assert_allclose(gg.data, 6 * x.data)


def test_the_incoming_gradient_is_differentiated(leaf):
    """Twice backward is forward: d/dg of <v, J'g> is Jv."""
    x, g, v = leaf(3), leaf(2), leaf(3)
    a = np.arange(6.0).reshape(2, 3)
    y = minidl.tanh(a @ x)
    (gx,) = grad(y, x, g, create_graph=True)
    (jv,) = grad((gx * v).sum(), g)
    np.testing.assert_allclose(jv.data, (1 - y.data**2) * (a @ v.data))


def test_a_gradient_of_dtype_and_shape_of_its_input():
    x = tensor(np.ones(3, np.float32), requires_grad=True)
    y = x * np.arange(6.0).reshape(2, 3)
    assert y.dtype == np.float64
    y.sum().backward()
    assert (x.grad.dtype, x.grad.shape, x.grad.tolist()) == (np.float32, (3,), [3, 5, 7])
