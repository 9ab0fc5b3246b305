"""Every distribution: its density against SciPy and quadrature, its samples, its gradients."""

import numpy as np
import pytest
from scipy import stats

import minidl as md
from minidl import autograd
from minidl import distributions as D

from .examples import CONTINUOUS, DISCRETE, EXAMPLES, MEANS, PI, expectation, grid

every = pytest.mark.parametrize("name", EXAMPLES)


def reparameterised():
    return [name for name in EXAMPLES if EXAMPLES[name].distribution()[0].has_rsample]


# ---------------------------------------------------------------------------------- the density


@pytest.mark.parametrize("name", [n for n, e in EXAMPLES.items() if e.scipy is not None])
def test_log_prob_is_scipys(name):
    example = EXAMPLES[name]
    p, _ = example.distribution()
    x = p.sample((50,), rng=0).data
    law = example.scipy
    if isinstance(law, stats._multivariate.dirichlet_frozen):
        expected = [law.logpdf(row / row.sum()) for row in x]
    else:
        expected = law.logpmf(x) if hasattr(law, "pmf") else law.logpdf(x)
    np.testing.assert_allclose(p.log_prob(x).data, expected, rtol=1e-9, atol=1e-9)


@every
def test_it_integrates_to_one(name):
    p, _ = EXAMPLES[name].distribution()
    total = expectation(p, EXAMPLES[name].grid, lambda x: np.ones(p.log_prob(x).shape))
    assert total == pytest.approx(1, abs=1e-6)


@every
def test_mean_variance_and_entropy(name):
    p, kind = EXAMPLES[name].distribution()[0], EXAMPLES[name].grid
    moments = {
        "mean": lambda: expectation(p, kind, lambda x: x),
        "variance": lambda: expectation(p, kind, lambda x: (x - p.mean.data) ** 2),
        "entropy": lambda: -expectation(p, kind, lambda x: finite(p.log_prob(x).data)),
    }
    for attribute, integral in moments.items():
        try:
            found = getattr(p, attribute)
            found = found() if attribute == "entropy" else found
        except NotImplementedError as error:
            assert "closed form" in str(error)
            continue
        np.testing.assert_allclose(found.data, integral(), rtol=1e-5, atol=1e-6, err_msg=attribute)


def finite(log_p):
    """0 where the density is 0."""
    return np.where(np.isfinite(log_p), log_p, 0)


def test_student_t_moments_that_do_not_exist():
    p = D.StudentT(np.array([0.5, 1.5, 3.0]), 2.0, 1.0)
    np.testing.assert_array_equal(p.mean.data, [np.nan, 2, 2])
    np.testing.assert_array_equal(p.variance.data, [np.nan, np.inf, 3])


def test_chances_of_zero_and_one():
    p = D.Bernoulli(np.array([0.0, 1.0]))
    np.testing.assert_array_equal(p.log_prob([0.0, 1.0]).data, [0, 0])
    np.testing.assert_array_equal(p.log_prob([1.0, 0.0]).data, [-np.inf, -np.inf])
    np.testing.assert_array_equal(p.entropy().data, [0, 0])
    c = D.Categorical(np.array([0.0, 2.0, 2.0]))
    np.testing.assert_allclose(c.log_prob([0, 1]).data, [-np.inf, np.log(0.5)])
    assert c.entropy().item() == pytest.approx(np.log(2))
    extreme = D.Bernoulli(logits=np.array([-800.0, 800.0]))
    np.testing.assert_array_equal(extreme.log_prob([1.0, 0.0]).data, [-800, -800])


# ---------------------------------------------------------------------------------- the samples

LEVEL = 1e-4  # false alarms, had the seed been drawn: 1 in 10,000 for each of about 40 tests
DRAWS = 4000


@pytest.mark.parametrize("name", CONTINUOUS)
def test_samples_follow_the_density(name):
    """Kolmogorov-Smirnov for each coordinate, against the integral of the density."""
    example = EXAMPLES[name]
    p, _ = example.distribution()
    samples = p.sample((DRAWS,), rng=1).data.reshape(DRAWS, -1)
    for i, column in enumerate(samples.T):
        cdf = marginal(p, example.grid, i if p.event_shape else None)
        assert stats.kstest(column, cdf).pvalue > LEVEL, i


def marginal(p, kind, coordinate):
    """The distribution function of one coordinate, by summing the density over a grid."""
    x, w = grid(kind)
    mass = w * np.exp(p.log_prob(x).data)
    if coordinate is None:
        return lambda t: np.interp(t, x, np.cumsum(mass) - mass / 2)
    x, order = x[..., coordinate].ravel(), np.argsort(x[..., coordinate], axis=None)
    below = np.cumsum(mass.ravel()[order])
    return lambda t: np.interp(t, x[order], below)


