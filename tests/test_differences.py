"""The numeric side of the gradient check, on plain functions with gradients written by hand.

Right gradients must pass and each kind of wrong one must be caught and named.  The numbers that the
docstrings of `minidl.differences` claim are measured here.
"""

import numpy as np
import pytest

from minidl.differences import EPS, change_along, check_arrays, complex_step, slope, unsteadiness


def check(function, backward, *arrays, **options):
    """check_arrays for one output: `backward(g, *arrays)` returns one gradient an array."""

    def several(*arrays):
        return [function(*arrays)]

    def vjp(*arrays):
        return several(*arrays), lambda gs: list(backward(gs[0], *arrays))

    names = ["x", "w", "b"][: len(arrays)]
    return check_arrays(several, vjp, arrays, names, function.__name__, **options)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def softmax_backward(g, x):
    y = softmax(x)
    return (y * (g - (g * y).sum(axis=-1, keepdims=True)),)


def affine(x, w, b):
    return x @ w + b


def affine_backward(g, x, w, b):
    return g @ w.T, x.T @ g, g.sum(axis=0)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def three(rng):
    """Inputs of `affine`, no two axes of one length."""
    return rng.normal(size=(3, 4)), rng.normal(size=(4, 5)), rng.normal(size=5)


# ----------------------------------------------------------------------- right gradients pass


@pytest.mark.parametrize("fast_mode", [False, True])
def test_right_gradients_pass(three, fast_mode):
    assert check(affine, affine_backward, *three, fast_mode=fast_mode)
    assert check(softmax, softmax_backward, three[0], fast_mode=fast_mode)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_step_follows_the_size_of_the_input(rng, scale):
    x = scale * rng.uniform(1, 2, size=(2, 3))
    assert check(np.sqrt, lambda g, x: (g / (2 * np.sqrt(x)),), x, eps=min(scale, 1) * EPS)
    assert check(lambda x: np.sin(x / scale), lambda g, x: (g * np.cos(x / scale) / scale,), x,
                 eps=min(scale, 1) * EPS)  # fmt: skip


def test_empty_and_0d_arrays():
    square, backward = lambda x: x * x, lambda g, x: (2 * g * x,)
    assert check(square, backward, np.empty((0, 3)))
    assert check(square, backward, np.array(1.5))
    assert not check(square, lambda g, x: (g * x,), np.array(1.5))


def test_an_output_that_is_a_view_of_the_input(rng):
    """Without copies f(x + h) - f(x - h) would be zero."""
    x = rng.normal(size=(2, 3))
    assert check(np.transpose, lambda g, x: (g.T,), x)
    assert not check(np.transpose, lambda g, x: (0 * g.T,), x)


def test_a_slope_of_zero_by_cancellation_is_no_error(rng):
    """With g = 1 the softmax has no slope: entry by entry the right answer has relative error 1."""
    x = rng.normal(size=(3, 4))
    total = lambda x: softmax(x).sum(axis=-1)
    assert check(total, lambda g, x: softmax_backward(g[:, None] * np.ones_like(x), x), x)


# ----------------------------------------------------------------------- wrong ones are caught


def relu(x):
    return np.maximum(x, 0)


WRONG = {
    "sign": lambda g, x: (-g * np.cos(x),),
    "factor": lambda g, x: (2 * g * np.cos(x),),
    "one entry": lambda g, x: (g * np.cos(x) * [[1, 1, 1], [1, 1, 0]],),
    "one part in ten thousand": lambda g, x: (1.0001 * g * np.cos(x),),
    "value for gradient": lambda g, x: (g * np.sin(x),),
}


@pytest.mark.parametrize("fast_mode", [False, True])
@pytest.mark.parametrize("backward", WRONG.values(), ids=WRONG.keys())
def test_wrong_gradients_fail(rng, backward, fast_mode):
    x = rng.normal(size=(2, 3))
    assert check(np.sin, lambda g, x: (g * np.cos(x),), x, fast_mode=fast_mode)
    assert not check(np.sin, backward, x, fast_mode=fast_mode)


def test_zeros_for_softmax_fail(rng):
    """The check of sum(softmax(x)), as it is often done, would let this pass."""
    assert not check(softmax, lambda g, x: (np.zeros_like(x),), rng.normal(size=(3, 4)))


def test_the_message_shows_entries_numbers_and_seed(rng):
    x = np.array([[1.0, 2.0, 3.0], [1.5, 2.5, 3.5]])

    def backward(g, x):
        gradient = 2 * g * x
        gradient[1, 2] *= 3
        return (gradient,)

    report = check(np.square, backward, x, seed=3)
    text = str(report)
    for part in ("square", "x, shape (2, 3)", "1 of 6", "[1, 2]", "3.0000", "seed=3", "analytic"):
        assert part in text
    assert "[0, 0]" not in text  # what is right is not shown
    assert [c.wrong.nonzero()[0].tolist() for c in report.comparisons] == [[5]]


def test_a_right_report_is_a_table(three):
    report = check(affine, affine_backward, *three)
    lines = str(report).splitlines()
    assert lines[0] == "gradcheck of affine: right"
    assert [line.split()[0] for line in lines[1:]] == ["input", "x", "w", "b"]
    assert 0 < report.max_error < 1e-8


# ------------------------------------------------------------------------------- behaviour


class Counter:
    """A function whose result depends on how often it was called."""

    calls = 0

    def __call__(self):
        self.calls += 1
        return self.calls


def test_a_random_function_is_reported(rng):
    noisy = lambda x: x * rng.uniform(size=x.shape)
    assert "another one the second time" in str(check(noisy, lambda g, x: (g,), np.ones(3)))


