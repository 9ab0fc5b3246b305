"""Linear models, and the largest margin that each norm allows on them, found by other means."""

import numpy as np
from scipy.optimize import brentq, linprog

from minidl import nn, tensor


def linear_model(classes=2, features=6, seed=0):
    """z = W x + b in float64, and W, b as arrays."""
    rng = np.random.default_rng(seed)
    W, b = rng.normal(size=(classes, features)), rng.normal(size=classes)
    model = nn.Linear(features, classes).double()
    model.load_state_dict({"weight": W, "bias": b})
    return model, W, b


def inputs(n=8, features=6, seed=1, low=0.0, high=1.0):
    """Points in the box, a third of their numbers on its faces."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(low, high, (n, features))
    return np.where(rng.uniform(size=x.shape) < 1 / 3, np.round(x), x)


def largest_growth(w, x, norm, epsilon, bounds):
    """max <w, delta> over |delta|_norm <= epsilon, low <= x + delta <= high, of one example.

    Norms inf and 1 by linear programs, 2 by its Lagrangian, 0 by choosing the best numbers.
    """
    low, high = bounds[0] - x, bounds[1] - x
    if norm == np.inf:
        box = list(zip(np.maximum(low, -epsilon), np.minimum(high, epsilon)))
        return -linprog(-w, bounds=box).fun
    if norm == 1:  # delta = up - down
        box = [(0, h) for h in high] + [(0, -l) for l in low]
        ones = np.ones((1, 2 * len(w)))
        return -linprog(np.concatenate([-w, w]), A_ub=ones, b_ub=[epsilon], bounds=box).fun
    if norm == 2:
        at = lambda t: np.clip(t * w, low, high)
        excess = lambda t: np.linalg.norm(at(t)) - epsilon
        return w @ at(1e9 if excess(1e9) < 0 else brentq(excess, 0, 1e9, xtol=1e-14))
    return np.sort(np.maximum(w * low, w * high))[::-1][: int(epsilon)].sum()


def logits(model, x):
    """As an array."""
    return model(tensor(x)).detach().numpy()
