"""gradcheck and gradgradcheck on Tensors; `test_differences` has the numeric side."""

import numpy as np
import pytest

import minidl
from minidl import tensor
from minidl.autograd import gradcheck, gradgradcheck
from minidl.gradcheck import GradcheckError
from minidl.graph import op, operations


@pytest.fixture
def rng():
    return np.random.default_rng(3)


@pytest.fixture
def leaf(rng):
    """Makes float64 leaves of a given shape."""
    return lambda *shape: tensor(rng.normal(size=shape), requires_grad=True)


@pytest.fixture
def cubed():
    """Makes an operation x -> x^3 with a given rule; it is forgotten when the test is over."""

    def make(rule):
        @op
        def cubed(x):
            return x**3

        cubed.vjp(x=rule)
        return cubed

    yield make
    operations.pop("cubed", None)


# ------------------------------------------------------------------------------- what it takes


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
class TestInputs:
    def test_one_tensor(self, check, leaf):
        assert check(minidl.tanh, leaf(3, 2))

    def test_several(self, check, leaf):
        report = check(lambda a, b: a * b + a, (leaf(3, 2), leaf(2)))
        assert len(report.comparisons) == (2 if check is gradcheck else 3)

    def test_lists_and_dicts_and_other_things(self, check, leaf):
        def fn(arrays, axis, scale):
            return minidl.concatenate(arrays, axis=axis) * scale["by"]

        constant = tensor(np.ones((2, 2)))
        report = check(fn, ([leaf(2, 3), constant, leaf(2, 1)], 1, {"by": leaf()}))
        assert [c.shape for c in report.comparisons[:3]] == [(2, 3), (2, 1), ()]

    def test_integer_tensors_pass_through(self, check, leaf):
        indices = tensor(np.array([[0, 1], [1, 0]]))
        assert check(lambda x, i: minidl.take_along_axis(x, i, 0), (leaf(2, 2), indices))

    def test_several_outputs(self, check, leaf):
        assert check(lambda x: (x * x, minidl.exp(x).sum(), x.argmax()), leaf(4))

    def test_an_output_that_needs_no_gradient_is_left_out(self, check, leaf):
        assert check(lambda x: [x * x, 7 * x.detach()], leaf(4))

    def test_a_loss_with_a_gradient_in_it(self, check, leaf):
        """The gradient penalty: `fn` calls grad itself."""

        def penalty(x, w):
            y = minidl.tanh(x @ w).sum()
            (gx,) = minidl.autograd.grad(y, x, create_graph=True)
            return (gx * gx).sum(axis=1)

        assert check(penalty, (leaf(2, 3), leaf(3, 2)))

    def test_0d_and_empty(self, check, leaf):
        assert check(lambda x, y: x * y.sum(), (leaf(), leaf(0, 2)))

    def test_under_no_grad(self, check, leaf):
        x = leaf(3)
        with minidl.no_grad():
            assert check(minidl.tanh, x)


class Affine:
    """As a Module: callable, with named parameters."""

    def __init__(self, leaf):
        self.weight, self.bias, self.fixed = leaf(4, 3), leaf(4), tensor(np.ones(4))

    def named_parameters(self):
        return [("weight", self.weight), ("bias", self.bias), ("fixed", self.fixed)]

    def __call__(self, x):
        return x @ self.weight.T + self.bias * self.fixed


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
def test_a_module_is_checked_with_its_parameters(check, leaf):
    module = Affine(leaf)
    data = module.weight.data
    values = data.copy()
    report = check(module, leaf(2, 3))
    assert [c.shape for c in report.comparisons if c.name in ("weight", "bias")] == [(4, 3), (4,)]
    assert module.weight.data is data and np.array_equal(data, values)
    assert module.weight.grad is None


def test_parameters_that_a_closure_uses(leaf, cubed):
    w, wrong = leaf(3), cubed(lambda g, x: g * x * x)
    report = gradcheck(lambda x: x * wrong(w), leaf(3), parameters=[w], raise_exception=False)
    assert [bool(c.failure()) for c in report.comparisons] == [False, True]
    assert "parameter 0" in str(report)


def test_inputs_keep_their_data_and_grad(leaf):
    x = leaf(3)
    before = x.data.copy()
    gradcheck(lambda x: x * x, x)
    gradgradcheck(lambda x: x * x, x)
    assert np.array_equal(x.data, before) and x.grad is None


def test_grad_outputs_are_used(leaf):
    x, g = leaf(3), leaf(3)
    report = gradgradcheck(minidl.exp, x, g)
    # d/dx of g e^x, with the seeded incoming gradient v, over d/dg: their ratio is g
    by_x, by_g = (c.analytic for c in report.comparisons)
    np.testing.assert_allclose(by_x / by_g, g.data)


