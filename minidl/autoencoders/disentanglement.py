"""Is there one code unit for one cause?  The beta-VAE metric, and total correlation.

The metric (Higgins et al. 2017, "beta-VAE", ICLR, section 3) asks whether the one factor that a few
pairs of pictures share can be read off their codes.  Many times over,

    1. choose a factor k; draw L pairs of settings of all factors that agree in factor k alone;
    2. make the pictures, infer their codes z1, z2;
    3. note the mean over the L pairs of |z1 - z2|, unit by unit, together with k.

If unit j stands for factor k, its difference is 0 for that k.  The score is how often a linear
classifier finds k from the differences.  The notes print (z_avg, k) without saying what is averaged
(`minidl notes betavae-metric`: the average code knows nothing of k).  The metric is not proof
against rotations: with many pairs a generic rotation of perfect codes scores high too, for it
leaves each factor a pattern of its own.

A code is called disentangled if the aggregated posterior, the law of codes over the data, is a
product of laws of single units; the total correlation is the divergence from that.

Rows of the notes: betavae-metric, disentangled-def.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import nn, optim
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..nn import functional as F
from ..ops import linalg
from ..ops.elementwise import exp, log
from ..ops.shape import diag
from ..recording import enable_grad
from .autoencoder import descend

Represent = Callable[[np.ndarray], np.ndarray]  # factors (N, F) -> codes (N, K)
Sample = Callable[[int, np.random.Generator], np.ndarray]  # n, rng -> factors (n, F)


def mean_differences(
    represent: Represent, sample: Sample, pairs: int, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The mean of |z1 - z2| over L = `pairs` pairs that agree in one factor, and which one it is.

        v = 1/L sum_l |z1_l - z2_l|, unit by unit;    n times over, each time for a random factor

    Returns the means, (n, K), and the factors, (n,).
    Higgins et al. 2017, section 3; with L pairs, as their algorithm, and not one.
    """
    one, other = sample(n * pairs, rng), sample(n * pairs, rng)  # (n * pairs, F)
    shared = rng.integers(0, one.shape[1], n)
    rows, columns = np.arange(n * pairs), np.repeat(shared, pairs)
    other[rows, columns] = one[rows, columns]
    apart = np.abs(represent(one) - represent(other))
    return apart.reshape(n, pairs, -1).mean(axis=1), shared


def betavae_score(
    represent: Represent, sample: Sample, rng: np.random.Generator, pairs: int = 32, n: int = 1000
) -> float:
    """How often a linear classifier finds the shared factor; chance is one over their number."""
    return linear_accuracy(*mean_differences(represent, sample, pairs, 2 * n, rng), rng)


def linear_accuracy(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> float:
    """The accuracy on one half of the examples of a softmax regression on the other.

    x: (2n, K).  y: (2n,), classes.
    """
    n = len(x) // 2
    x = ((x - x.mean(axis=0)) / (x.std(axis=0) + 1e-8)).astype(np.float32)
    classifier = nn.Linear(x.shape[1], int(y.max()) + 1, rng=rng)
    optimiser = optim.Adam(classifier.parameters(), lr=0.1)
    train, labels = tensor(x[:n]), tensor(y[:n])
    with enable_grad():  # whoever measures a trained model may have switched recording off
        for _ in range(300):
            descend(optimiser, F.cross_entropy(classifier(train), labels))
    answers = classifier(tensor(x[n:])).detach().numpy().argmax(axis=1)
    return float((answers == y[n:]).mean())


def gaussian_total_correlation(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL(q(z) || product of q(z_j)) for the Gaussian with the moments of the aggregated posterior.

    mu, logvar: (N, K), of q(z|x) for each x of the data.  Returns a number, in nats; 0 only if the
    code units are uncorrelated.
    """
    # Cov z = Cov mu + E diag sigma^2;  1/2 (sum_j log C_jj - log det C)
    centred = mu - mu.mean(axis=0)
    noise = exp(logvar).mean(axis=0)
    covariance = centred.T @ centred / len(mu) + diag(noise)
    variances = (centred**2).mean(axis=0) + noise
    return 0.5 * (log(variances).sum() - linalg.slogdet(covariance)[1])


checked(gaussian_total_correlation, mu=normal(6, 3), logvar=normal(6, 3))
