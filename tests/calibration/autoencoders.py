"""The chapter's yardsticks for five seeds: what the tests measure with one, and how it spreads.

    python -m tests.calibration.autoencoders

It takes about a minute and a half of one core.  The table is in docs/autoencoders.md.
"""

import math

import numpy as np
from scipy.linalg import hadamard

from minidl.autoencoders.adversarial import exact_value, optimal_discriminator
from minidl.autoencoders.divergences import jensen_shannon
from tests.autoencoders import (
    digits,
    test_adversarial,
    test_autoencoder,
    test_denoising,
    test_disentanglement,
    test_estimators,
    test_linear_vae,
    test_wasserstein,
)

SEEDS = range(5)
ROTATION = hadamard(4) / 2


def rotated(pairs, seed):
    """The metric of perfect codes after a random rotation."""
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))
    return test_disentanglement.score(lambda f: f @ rotation, pairs, seed)


def linear_vae(seed):
    _, _, bound, fit = test_linear_vae.at_its_best(seed)
    return bound, bound - fit.log_likelihood


def importance_weighted(seed):
    rng = np.random.default_rng(seed)
    return [test_estimators.bounds(rng, k, 200_000 // k).mean() for k in test_estimators.DRAWS]


def matched(judged, seed):
    """Error and MMD^2 over those of a plain autoencoder."""
    return np.array(judged) / np.array(digits.plain(seed))


score, aae = test_disentanglement.score, test_adversarial.trained_aae
YARDSTICKS = {
    ("linear VAE: bound at its best", "less log p of probabilistic PCA"): linear_vae,
    tuple(f"importance-weighted bound, K = {k}" for k in test_estimators.DRAWS):
        importance_weighted,
    ("variance at 1.5: reparameterised", "variance at 1.5: score function"):
        lambda seed: test_estimators.gradients(1.5, 100_000, seed).var(axis=1),
    ("beta-VAE metric, perfect codes",): lambda seed: [score(lambda f: f, 5, seed)],
    ("beta-VAE metric, Hadamard rotation",):
        lambda seed: [score(lambda f: f @ ROTATION, 5, seed)],
    ("beta-VAE metric, random rotation, 5 pairs",): lambda seed: [rotated(5, seed)],
    ("beta-VAE metric, random rotation, 64 pairs",): lambda seed: [rotated(64, seed)],
    ("deep autoencoder of a curve: error over PCA's",):
        lambda seed: [test_autoencoder.error_on_a_curve(seed)],
    ("learned score, root mean squared error",):
        lambda seed: [test_denoising.error_of_a_learned_score(seed)],
    ("critic's gap over exact W1",): lambda seed: [test_wasserstein.gap_of_a_trained_critic(seed)],
    ("JSD estimate, samples of one law", "the same on unseen samples"):
        test_adversarial.estimates_of_jsd,
    ("adversarial: error over plain", "adversarial: MMD^2 over plain"):
        lambda seed: matched(aae(seed), seed),
    ("MMD: error over plain", "MMD: MMD^2 over plain"):
        lambda seed: matched(test_wasserstein.trained_with("mmd", seed), seed),
    ("sliced W.: error over plain", "sliced W.: MMD^2 over plain"):
        lambda seed: matched(test_wasserstein.trained_with("sliced Wasserstein", seed), seed),
}  # fmt: skip

if __name__ == "__main__":
    print(f"log p of the importance-weighted example: {test_estimators.LOG_P:.4f}")
    q, p = test_adversarial.Q, test_adversarial.P
    value = exact_value(optimal_discriminator(q, p), q, p).item()
    jsd = jensen_shannon(q, p).item()
    print(f"best discriminator of two laws: {value:.5f}, 2 JSD - 2 log 2 = "
          f"{2 * jsd - 2 * math.log(2):.5f}")  # fmt: skip
    print("| yardstick | seed 0 | 1 | 2 | 3 | 4 |\n| --- | --- | --- | --- | --- | --- |")
    for names, measure in YARDSTICKS.items():
        for name, values in zip(names, np.transpose([measure(seed) for seed in SEEDS])):
            print(f"| {name} | {' | '.join(f'{value:.5g}' for value in values)} |", flush=True)
