"""How a critic is kept from becoming steep: a price on its slope, or bounds on its weights.

    price      lambda E (|grad D(x)| - 1)^2    at points x between real and generated examples
               (WGAN-GP: Gulrajani et al. 2017, arXiv:1704.00028, equation 3), or around real ones
               (DRAGAN: Kodali et al. 2017, arXiv:1705.07215); lambda = 10
    clipping   every weight in [-c, c] after every step (WGAN: Arjovsky et al. 2017,
               arXiv:1701.07875, algorithm 1); c = .01
    spectral   every matrix divided by its largest singular value (Miyato et al. 2018,
               arXiv:1802.05957), which makes a critic of linear layers and ReLUs 1-Lipschitz

Any of them goes with any loss.  The gradient is that with respect to the example, so the price's
own gradient is one of second order.  The norm is that of one example's gradient over all its axes,
and the mean is over examples: each has its own point and its own slope.  Batch norm in the critic
would make D(x) depend on the other examples, and leave grad D(x) without a meaning.

The notes print WGAN-GP's expectation over generated x alone; it is over pairs of a real and a
generated example and over alpha ~ U[0, 1], drawn for each pair (`minidl notes wgan-gp`).  For
DRAGAN they print the Wasserstein loss as the base.  It has no least value when the slope is priced
around real examples only, for nothing holds D up at the generated ones; the base is the minimax
loss (`minidl notes dragan`).  And clipping bounds the Lipschitz constant by something that depends
on the architecture, so that the gap of a clipped critic is W1 up to an unknown factor.

Rows of the notes: wgan-gp, dragan, wgan-clip.
"""

from __future__ import annotations

import numpy as np

from .. import nn
from ..autograd import grad
from ..checks import between as uniform
from ..checks import checked, normal
from ..graph import Tensor
from ..nn.utils.parametrizations import spectral_norm
from ..ops.elementwise import sqrt

# ------------------------------------------------------------------------ where the slope is asked


def between(real: Tensor, fake: Tensor, alpha: Tensor) -> Tensor:
    """alpha x + (1 - alpha) G(z).

    real, fake: (N, ...).  alpha: (N, 1, ..., 1) uniform in [0, 1], one number for each pair.
    Raises ValueError if alpha has another shape: one number for the batch would ask about a single
    stretch of every line, one for each pixel about points that lie on no line.
    """
    wanted = (len(real),) + (1,) * (real.ndim - 1)
    if alpha.shape != wanted:
        raise ValueError(
            f"between: alpha of shape {alpha.shape} for examples of shape {real.shape}; each "
            f"example has one number of its own: shape {wanted}"
        )
    return alpha * real + (1 - alpha) * fake


def around(real: Tensor, noise: Tensor, scale: float = 0.5) -> Tensor:
    """x + scale std(x) noise, with the standard deviation over the whole batch.

    real, noise: (N, ...).  Kodali et al. draw the noise uniformly, the notes from N(0, 1).
    """
    return real + scale * real.std() * noise


# ------------------------------------------------------------------------------------- the price


def slopes(critic: nn.Module, x: Tensor) -> Tensor:
    """|grad D(x_i)|, the norm over all axes of example i.  x: (N, ...).  Returns (N,).

    The critic's number for an example must depend on that example alone.  1e-12 is added under the
    root, whose derivative at 0 is infinite.
    """
    if not x.requires_grad:
        x = x.detach().requires_grad_()
    (gradient,) = grad(critic(x).sum(), x, create_graph=True)
    return sqrt((gradient**2).reshape(len(x), -1).sum(axis=1) + 1e-12)


def gradient_penalty(critic: nn.Module, points: Tensor) -> Tensor:
    """mean_i (|grad D(x_i)| - 1)^2.  points: (N, ...), from `between` or `around`."""
    return ((slopes(critic, points) - 1) ** 2).mean()


# ---------------------------------------------------------------------------- bounds on the weights


def clip_weights(critic: nn.Module, c: float = 0.01) -> None:
    """Put every parameter that left [-c, c] back to the bound."""
    for p in critic.parameters():
        p.data = np.clip(p.data, -c, c)


def spectrally_normalised(critic: nn.Module) -> nn.Module:
    """The critic with every linear layer and convolution divided by its spectral norm, in place.

    A convolution's norm is that of its kernel as a matrix (F, C kh kw); the map itself can stretch
    by up to sqrt(kh kw) times that.
    """
    for layer in critic.modules():
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            spectral_norm(layer)
    return critic


def _pictures(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 3, 2, rng=rng), nn.Tanh(), nn.Flatten(), nn.Linear(12, 1, rng=rng)
    )


def _vectors(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 5, rng=rng), nn.Tanh(), nn.Linear(5, 1, rng=rng))


checked(between, real=normal(4, 3), fake=normal(4, 3), alpha=uniform(0, 1, 4, 1))
checked(around, real=normal(4, 3), noise=uniform(-1, 1, 4, 3))
checked(slopes, critic=_vectors, x=normal(4, 3))
checked(gradient_penalty, case="vectors", critic=_vectors, points=normal(4, 3))
checked(gradient_penalty, case="pictures", critic=_pictures, points=normal(2, 2, 3, 3))
