"""Randomised smoothing: the radius of a linear classifier, exact coverage, attacks inside it."""

import numpy as np
import pytest
from scipy import special, stats

from minidl import Tensor, nn, no_grad, optim, tensor
from minidl.attacks import Goal, Threat, pgd
from minidl.defences import smoothing
from minidl.defences.smoothing import ABSTAIN, certify, counts, lower_confidence, predict, radius

from .nets import rings


def linear(rng, d=5):
    """A linear classifier of two classes, and the distance of points to its boundary."""
    net = nn.Sequential(nn.Linear(d, 2, rng=rng)).double()
    (w0, w1), (b0, b1) = net[0].weight.data, net[0].bias.data
    signed = lambda x: (x @ (w1 - w0) + b1 - b0) / np.linalg.norm(w1 - w0)
    return net, signed


# ------------------------------------------------------------------------------------ the radius


def test_the_radius_of_a_linear_classifier_is_the_distance_to_its_boundary():
    """Under noise it says a class with probability Phi(distance / sigma)."""
    rng = np.random.default_rng(0)
    _, signed = linear(rng)
    distance = abs(signed(rng.normal(size=(20, 5))))
    for sigma in (0.1, 0.5, 1.0):
        p_a = special.ndtr(distance / sigma)
        near = distance < 6 * sigma  # beyond that p_A rounds to 1
        assert radius(sigma, p_a)[near] == pytest.approx(distance[near], rel=1e-6)
    # three classes at distances 1 and 2 on a line: p_B is not 1 - p_A
    assert radius(1.0, special.ndtr(1.0), special.ndtr(-2.0)) == pytest.approx(1.5)


def test_the_lower_bound_is_where_so_many_successes_have_probability_alpha():
    for n, alpha in ((10, 0.05), (100, 0.001)):
        k = np.arange(1, n + 1)
        p = lower_confidence(k, n, alpha)
        assert stats.binom.sf(k - 1, n, p) == pytest.approx(np.full(n, alpha), rel=1e-9)
        assert lower_confidence(0, n, alpha) == 0.0
        assert p[-1] == pytest.approx(alpha ** (1 / n))


def test_the_lower_bound_covers_every_p():
    """Its exact coverage, a sum over the n + 1 outcomes: at least 1 - alpha for each p, and for
    some p hardly more."""
    n, alpha = 50, 0.05
    bounds = lower_confidence(np.arange(n + 1), n, alpha)
    p = np.append(np.linspace(0.01, 0.99, 197), bounds[1:] - 1e-9)
    chance = stats.binom.pmf(np.arange(n + 1), n, p[:, None])
    coverage = (chance * (bounds <= p[:, None])).sum(axis=1)
    assert coverage.min() >= 1 - alpha - 1e-6
    assert coverage.min() < 1 - alpha + 1e-6


# ------------------------------------------------------------------------------------ the sampling


def test_counts_are_binomial():
    """Of 4,000 draws for each of 8 points, none more than 5 standard errors from what the linear
    classifier's distance says: a false alarm in 200,000 such tests."""
    rng = np.random.default_rng(1)
    net, signed = linear(rng)
    x = rng.normal(size=(8, 5))
    found = counts(net, tensor(x), 0.5, 4000, np.random.default_rng(2), batch=999)
    p = special.ndtr(signed(x) / 0.5)
    assert (found.sum(axis=1) == 4000).all()
    assert (abs(found[:, 1] - 4000 * p) < 5 * np.sqrt(4000 * p * (1 - p)) + 1).all()


def test_every_draw_is_another_one():
    """The chance that 100 draws for a point on the boundary all agree is 2^-99."""
    net, signed = linear(np.random.default_rng(3))
    w = net[0].weight.data[1] - net[0].weight.data[0]
    x = np.random.default_rng(4).normal(size=(4, 5))
    x -= signed(x)[:, None] * w / np.linalg.norm(w)
    found = counts(net, tensor(x), 0.5, 100, np.random.default_rng(5))
    assert ((found > 0) & (found < 100)).all() and len(set(found[:, 0])) > 1


def test_the_model_is_asked_in_eval_mode_and_left_as_it_was():
    """With a dropout that drops everything, training mode would give class 0 everywhere."""
    net = nn.Sequential(nn.Dropout(1.0), nn.Linear(2, 2, rng=0)).double()
    net[1].weight.data, net[1].bias.data = np.array([[0.0, 0.0], [1.0, 0.0]]), np.zeros(2)
    found = counts(net, tensor(np.full((3, 2), 9.0)), 0.1, 50, np.random.default_rng(0))
    assert (found == [0, 50]).all() and net.training and net[0].training


def test_a_certificate_is_below_the_distance():
    """Of 60 points none is certified beyond its distance to the boundary, or for the class on the
    other side (false alarm: 60 alpha = .6 per cent), and the mean radius of those 1 sigma and more
    away is within a tenth of the distance."""
    rng = np.random.default_rng(6)
    net, signed = linear(rng)
    x = rng.normal(size=(60, 5))
    truth = signed(x)
    found = certify(net, tensor(x), 1.0, 2000, 1e-4, np.random.default_rng(7))
    certified = found.classes != ABSTAIN
    assert (found.classes[certified] == (truth > 0)[certified]).all()
    assert (found.radius <= abs(truth)).all() and (found.radius[~certified] == 0).all()
    far = (abs(truth) > 1) & (abs(truth) < 2)
    assert far.sum() > 5 and found.radius[far].mean() > 0.85 * abs(truth[far]).mean()


