"""The diagnosing checker: right backwards pass, wrong ones are found and named."""

import itertools
import math

import numpy as np
import pytest

from minidl.gradcheck import Misconception, WrongForward, diagnose
from minidl.gradcheck.draws import LENGTHS, Sizes, inputs_of_draw, normal, samples_of_docstring

from .backwards import CASES

WRONG = [
    pytest.param(case, code, backward, id=f"{case.name}-{i}-{code}")
    for case in CASES
    for i, (code, backward) in enumerate(case.wrong)
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_right_backward_is_never_flagged(case):
    for seed in range(20):
        found = diagnose(case.forward, case.right, seed=seed, **case.samples)
        assert found, f"seed {seed}\n{found}"


@pytest.mark.parametrize("case, code, backward", WRONG)
def test_a_wrong_backward_is_named(case, code, backward):
    found = diagnose(case.forward, backward, **case.samples)
    assert not found
    assert code in [finding.code for finding in found.findings], str(found)
    assert code in str(found) and code in found._repr_html_()


def square(x):
    return x * x


def check(backward, forward=square, **options):
    options = options or {"x": normal("N", "D")}
    return diagnose(forward, backward, **options)


# --------------------------------------------------------------------------------- behaviour


def test_a_gradient_that_outlives_the_call_is_named():
    total = {}

    def backward(g, y, x):
        total[x.shape] = total.get(x.shape, 0) + 2 * g * x
        return total[x.shape]

    assert check(backward).code == "accumulates"


def test_randomness_in_a_backward_is_named():
    rng = np.random.default_rng(0)
    assert check(lambda g, y, x: 2 * g * x * rng.random()).code == "not-deterministic"


def test_writing_to_the_incoming_gradient_is_named():
    def backward(g, y, x):
        g *= 2 * x
        return g

    found = check(backward)
    assert found.code == "changes-upstream" and "g[...] = ..." in str(found)


def test_writing_to_an_input_is_named():
    def backward(g, y, x):
        x *= 2
        return g * x

    found = check(backward)
    assert found.code == "changes-input" and "`x *= ...`" in str(found)


def test_a_cache_that_all_calls_share_is_named():
    cache = {}

    def forward(x):
        cache["x"] = x
        return x * x

    assert check(lambda g, y, x: 2 * g * cache["x"], forward).code == "stale-cache"


def test_values_kept_from_the_first_call_are_named():
    kept = {}

    def backward(g, y, x):
        return 2 * g * kept.setdefault(x.shape, x)

    assert check(backward).code == "stale-cache"


def test_not_linear_in_g_is_told_without_a_reason():
    found = check(lambda g, y, x: np.exp(g) * x - x)
    assert found.code == "not-linear" and not found.findings[0].specific


# ------------------------------------------------------------------------ errors and messages


def test_an_exception_shows_the_line_and_the_shapes():
    def backward(g, y, x):
        return g @ x

    text = str(check(backward))
    assert "return g @ x" in text and "g (3, 5), y (3, 5), x (3, 5)" in text
    assert __file__.rsplit("/", 1)[-1] in text


def test_a_wrong_signature_is_told_without_a_line_of_ours():
    text = str(check(lambda g, y: g))
    assert "takes 2 positional arguments but 3 were given" in text
    assert "student.py" not in text


@pytest.mark.parametrize("kind", [bool, np.uint8])
def test_a_mask_for_a_gradient_is_told_that_g_is_missing(kind):
    found = check(lambda g, y, x: (x > 0).astype(kind), forward=lambda x: np.maximum(x, 0))
    assert found.code == "ignores-upstream" and "without multiplying it by g" in str(found)


def test_a_named_misconception_comes_before_the_general_rules():
    halves = Misconception("half", "the 2 of the power rule is lost", lambda g, y, x: g * x)
    found = check(lambda g, y, x: g * x, misconceptions=[halves], x=normal("N"))
    assert found.code == "half" and "this is what you get if the 2 of the power rule" in str(found)
    assert check(lambda g, y, x: 3 * g * x, misconceptions=[halves], x=normal("N")).code != "half"


def test_a_misconception_that_is_right_explains_nothing():
    right = Misconception("right", "all is well", lambda g, y, x: 2 * g * x)
    assert check(lambda g, y, x: 2 * g * x, misconceptions=[right], x=normal("N"))


def test_what_has_no_pattern_is_called_unexplained():
    noise = np.random.default_rng(0).random((9, 9))
    found = check(lambda g, y, x: g * x * noise[: x.shape[0], : x.shape[1]])
    assert found.code == "unexplained"
    assert str(found).count("\n    ") == 7  # the head and six entries


def test_nan_is_shown_with_its_place():
    found = check(lambda g, y, x: np.where(x > 1, np.nan, 2 * g * x))
    assert found.code == "not-finite" and "it is nan at [" in str(found)


def test_entries_at_a_kink_are_not_judged():
    at_zero = lambda rng, sizes: np.where(rng.random(sizes.shape("N")) < 0.5, 0.0, 1.0)
    found = diagnose(np.abs, lambda g, y, x: g * np.where(x > 0, 1.0, 0.37), x=at_zero)
    assert found, str(found)


@pytest.mark.parametrize(
    "forward, message",
    [
        (lambda x: x.astype(np.float32), "returned float32"),
        (lambda x: np.multiply(x, 2, out=x), "changed its input x in place"),
        (lambda x: x + np.random.default_rng().random(), "another value the second time"),
        (lambda x: x.nothing, "raised AttributeError"),
    ],
)
def test_a_forward_that_cannot_be_used_is_refused(forward, message):
    with pytest.raises(WrongForward, match=message):
        check(lambda g, y, x: g, forward)


def test_inputs_without_floats_are_refused():
    with pytest.raises(WrongForward, match="no input is an array of floats"):
        diagnose(lambda n: n, lambda g, y, n: g, n=3)


# ------------------------------------------------------------------------------------ the draws


def test_no_two_axes_have_the_same_length_in_a_draw():
    for lengths in LENGTHS:
        assert len({*lengths}) == len(lengths)


def test_no_expression_of_one_axis_is_one_of_another_in_all_draws():
    """1/N must not be mistaken for 1/D, sqrt(D), 2 D ..."""
    forms = [lambda n: n, math.sqrt, lambda n: n * n, lambda n: n - 1, lambda n: (n - 1) / n]
    axes = [*zip(*LENGTHS)]
    for a, b in itertools.combinations(axes, 2):
        for f, h in itertools.product(forms, forms):
            for power in (1, -1):
                ratios = [f(x) / h(y) ** power for x, y in zip(a, b)]
                assert max(ratios) - min(ratios) > 1e-6 * max(ratios)


def test_a_draw_is_repeated_by_its_seed():
    samples = {"x": normal("N", "2D"), "c": 3.0}
    (first, sizes), (again, _) = (inputs_of_draw(samples, 1, seed=4) for _ in range(2))
    assert first["x"].shape == (5, 4) and sizes == {"N": 5, "D": 2} and first["c"] == 3.0
    np.testing.assert_array_equal(first["x"], again["x"])
    assert not np.array_equal(first["x"], inputs_of_draw(samples, 1, seed=5)[0]["x"])


def test_shapes_are_read_from_a_docstring():
    text = """Rows of a table.

    table: (V, D) floats.  ids, more: (N, 2) below V.  eps is a number.
    """
    samples = samples_of_docstring(text, ["table", "ids", "eps"])
    assert [*samples] == ["table", "ids"]
    sizes, rng = Sizes(0), np.random.default_rng(0)
    assert samples["table"](rng, sizes).shape == (3, 5)
    ids = samples["ids"](rng, sizes)
    assert ids.shape == (4, 2) and ids.dtype == np.int64 and ids.max() < 3


def test_a_name_of_an_axis_must_be_one():
    with pytest.raises(ValueError, match="a name such as 'N', a multiple '4H', or a number"):
        Sizes(0).shape(("N*",))
