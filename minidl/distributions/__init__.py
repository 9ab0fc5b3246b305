"""Probability distributions: log densities, samples that gradients flow through, divergences.

To read: `distribution` (what all share), `continuous`, `discrete`, `gamma`, `multivariate_normal`,
`relaxed`, `combined`, `kl`.  The names are PyTorch's.
"""

from .combined import Independent, MixtureSameFamily
from .continuous import Exponential, Laplace, Normal, Uniform
from .discrete import Bernoulli, Binomial, Categorical, Poisson
from .distribution import Distribution
from .gamma import Beta, Dirichlet, Gamma, StudentT
from .kl import kl_divergence, register_kl
from .multivariate_normal import MultivariateNormal
from .relaxed import RelaxedBernoulli, RelaxedOneHotCategorical

__all__ = [
    "Bernoulli",
    "Beta",
    "Binomial",
    "Categorical",
    "Dirichlet",
    "Distribution",
    "Exponential",
    "Gamma",
    "Independent",
    "Laplace",
    "MixtureSameFamily",
    "MultivariateNormal",
    "Normal",
    "Poisson",
    "RelaxedBernoulli",
    "RelaxedOneHotCategorical",
    "StudentT",
    "Uniform",
    "kl_divergence",
    "register_kl",
]