def test_it_abstains_where_the_noise_makes_it_a_coin():
    """On the boundary: it errs when more than half of the draws by 3.7 standard errors agree, once
    in 10,000, for each of 8 points.  With too few draws it always abstains."""
    net, signed = linear(np.random.default_rng(3))
    w = net[0].weight.data[1] - net[0].weight.data[0]
    x = np.random.default_rng(4).normal(size=(8, 5))
    on_it = x - signed(x)[:, None] * w / np.linalg.norm(w)
    rng = np.random.default_rng(8)
    assert (certify(net, tensor(on_it), 1.0, 1000, 1e-4, rng).classes == ABSTAIN).all()
    assert (predict(net, tensor(on_it), 1.0, 1000, 1e-4, rng) == ABSTAIN).all()
    away = x + 4 * w
    assert (predict(net, tensor(away), 1.0, 1000, 1e-4, rng) == (signed(away) > 0)).all()
    # alpha^(1/n) = .0001^(1/13) = .492: no 13 draws certify
    assert (certify(net, tensor(away), 1.0, 13, 1e-4, rng).classes == ABSTAIN).all()
    assert (certify(net, tensor(away), 1.0, 14, 1e-4, rng).classes != ABSTAIN).any()


def test_the_class_is_chosen_on_draws_of_its_own():
    """Of a model that says 0 in its first 60 answers and 1 ever after: 0 is chosen, and is then
    never said again, so that nothing is certified."""
    answers = np.repeat([0, 1], [60, 1000])
    asked = [0]

    def model(x):
        said = answers[asked[0] : asked[0] + len(x)]
        asked[0] += len(x)
        return Tensor(np.eye(2)[said])

    x = tensor(np.zeros((1, 3)))
    found = certify(model, x, 0.5, 1000, 0.001, np.random.default_rng(0), n0=60)
    assert asked == [1060] and found.classes == ABSTAIN and found.radius == 0


# ------------------------------------------------------------------------- a network, in the plane


def trained(rng, sigma=0.3):
    """A network that tells two rings apart, trained under noise."""
    x, y = rings(200, rng)
    net = nn.Sequential(nn.Linear(2, 32, rng=rng), nn.ReLU(), nn.Linear(32, 2, rng=rng))
    optimiser = optim.Adam(net.parameters(), lr=0.02)
    for _ in range(150):
        noise = tensor(rng.standard_normal(x.shape).astype(np.float32))
        optimiser.zero_grad()
        smoothing.noisy_cross_entropy(net, x, y, noise, sigma).backward()
        optimiser.step()
    return net.eval(), x, y


def smoothed(net, x, sigma):
    """P[net(x + e) = 1] in the plane, without sampling: the normal masses of 300 x 300 cells."""
    edges = np.linspace(-6, 6, 301)
    middle = (edges[1:] + edges[:-1]) / 2
    grid = np.stack(np.meshgrid(middle, middle, indexing="ij"), axis=2).reshape(-1, 2)
    with no_grad():
        says = net(tensor(grid.astype(np.float32))).numpy().argmax(axis=1).reshape(300, 300)
    masses = np.diff(special.ndtr((edges - x[:, :, None]) / sigma), axis=2)  # (N, 2, 300)
    return np.einsum("ni,ij,nj->n", masses[:, 0], says, masses[:, 1])


def test_nothing_inside_the_radius_changes_the_smoothed_class():
    """The smoothed classifier without sampling, at 64 points of the rim of each of 40 balls, and
    halfway.  The cells err by less than .002 in a probability."""
    sigma = 0.3
    net, x, _ = trained(np.random.default_rng(0), sigma)
    x = x.numpy()[:40].astype(float)
    p = smoothed(net, x, sigma)
    r = radius(sigma, np.maximum(p, 1 - p))
    assert r.max() > sigma
    angles = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    for share in (0.5, 1.0):
        rim = (x[:, None] + share * r[:, None, None] * circle).reshape(-1, 2)
        there = smoothed(net, rim, sigma).reshape(40, 64)
        agrees = np.where(p[:, None] > 0.5, there, 1 - there)
        assert (agrees > 0.5 - 0.002).all()
        if share == 1.0:  # the bound is no tighter than it has to be
            assert agrees.min() < 0.75


def test_no_attack_inside_a_certified_radius_turns_the_prediction():
    """PGD in l2 on the mean of softmaxes, within each certified radius; `predict` at the attacked
    points says the certified class or abstains (false alarm: .002 for each of 10)."""
    sigma, rng = 0.3, np.random.default_rng(1)
    net, x, _ = trained(rng, sigma)
    x = x[:10]
    found = certify(net, x, sigma, 2000, 0.001, rng)
    noise = tensor(rng.standard_normal((32, 1, 2)).astype(np.float32))
    model = lambda x: smoothing.soft(net, x, noise, sigma)
    assert (found.classes != ABSTAIN).sum() > 7
    for i in np.flatnonzero(found.classes != ABSTAIN):
        threat = Threat(2, float(found.radius[i]), (-np.inf, np.inf))
        goal = Goal(found.classes[i : i + 1])
        attacked = pgd(model, x.data[i : i + 1], goal, threat, steps=10, rng=rng).adversarial
        says = predict(net, attacked, sigma, 1000, 0.001, rng)
        assert says[0] in (found.classes[i], ABSTAIN)


def test_the_soft_classifier_is_the_mean_of_softmaxes():
    rng = np.random.default_rng(2)
    net = nn.Sequential(nn.Linear(3, 4, rng=rng)).double()
    x, noise = rng.normal(size=(5, 3)), rng.normal(size=(7, 5, 3))
    with no_grad():
        z = net(Tensor(x + 0.4 * noise)).numpy()
        found = smoothing.soft(net, tensor(x), tensor(noise), 0.4).numpy()
    assert np.exp(found) == pytest.approx(special.softmax(z, axis=2).mean(axis=0), rel=1e-12)
