"""Rules: a box is found exactly, a split is the best there is, a superpixel keeps to its colour."""

import numpy as np
import pytest

from minidl.interpret import rules
from minidl.interpret.superpixels import slic


def test_a_box_becomes_its_four_rules():
    """x > .25, x <= .75, y > .25, y <= .75 on a grid: five leaves, and no mistake."""
    line = (np.arange(20) + 0.5) / 20
    x = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    answers = ((np.abs(x - 0.5) < 0.25).all(axis=1)).astype(int)
    tree = rules.grow(x, answers, depth=4)
    assert rules.fidelity(tree, x, answers) == 1
    lines = list(tree.rules(["x", "y"], ["outside", "inside"]))
    (inside,) = [line for line in lines if "-> inside" in line]
    assert len(lines) == 5
    for part in ("x > 0.25", "x <= 0.75", "y > 0.25", "y <= 0.75", "(25%)"):
        assert part in inside


def gini(answers):
    p = np.bincount(answers) / len(answers)
    return len(answers) * (1 - (p**2).sum())


@pytest.mark.parametrize("seed", range(5))
def test_the_split_is_the_best_of_all(seed):
    rng = np.random.default_rng(seed)
    x, answers = rng.integers(0, 6, (25, 3)).astype(float), rng.integers(0, 3, 25)
    scores = {}
    for feature in range(3):
        for threshold in np.unique(x[:, feature])[:-1]:
            low = x[:, feature] <= threshold
            if 4 <= low.sum() <= 21:
                scores[feature, threshold] = gini(answers[low]) + gini(answers[~low])
    feature, threshold = rules.best_split(x, answers, least=4)
    low = x[:, feature] <= threshold
    assert low.sum() >= 4 and (~low).sum() >= 4
    assert gini(answers[low]) + gini(answers[~low]) == pytest.approx(min(scores.values()))


def test_what_cannot_be_told_apart_stays_together():
    tree = rules.grow(np.zeros((5, 2)), np.array([0, 1, 1, 1, 0]), depth=3)
    assert list(tree.rules(["a", "b"], ["no", "yes"])) == ["always -> yes  (100%)"]
    assert tree.predict(np.ones((2, 2))).tolist() == [1, 1]


def test_a_deeper_tree_agrees_more_and_leaves_keep_their_least_size():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 4))
    answers = (np.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] > 0).astype(int)
    trees = [rules.grow(x, answers, depth, least=10) for depth in range(6)]
    agreement = [rules.fidelity(tree, x, answers) for tree in trees]
    assert agreement == sorted(agreement) and agreement[5] > agreement[0] + 0.2

    def leaves(tree):
        return [tree.share] if tree.low is None else leaves(tree.low) + leaves(tree.high)

    shares = leaves(trees[5])
    assert min(shares) >= 10 / 300 - 1e-12 and sum(shares) == pytest.approx(1)


def test_superpixels_follow_an_edge():
    """Left half dark, right half bright, the edge off the grid: no part crosses it."""
    image = np.zeros((1, 12, 12))
    image[:, :, 5:] = 1
    parts = slic(image, 9, compactness=0.1)
    assert parts.shape == (12, 12) and set(parts[:, :5].ravel()).isdisjoint(parts[:, 5:].ravel())


def test_superpixels_of_an_even_image_are_squares():
    parts = slic(np.zeros((3, 12, 12)), 9)
    expected = np.arange(12)[:, None] // 4 * 3 + np.arange(12) // 4
    assert (parts == expected).all()
