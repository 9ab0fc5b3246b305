"""The inception score of known laws, and the Frechet distance against the closed form."""

import numpy as np
import pytest
from scipy.stats import entropy

from minidl import oracles
from minidl.generative.inception import frechet_distance, inception_score


def test_the_score_is_1_for_a_constant_answer_and_k_for_sure_and_even_ones():
    assert inception_score(np.tile([0.7, 0.2, 0.1], (50, 1))) == pytest.approx(1, abs=1e-12)
    assert inception_score(np.tile(np.eye(10), (5, 1))) == pytest.approx(10, abs=1e-9)
    assert inception_score(np.eye(10)[[0, 0, 3, 3]]) == pytest.approx(2)  # two classes of ten


def test_its_logarithm_is_the_information_of_sample_and_class():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=30)
    expected = entropy(p.mean(axis=0)) - entropy(p, axis=1).mean()  # H(y) - H(y|x)
    assert np.log(inception_score(p)) == pytest.approx(expected, abs=1e-12)


def test_the_score_is_blind_inside_a_class_and_the_frechet_distance_is_not():
    """Features on two circles; the class is the circle.  A generator that knows one point of each
    has the score of the data, 2, and is far from them."""
    rng = np.random.default_rng(0)
    angle, label = rng.uniform(0, 2 * np.pi, 1000), np.arange(1000) % 2
    circles = np.stack([np.cos(angle) + 5 * label, np.sin(angle)], axis=1)
    collapsed = np.stack([5.0 * label, 0.0 * label], axis=1)
    answers = lambda x: np.eye(2)[(x[:, 0] > 2.5).astype(int)]
    assert inception_score(answers(collapsed)) == pytest.approx(inception_score(answers(circles)))
    # along x the variance falls from 6.25 + 1/2 to 6.25, along y from 1/2 to 0
    exact = (np.sqrt(6.75) - 2.5) ** 2 + 0.5
    assert frechet_distance(collapsed, circles) == pytest.approx(exact, rel=0.1)
    assert frechet_distance(circles[:500], circles[500:]) < 0.02


def test_the_frechet_distance_is_that_of_normal_laws():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((200, 4)) @ rng.standard_normal((4, 4))
    y = rng.standard_normal((300, 4)) @ rng.standard_normal((4, 4)) + 1
    moments = [(z.mean(axis=0), np.cov(z, rowvar=False)) for z in (x, y)]
    expected = oracles.gaussians.wasserstein2_squared(*moments[0], *moments[1])
    assert frechet_distance(x, y) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(x, x + [3, 0, 4, 0]) == pytest.approx(25, rel=1e-9)
    dead = np.zeros((200, 1))  # a feature that never varies
    assert frechet_distance(np.hstack([x, dead]), np.hstack([x + 1, dead])) == pytest.approx(4)


def test_logits_are_refused():
    with pytest.raises(ValueError, match="softmax"):
        inception_score(np.random.default_rng(0).standard_normal((5, 3)))