@pytest.mark.parametrize("name", DISCRETE)
def test_samples_follow_the_probabilities(name):
    """Chi-square over the values, those of fewer than 5 expected samples together."""
    p, _ = EXAMPLES[name].distribution()
    samples = p.sample((DRAWS,), rng=2).data.astype(int)
    x, _ = grid(EXAMPLES[name].grid)
    expected = DRAWS * np.exp(p.log_prob(x).data)
    found = np.bincount(samples, minlength=len(x))
    rare = expected < 5
    expected = np.append(expected[~rare], expected[rare].sum())
    found = np.append(found[~rare], found[rare].sum())
    keep = expected > 0
    statistic = ((found - expected)[keep] ** 2 / expected[keep]).sum()
    assert stats.chi2(keep.sum() - 1).sf(statistic) > LEVEL


@every
def test_shapes_dtypes_and_seeds(name):
    p, _ = EXAMPLES[name].distribution()
    single, many = p.sample(rng=3), p.sample((2, 4), rng=3)
    assert single.shape == p.batch_shape + p.event_shape
    assert many.shape == (2, 4, *p.batch_shape, *p.event_shape)
    assert p.log_prob(many).shape == (2, 4, *p.batch_shape)
    assert p.sample(5).shape[0] == 5
    assert not many.requires_grad
    np.testing.assert_array_equal(p.sample((2, 4), rng=3).data, many.data)
    md.seed(8)
    first = p.sample((3,)).data
    md.seed(8)
    np.testing.assert_array_equal(p.sample((3,)).data, first)

    narrow = EXAMPLES[name].make(
        *(md.tensor(np.asarray(v), dtype="float32") for v in EXAMPLES[name].parameters)
    )
    x = narrow.sample((3,), rng=0)
    assert x.dtype == (np.int64 if "Categorical" == type(p).__name__ else np.float32)
    assert narrow.log_prob(x).dtype == np.float32
    if narrow.has_rsample:
        assert narrow.rsample((3,), rng=0).dtype == np.float32


def test_a_batch_is_so_many_distributions():
    """Parameters that broadcast; each cell of log_prob and of the moments is its own."""
    loc, scale = np.array([[0.0], [2.0]]), np.array([1.0, 2.0, 0.5])
    p = D.Normal(loc, scale)
    assert p.batch_shape == (2, 3) and p.mean.shape == (2, 3)
    x = p.sample((4,), rng=0)
    for i in range(2):
        for j in range(3):
            alone = D.Normal(loc[i, 0], md.tensor(scale[j])).log_prob(x[:, i, j])
            np.testing.assert_allclose(p.log_prob(x).data[:, i, j], alone.data, rtol=1e-6)

    covariances = np.stack([np.eye(2), [[2, 0.3], [0.3, 1]], [[1, -0.9], [-0.9, 1]]])
    factors = np.linalg.cholesky(covariances)
    m = D.MultivariateNormal(MEANS, scale_tril=factors)
    x = m.sample((5,), rng=0)
    assert m.batch_shape == (3,) and x.shape == (5, 3, 2) and m.entropy().shape == (3,)
    for k in range(3):
        law = stats.multivariate_normal(MEANS, factors[k] @ factors[k].T)
        np.testing.assert_allclose(m.log_prob(x).data[:, k], law.logpdf(x.data[:, k]), rtol=1e-9)
        np.testing.assert_allclose(m.variance.data[k], np.diag(law.cov), rtol=1e-12)
        np.testing.assert_allclose(m.precision_matrix.data[k], np.linalg.inv(law.cov), rtol=1e-9)


def test_a_batch_of_mixtures_draws_each_by_itself():
    """Two mixtures over one Categorical: their components are drawn independently."""
    p = D.MixtureSameFamily(
        D.Categorical(np.array([0.5, 0.5])), D.Normal(np.array([[-9.0, 9.0]] * 2), 0.1)
    )
    x = p.sample((2000,), rng=0).data
    assert p.batch_shape == (2,) and x.shape == (2000, 2)
    same = (x[:, 0] > 0) == (x[:, 1] > 0)
    assert abs(same.mean() - 0.5) < 4 * 0.5 / np.sqrt(2000)  # 4 standard errors: 6 in 100,000


# -------------------------------------------------------------------------------- the gradients


@every
def test_log_prob_is_differentiable_twice(name):
    example = EXAMPLES[name]
    p, parameters = example.distribution()
    x = p.sample((3,), rng=5)
    spread = [md.tensor(v.data, requires_grad=True) for v in parameters]
    if name in DISCRETE:
        f, inputs = (lambda *v: example.make(*v).log_prob(x)), spread
    elif example.grid == "triangle":  # keep the sum at 1 while x moves
        f = lambda u, *v: example.make(*v).log_prob(md.nn.functional.softmax(u, -1))
        inputs = [md.tensor(np.log(x.data), requires_grad=True), *spread]
    else:
        f = lambda u, *v: example.make(*v).log_prob(u)
        inputs = [md.tensor(x.data, requires_grad=True), *spread]
    if name == "MultivariateNormal" or name.endswith("precision"):  # keep the matrix symmetric
        g = f
        f = lambda u, m, s: g(u, m, (s + s.T) / 2)
    elif name.endswith("factor"):
        g = f
        f = lambda u, m, s: g(u, m, md.tril(s))
    autograd.gradcheck(f, inputs)
    autograd.gradgradcheck(f, inputs)


