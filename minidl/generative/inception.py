"""Two numbers for samples that have no likelihood, by a classifier of real pictures.

    inception score    exp E_x KL(p(y|x) || p(y)),   p(y) = E_x p(y|x)
    Frechet distance   |m - m'|^2 + tr(S + S' - 2 (S S')^1/2)

p(y|x) is the classifier's answer.  The score is large where it is sure of every sample (p(y|x) is
narrow) and the samples are of all classes alike (p(y) is wide): from 1, where the answer is always
the same law, to the number of classes.  Its logarithm is the mutual information of sample and
class.  The notes say as much in words and print no formula; it is that of Salimans et al. 2016
(arXiv:1606.03498), section 4.

It looks at no real picture, and not inside a class: one picture of each class, repeated for ever,
has the best score there is.  The Frechet distance does both: m and S are mean and covariance of the
classifier's features of the samples, m' and S' those of real pictures, and the distance is
Wasserstein-2, squared, between the normal laws with these moments (Heusel et al. 2017,
arXiv:1706.08500).  Estimated from n samples it is too large, by an amount that falls as 1/n:
compare only what was estimated from equally many.

Rows of the notes: inception-score.
"""

from __future__ import annotations

import numpy as np
from scipy.special import rel_entr


def inception_score(probabilities: np.ndarray) -> float:
    """exp E_x KL(p(y|x) || p(y)), from 1 to K.

    probabilities: (N, K), row i the classifier's law over the classes for sample i.
    Raises ValueError if the rows are no laws.
    """
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-4):
        raise ValueError(
            f"inception_score: rows of probabilities must sum to 1, and sum to "
            f"{probabilities.sum(axis=1).min():.4g} at least; of logits take the softmax first"
        )
    marginal = probabilities.mean(axis=0)  # p(y): (K,)
    information = rel_entr(probabilities, marginal).sum(axis=1).mean()
    return float(np.exp(information))


def frechet_distance(x: np.ndarray, y: np.ndarray) -> float:
    """|m - m'|^2 + tr(S + S' - 2 (S S')^1/2) of two samples of features.

    x: (N, D), y: (M, D), with N and M well above D.  Returns a number, 0 for x = y.
    """
    x, y = x.astype(np.float64), y.astype(np.float64)
    s, t = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    # S S' has the eigenvalues of S^1/2 S' S^1/2, which is symmetric
    values, vectors = np.linalg.eigh(s)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ t @ root), 0)).sum()
    shift = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    return float(max(shift + np.trace(s) + np.trace(t) - 2 * shared, 0))
