"""What the tests of adversarial networks measure with one seed, for five of them.

    python -m tests.calibration.gan

It takes about a minute of one core.  The table is in docs/gan.md.
"""

import numpy as np
from scipy.stats import entropy

from minidl import oracles, tensor
from minidl.generative.optimal import law_value
from tests.generative import (
    test_gan,
    test_gan_began,
    test_gan_evaluation,
    test_gan_integral_metrics,
)
from tests.generative.laws import POINTS

SEEDS = range(5)
DISTANCE = np.abs(POINTS[:, None] - POINTS)


def optimal_discriminator(seed):
    """V at the logits log p/q, less -log 4 + 2 JSD.  Seed 0 gives the laws of the yardstick."""
    p, q = np.random.default_rng(seed).dirichlet(np.ones(8), size=2)
    found = law_value(tensor(np.log(p / q)), tensor(p), tensor(q)).item()
    jsd = entropy((p + q) / 2) - entropy(p) / 2 - entropy(q) / 2
    return found, found - (2 * jsd - np.log(4))


def wasserstein(seed):
    """W1 as the least cost, as the best critic's gap and as an area, on eight points."""
    p, q = np.random.default_rng(seed).dirichlet(np.ones(8), size=2)
    return (
        oracles.wasserstein1(DISTANCE, p, q)[0],
        oracles.wasserstein1_dual(DISTANCE, p, q)[0],
        oracles.wasserstein1_line(POINTS, POINTS, p, q),
    )


def ratio(pair):
    """A gap over the exact distance."""
    return [pair[0] / pair[1]]


YARDSTICKS = {
    ("optimal discriminator: value", "less −log 4 + 2 JSD"): optimal_discriminator,
    ("W1: least cost", "W1: best critic", "W1: area"): wasserstein,
    ("WGAN-GP: gap over exact W1",):
        lambda seed: ratio(test_gan.trained_critic(seed, steps=400, points=True)),
    ("clipped at .1: gap over exact W1",):
        lambda seed: ratio(test_gan.trained_critic(seed, 300, points=False, clip=0.1, lr=5e-3)),
    ("1-Lipschitz network on a line: gap over W1",):
        lambda seed: ratio(test_gan.gap_on_a_line(1, seed)),
    ("Gaussian found: mean (3)", "Gaussian found: deviation (.5)"): test_gan.gaussian_found,
    ("BEGAN, gamma .5: ratio of errors",):
        lambda seed: [test_gan_began.ratio_at_the_end(0.5, seed)[0]],
    ("BEGAN, gamma .75: ratio of errors",):
        lambda seed: [test_gan_began.ratio_at_the_end(0.75, seed)[0]],
    ("support of 400, by birthdays",): lambda seed: [test_gan_evaluation.estimate(seed)],
    tuple(f"overfitting, width {width}" for width in (2, 16, 128)):
        lambda seed: [test_gan_integral_metrics.overfit(width, seed) for width in (2, 16, 128)],
}  # fmt: skip


if __name__ == "__main__":
    print("| yardstick |", *(f"seed {seed} |" for seed in SEEDS))
    print("| --- |", *("--- |" for _ in SEEDS))
    for names, measure in YARDSTICKS.items():
        for name, values in zip(names, zip(*map(measure, SEEDS))):
            print(f"| {name} |", *(f"{value:.4g} |" for value in values), flush=True)