def test_a_backward_that_accumulates_is_reported():
    count = Counter()
    report = check(np.sin, lambda g, x: (g * np.cos(x) * count(),), np.ones(3))
    assert "second backward pass over the same graph" in str(report)


def test_a_term_without_the_incoming_gradient_is_reported():
    report = check(np.sin, lambda g, x: (g * np.cos(x) + 0.1 * x,), np.ones(3))
    assert "a term lacks g" in str(report)


def test_a_gradient_that_is_not_linear_is_reported():
    report = check(np.sin, lambda g, x: (np.clip(g, -1, 1) * np.cos(x),), np.ones(5))
    assert "not linear" in str(report)


def test_writing_into_what_was_given_is_reported():
    def scale_in_place(g, x):
        g *= np.cos(x)
        return (g,)

    def write_to_input(g, x):
        gradient = g * np.cos(x)
        x[0] += 1
        return (gradient,)

    assert "incoming gradient was changed" in str(check(np.sin, scale_in_place, np.ones(3)))
    assert "input was changed" in str(check(np.sin, write_to_input, np.ones(3)))


def test_a_wrong_shape_and_nan_are_named():
    report = check(np.sin, lambda g, x: (g.sum(axis=0),), np.ones((2, 3)))
    assert "gradient for x has shape (3,), x (2, 3)" in str(report)
    partly_nan = lambda g, x: (g * np.where(x > 1, np.nan, np.cos(x)),)
    report = check(np.sin, partly_nan, np.array([1.0, 2.0]))
    assert "gradient for x is nan at [1]" in str(report)


def test_a_function_without_value_beside_x_fails():
    """log at 1e-7: the step leads out of the domain."""
    with np.errstate(invalid="ignore"):
        assert not check(np.log, lambda g, x: (g / x,), np.array([1e-7, 1.0]))


# ----------------------------------------------------------------------------------- kinks


def relu_backward(g, x):
    return (g * (x > 0),)


@pytest.mark.parametrize("distance", [0, 0.1, 0.3, 1 / 3, 0.5, 0.7, 0.99])
@pytest.mark.parametrize("side", [-1, 1])
def test_a_kink_within_the_step_is_set_aside(distance, side):
    x = np.array([1.0, -1.0, 2.0, -2.0, side * distance * EPS])
    report = check(relu, relu_backward, x)
    assert report
    assert report.at_kinks == 1
    assert report.comparisons[0].at_kink.tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("distance", np.linspace(0, 0.999, 41))
def test_unsteadiness_is_two_fifths_of_the_error_at_a_kink(distance):
    """The bound that its docstring states, for a jump of 3 in the slope at `distance` times h."""
    h, jump = 2.0**-10, 3.0
    x = np.zeros(1)
    function = lambda x: [0.7 * x + jump * np.maximum(x - distance * h, 0)]
    change = change_along(function, [x], 0, [np.ones(1)])
    error = abs(slope(change, np.ones(1), h) - 0.7)
    np.testing.assert_allclose(error, jump * (1 - distance) / 2, rtol=1e-9)
    assert unsteadiness(change, np.ones(1), h) >= 0.4 * error * (1 - 1e-9)


def test_too_many_kinks_are_a_failure():
    report = check(relu, relu_backward, np.array([1.0, -1.0, 0.0, 0.0]))
    assert not report
    assert "2 of 4" in str(report) and "kink" in str(report)


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.001, 2.0, 1e6])
def test_a_wrong_gradient_of_a_smooth_function_is_never_taken_for_a_kink(rng, factor):
    report = check(np.exp, lambda g, x: (factor * g * np.exp(x),), rng.normal(size=(4, 5)))
    assert report.at_kinks == 0
    assert report.comparisons[0].wrong.any()


def test_a_jump_of_the_value_is_set_aside():
    """The second derivative of relu: its gradient is a step."""
    step = lambda x: (x > 0).astype(float)
    report = check(step, lambda g, x: (0 * g,), np.array([1.0, -1.0, 2.0, 3.0, 0.4 * EPS]))
    assert report and report.at_kinks == 1


# ----------------------------------------------------------------- large arrays, complex steps


def test_large_arrays_are_checked_along_directions(rng):
    x = rng.normal(size=(50, 100))
    report = check(softmax, softmax_backward, x)
    assert report
    assert report.comparisons[0].labels == [f"direction {i}" for i in range(4)]
    one_row_missing = lambda g, x: (softmax_backward(g, x)[0] * (np.arange(50)[:, None] != 31),)
    report = check(softmax, one_row_missing, x)
    assert not report and "direction" in str(report)


def test_complex_step_is_exact(three):
    """Against the closed form, where the central difference has lost half of its digits."""
    gs = [np.random.default_rng(0).normal(size=(3, 5))]
    function = lambda x, w, b: [np.tanh(affine(x, w, b)) / (1 + np.exp(x).sum())]
    x, w, b = three
    y = np.tanh(affine(x, w, b))
    expected = x.T @ (gs[0] * (1 - y * y)) / (1 + np.exp(x).sum())
    np.testing.assert_allclose(complex_step(function, three, 1, gs), expected, rtol=1e-13)


def test_the_step_is_near_the_best():
    """The error of the central difference of tanh, by step, is least near EPS."""
    x, unit = np.linspace(-2, 2, 101), np.ones(1)
    worst = {}
    for h in (1e-8, EPS, 1e-3):
        errors = [
            slope(change_along(lambda x: [np.tanh(x)], [np.array([v])], 0, [unit]), unit, h)
            - 1 / np.cosh(v) ** 2
            for v in x
        ]
        worst[h] = np.max(np.abs(errors))
    assert worst[EPS] < 1e-9 < worst[1e-8] and worst[EPS] < 1e-9 < worst[1e-3]
