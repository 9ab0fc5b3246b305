"""Rules: a decision tree that says what a network says.  A global explanation.

The tree is grown on the network's answers, not on the labels, so that it explains the network with
its mistakes; how often the two agree on new inputs is its fidelity, which belongs to the rules as
an error bar belongs to a number.  A split is where it lowers the Gini impurity 1 - sum_c p_c^2
most (CART: Breiman, Friedman, Olshen and Stone 1984).  Craven and Shavlik 1996 (TREPAN, NeurIPS 8)
also ask the network about inputs that they make up; do so by making `x` larger.

Rows of the notes: attribution-taxonomy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tree:
    """A leaf says `answer`; a split sends x to `low` where x[feature] <= threshold, else `high`.

    share: of the inputs it was grown on, those that come here.
    """

    answer: int
    share: float
    feature: int = -1
    threshold: float = 0.0
    low: Tree | None = None
    high: Tree | None = None

    def predict(self, x: np.ndarray) -> np.ndarray:
        """x: (N, D).  Returns (N,)."""
        if self.low is None:
            return np.full(len(x), self.answer)
        is_low = x[:, self.feature] <= self.threshold
        found = np.empty(len(x), int)
        found[is_low], found[~is_low] = self.low.predict(x[is_low]), self.high.predict(x[~is_low])
        return found

    def rules(self, names: list[str], answers: list[str], when: tuple = ()) -> Iterator[str]:
        """One line for each leaf: 'age > 3.5 and weight <= 2 -> bag  (12 %)'."""
        if self.low is None:
            yield f"{' and '.join(when) or 'always'} -> {answers[self.answer]}  ({self.share:.0%})"
            return
        name, at = names[self.feature], f"{self.threshold:.3g}"
        yield from self.low.rules(names, answers, (*when, f"{name} <= {at}"))
        yield from self.high.rules(names, answers, (*when, f"{name} > {at}"))


def grow(x: np.ndarray, answers: np.ndarray, depth: int, least: int = 1) -> Tree:
    """A tree of at most this depth, each leaf with at least `least` of the inputs.

    x: (N, D).  answers: (N,) what the network says, from 0.
    """
    return _grow(x, answers, depth, least, len(x))


def fidelity(tree: Tree, x: np.ndarray, answers: np.ndarray) -> float:
    """The share of inputs on which the tree says what the network says."""
    return float((tree.predict(x) == answers).mean())


def _grow(x: np.ndarray, answers: np.ndarray, depth: int, least: int, total: int) -> Tree:
    counts = np.bincount(answers)
    leaf = Tree(int(counts.argmax()), len(x) / total)
    if depth == 0 or counts.max() == len(x):
        return leaf
    feature, threshold = best_split(x, answers, least)
    if feature < 0:
        return leaf
    is_low = x[:, feature] <= threshold
    low, high = (_grow(x[s], answers[s], depth - 1, least, total) for s in (is_low, ~is_low))
    return Tree(leaf.answer, leaf.share, feature, threshold, low, high)


def best_split(x: np.ndarray, answers: np.ndarray, least: int = 1) -> tuple[int, float]:
    """The feature and threshold with the least impurity after the split; (-1, 0) if there is none.

    Weighted by size, N (1 - sum_c p_c^2) is N - sum_c n_c^2 / N on each side, for every place
    between two different values.
    """
    n, onehot = len(x), np.eye(answers.max() + 1)[answers]
    best, found = np.inf, (-1, 0.0)
    for feature in range(x.shape[1]):
        order = np.argsort(x[:, feature], kind="stable")
        values, below = x[order, feature], onehot[order].cumsum(axis=0)  # (N,), (N, C)
        size = np.arange(1, n)
        low, high = below[:-1], below[-1] - below[:-1]
        impurity = n - (low**2).sum(axis=1) / size - (high**2).sum(axis=1) / (n - size)
        allowed = (values[1:] > values[:-1]) & (size >= least) & (n - size >= least)
        impurity = np.where(allowed, impurity, np.inf)
        place = int(impurity.argmin()) if n > 1 else 0
        if n > 1 and impurity[place] < best - 1e-9:
            best = impurity[place]
            found = feature, float((values[place] + values[place + 1]) / 2)
    return found