@pytest.mark.parametrize("name", reparameterised())
def test_gradients_flow_through_samples(name):
    """The mean of d x^2/d theta over samples against d E x^2/d theta, by the closed moments.

    5 standard errors: 6 false alarms in 10 million for each parameter, had the seed been drawn.
    """
    example = EXAMPLES[name]
    p, parameters = example.distribution(requires_grad=True)
    try:
        second_moment = (p.variance + p.mean**2).sum()
    except NotImplementedError:
        second_moment = None  # the relaxed ones: by quadrature, below
    if second_moment is None:
        closed = [moment_slope(example, i) for i in range(len(parameters))]
    else:
        found = autograd.grad(second_moment, parameters, retain_graph=True, allow_unused=True)
        closed = [np.zeros(v.shape) if g is None else g.data for g, v in zip(found, parameters)]

    rng, pieces, n = np.random.default_rng(6), 50, 400
    estimates = [[] for _ in parameters]
    for _ in range(pieces):
        x = p.rsample((n,), rng=rng)
        grads = autograd.grad((x * x).sum() / n, parameters, retain_graph=True)
        for row, g in zip(estimates, grads):
            row.append(g.data)
    for row, expected in zip(estimates, closed):
        error = np.std(row, axis=0, ddof=1) / np.sqrt(pieces)
        assert (abs(np.mean(row, axis=0) - expected) <= 5 * error + 1e-12).all()


def moment_slope(example, i, h=1e-4):
    """d/d theta_i of E x'x, by quadrature and central differences."""
    parameters = [np.array(v, dtype=float) for v in example.parameters]
    slope = np.zeros(parameters[i].shape)
    for index in np.ndindex(slope.shape):
        sides = []
        for sign in (1, -1):
            moved = [v.copy() for v in parameters]
            moved[i][index] += sign * h
            p = example.make(*(md.tensor(v) for v in moved))
            square = (lambda x: (x * x).sum(-1)) if p.event_shape else np.square
            sides.append(expectation(p, example.grid, square))
        slope[index] = (sides[0] - sides[1]) / (2 * h)
    return slope


def test_discrete_samples_have_no_gradient_and_say_so():
    for p in (D.Bernoulli(0.3), D.Poisson(2.0), D.Categorical(PI), D.Binomial(3, 0.2)):
        with pytest.raises(NotImplementedError, match="score function"):
            p.rsample()
    mixture, _ = EXAMPLES["MixtureSameFamily"].distribution()
    with pytest.raises(NotImplementedError, match="MixtureSameFamily has no rsample"):
        mixture.rsample()


# ---------------------------------------------------------------------------------- bad input


def test_bad_input_is_named():
    good = D.Normal(np.zeros(3), 1.0)
    for make, words in (
        (lambda: D.Normal(0.0, [1.0, -2.0]), r"Normal: scale must be > 0, but 1 of 2 .* -2.0"),
        (lambda: D.Bernoulli(1.2), r"probs must be in \[0, 1\].*1.2"),
        (lambda: D.Bernoulli(), "either probs or logits"),
        (lambda: D.Categorical(PI, logits=PI), "either probs or logits"),
        (lambda: D.Categorical(np.zeros(3)), "not all 0"),
        (lambda: D.Uniform(2.0, 1.0), "low must be below high"),
        (lambda: D.Dirichlet(1.0), "concentration needs 1 axes"),
        (lambda: good.log_prob(np.nan), "value must be a number"),
        (lambda: D.Poisson(2.0).log_prob(1.5), "whole number >= 0, .* 1.5"),
        (lambda: D.Categorical(PI).log_prob(3), "a class, 0 to 2"),
        (lambda: D.Binomial(3, 0.5).log_prob([1, 4]), r"whole number in \[0, n\]"),
        (lambda: D.Exponential(1.0).log_prob(-1.0), "value must be >= 0"),
        (lambda: D.Beta(1.0, np.ones(3)).log_prob(1.5), r"in \[0, 1\], but 1 of 1"),
        (lambda: D.Uniform(0.0, np.ones(3)).log_prob(1.5), "but 3 of 3"),
        (lambda: D.Dirichlet(np.ones(3)).log_prob([0.5, 0.2, 0.1]), "sum 1"),
        (lambda: D.MultivariateNormal(MEANS), "give one of"),
        (lambda: D.MultivariateNormal(MEANS, np.eye(3)), r"\(2,\) and \(3, 3\)"),
        (lambda: D.MultivariateNormal(MEANS, [[1.0, 0.5], [0.0, 1.0]]), "symmetric"),
        (lambda: D.MultivariateNormal(MEANS, scale_tril=-np.eye(2)), "positive diagonal"),
        (lambda: D.Independent(good, 2), "1 batch axes"),
        (lambda: D.MixtureSameFamily(D.Categorical(np.ones(2)), good), r"\(2,\), not \(3,\)"),
    ):
        with pytest.raises(ValueError, match=words):
            make()
    with pytest.raises(np.linalg.LinAlgError):
        D.MultivariateNormal(MEANS, [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(TypeError, match="must be Categorical"):
        D.MixtureSameFamily(good, good)
    assert D.Exponential(1.0, validate_args=False).log_prob(-1.0).item() == 1.0
