"""Tempering: chains that cross between modes because they are hot for a while.

    p_k(x) ~ p(x)^(1 / c_k) = e^{-f(x) / c_k},    1 = c_1 < c_2 < ... < c_K

At a high temperature c the valleys of p are shallow.  Simulated tempering lets a chain wander
through temperatures as through space (Marinari and Parisi 1992, hep-lat/9205018): its state is
(x, k), its law is to be P(x, k) = p_k(x) / K, and it moves from level k to k' with probability

    min(1, r_k' e^{-f(x) / c_k'} / (r_k e^{-f(x) / c_k})).

That asks for weights r_k = 1 / Z_k: with weights 1, as the notes have it, level k is visited in
proportion to Z_k (`minidl notes tempering`).  The Z_k can be estimated from the hottest level on
(`estimate_log_weights`; Ge, Lee and Risteski 2018, arXiv:1812.00793, algorithm 2).  They show that
for K shifted copies of one log-concave law a number of steps that is polynomial in K and in the
dimension suffices.

What the notes call "swapping" is parallel tempering (Swendsen and Wang 1986): a chain at every
temperature, and neighbours exchange their places with probability

    min(1, p_k(x') p_k'(x) / (p_k(x) p_k'(x'))),

from which the Z_k cancel.

Arrays in, arrays out.  `log_density` is -f, (N, D) -> (N,), and `score` its gradient.

Rows of the notes: tempering, tempering-runtime.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

LogDensity = Callable[[np.ndarray], np.ndarray]
Score = Callable[[np.ndarray], np.ndarray]


class Ladder(NamedTuple):
    """Temperatures from cold to hot, (K,), and the logarithms of the weights r_k, (K,)."""

    temperatures: np.ndarray
    log_weights: np.ndarray


class Walkers(NamedTuple):
    """N chains of simulated tempering: where they are, (N, D), and at which level, (N,)."""

    x: np.ndarray
    level: np.ndarray


def temperatures(hottest: float, levels: int) -> np.ndarray:
    """1 to `hottest` in geometric progression: (K,)."""
    return np.geomspace(1.0, hottest, levels)


# ------------------------------------------------------------------------- simulated tempering


def tempered_langevin(
    x: np.ndarray, score: Score, c: np.ndarray, step: float, rng: np.random.Generator
) -> np.ndarray:
    """A Langevin step of each chain at its own temperature: only the noise is hotter.

    x: (..., N, D), c: (..., N).  With f / c for f and c eps for eps,
        x - (c eps) grad f / c + sqrt(2 c eps) z  =  x + eps grad log p + sqrt(2 eps c) z.
    """
    z = rng.standard_normal(x.shape)
    return x + step * score(x) + np.sqrt(2 * step * c)[..., None] * z


def switch_probability(
    log_density: np.ndarray, ladder: Ladder, level: np.ndarray, to: np.ndarray
) -> np.ndarray:
    """min(1, r_k' p^(1/c_k') / (r_k p^(1/c_k))).  log_density, level, to: (N,).  Returns (N,)."""
    inverse, log_r = 1 / ladder.temperatures, ladder.log_weights
    log_ratio = (inverse[to] - inverse[level]) * log_density + log_r[to] - log_r[level]
    return np.exp(np.minimum(log_ratio, 0.0))


def simulated_tempering_step(
    walkers: Walkers, log_density: LogDensity, score: Score, ladder: Ladder, step: float,
    rng: np.random.Generator,
) -> Walkers:  # fmt: skip
    """A Langevin step at the walkers' levels; then half of the time an attempt at the next level.

    The attempt goes up or down with equal chances, and fails beyond the ends of the ladder.
    """
    x, level = walkers
    x = tempered_langevin(x, score, ladder.temperatures[level], step, rng)
    to = level + rng.choice([-1, 0, 0, 1], len(level))
    inside = (to >= 0) & (to < len(ladder.temperatures))
    to = np.where(inside, to, level)
    accepted = rng.uniform(size=len(level)) < switch_probability(log_density(x), ladder, level, to)
    return Walkers(x, np.where(accepted, to, level))


def estimate_log_weights(
    x: np.ndarray, log_density: LogDensity, score: Score, temperatures: np.ndarray, step: float,
    steps: int, rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """log r_k = -log Z_k + constant for every level, (K,), with log r_K = 0 at the hottest.

    The hottest level alone is walked first; from what its walkers see,
        Z_k / Z_{k+1} = E over p_{k+1} of e^{-f (1/c_k - 1/c_{k+1})},
    so that the next colder level can be joined to the ladder, and so on down to the first.
    x: (N, D), where the walkers begin.  steps: for each level, of which the first half is not used.
    """
    log_weights = np.zeros(1)  # of the levels from k on
    walkers = Walkers(x, np.zeros(len(x), np.int64))
    for k in range(len(temperatures) - 2, -1, -1):
        ladder = Ladder(temperatures[k + 1 :], log_weights)
        colder = 1 / temperatures[k] - 1 / temperatures[k + 1]
        seen = []
        for number in range(steps):
            walkers = simulated_tempering_step(walkers, log_density, score, ladder, step, rng)
            if number >= steps // 2:
                seen.append(log_density(walkers.x[walkers.level == 0]) * colder)
        values = np.concatenate(seen)
        top = values.max()
        log_ratio = top + np.log(np.mean(np.exp(values - top)))  # log Z_k - log Z_{k+1}
        log_weights = np.concatenate([[log_weights[0] - log_ratio], log_weights])
        walkers = Walkers(walkers.x, walkers.level + 1)  # the new level is number 0
    return log_weights


# --------------------------------------------------------------------------- parallel tempering


def parallel_tempering_step(
    x: np.ndarray, log_density: LogDensity, score: Score, temperatures: np.ndarray, step: float,
    rng: np.random.Generator,
) -> np.ndarray:  # fmt: skip
    """A Langevin step at every level, then swaps between neighbours.

    x: (K, N, D), N independent ladders of K chains.  Returns its like.
    Which pairs of neighbours are tried, (1 2)(3 4).. or (2 3)(4 5).., is chosen by a coin.
    """
    levels, n, d = x.shape
    flat = lambda f, x: f(x.reshape(-1, d)).reshape(levels, n, -1)
    c = np.repeat(temperatures[:, None], n, axis=1)
    x = tempered_langevin(x, lambda x: flat(score, x), c, step, rng)
    log_p = flat(log_density, x)[:, :, 0]
    low = np.arange(rng.integers(2), levels - 1, 2)
    # p_k(x') p_k'(x) / (p_k(x) p_k'(x')) = e^{(1/c_k - 1/c_k') (log p(x') - log p(x))}
    inverse = 1 / temperatures
    log_ratio = (inverse[low] - inverse[low + 1])[:, None] * (log_p[low + 1] - log_p[low])
    swap = (rng.uniform(size=log_ratio.shape) < np.exp(np.minimum(log_ratio, 0)))[:, :, None]
    cold, hot = np.where(swap, x[low + 1], x[low]), np.where(swap, x[low], x[low + 1])
    x = x.copy()
    x[low], x[low + 1] = cold, hot
    return x