def test_on_a_device(device):
    x, w = (tensor(np.ones(s), requires_grad=True, device=device) for s in ((2, 3), (3, 2)))
    assert gradcheck(lambda x, w: minidl.tanh(x @ w), (x, w))
    assert gradgradcheck(lambda x: minidl.tanh(x @ w), x, parameters=[w])


# ----------------------------------------------------------------------------- what it refuses


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_other_dtypes_are_refused_with_the_reason(dtype):
    x = tensor([1.0, 2.0], requires_grad=True, dtype=dtype)
    for check in (gradcheck, gradgradcheck):
        with pytest.raises(TypeError, match=f"{dtype}, and finite differences need float64"):
            check(minidl.tanh, x)


def test_nothing_to_check():
    with pytest.raises(ValueError, match="no input requires a gradient"):
        gradcheck(minidl.tanh, tensor(np.ones(2)))


# ------------------------------------------------------------------------------ what it catches


def test_a_wrong_rule(leaf, cubed):
    wrong = cubed(lambda g, x: 2 * g * x * x)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong, leaf(2, 3))
    text = str(caught.value)
    for part in ("cubed", "the gradient for x, shape (2, 3)", "6 of 6", "0.6667", "seed=0"):
        assert part in text
    assert not caught.value.report
    assert not gradcheck(wrong, leaf(2, 3), raise_exception=False)


def test_the_operation_inside_a_lambda_is_named(leaf, cubed):
    wrong = cubed(lambda g, x: g)
    with pytest.raises(GradcheckError, match="<lambda>, whose last operation is cubed"):
        gradcheck(lambda x: wrong(x + 1), leaf(3))


def test_right_at_first_order_wrong_at_second(leaf, cubed):
    """The rule takes its input out of the graph, as a value stashed in the forward would be."""
    stashed = cubed(lambda g, x: g * (3 * getattr(x, "_data", x) ** 2))
    assert gradcheck(stashed, leaf(3))
    with pytest.raises(GradcheckError, match="the gradient of cubed"):
        gradgradcheck(stashed, leaf(3))


def test_a_recorded_pass_that_differs_from_the_plain_one(leaf):
    """A fused operation whose definition is another function: its own derivative is consistent."""

    @op(aux=True)
    def cubed(x):
        return x**3, None

    @cubed.composite
    def _(x):
        return 2.0 * x**3

    @cubed.backward("x")
    def _(g, x):
        return (3 * g * x**2,)

    try:
        assert gradcheck(cubed, leaf(3))
        with pytest.raises(GradcheckError, match="the value is another one than without"):
            gradgradcheck(cubed, leaf(3))
    finally:
        operations.pop("cubed")


def test_a_graph_that_is_cut(leaf):
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: tensor(x.data * 2), leaf(3))


def test_a_constant_function_is_right(leaf):
    assert gradcheck(lambda x: tensor(np.ones(2)), leaf(3))
    assert gradcheck(minidl.floor_divide, (leaf(3), 0.31))


def test_dropout_without_a_seed(leaf, rng):
    mask = lambda x: tensor((rng.random(x.shape) < 0.5) / 0.5)
    with pytest.raises(GradcheckError, match="randomness must be an input"):
        gradcheck(lambda x: x * mask(x), leaf(20))


def test_a_rule_that_writes_into_what_it_is_given(leaf, cubed):
    def careless(g, x):
        x *= 3
        return g * x * x / 3

    assert not gradcheck(cubed(careless), leaf(3), raise_exception=False)


def test_directions(leaf):
    report = gradcheck(lambda x, y: minidl.tanh(x * y), (leaf(50, 50), leaf(50)))
    assert [len(c.labels) for c in report.comparisons] == [4, 50]
    report = gradcheck(minidl.tanh, leaf(3, 4), fast_mode=True)
    assert [len(c.labels) for c in report.comparisons] == [4]


def test_the_message(leaf, cubed):
    """As a student sees it."""
    wrong = cubed(lambda g, x: g * (3 * x**2) * (x > 1.0))
    x = tensor(np.array([0.5, 2.0]), requires_grad=True)
    with pytest.raises(GradcheckError) as caught:
        gradcheck(wrong, x, seed=5)
    g = 3 * 0.5**2  # times the incoming gradient
    lines = str(caught.value).splitlines()
    assert lines[0] == "gradcheck of cubed: wrong"
    assert "wrong in 1 of 2 places" in lines[2]
    entry, analytic, numeric, ratio = lines[5].split()
    assert (entry, float(analytic), float(ratio)) == ("[0]", 0, 0)
    assert g / 2 <= abs(float(numeric)) <= 3 * g / 2
