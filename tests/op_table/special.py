"""Special functions, against SciPy; those that are SciPy's, against a formula."""

import numpy as np
import scipy.special
import scipy.stats

import minidl

from .elementwise import unary
from .row import Row, between, case, either_sign, generator, normal, on_grid

rng = generator("special")
x = between(0.3, 4)(rng, (2, 3))
positive = between(0.3, 2)(rng, (2, 3))

ROWS = [
    unary(minidl.erf, normal, reference=lambda x: 2 * scipy.stats.norm.cdf(x * 2**0.5) - 1),
    unary(minidl.erfc, normal, reference=lambda x: 2 * scipy.stats.norm.sf(x * 2**0.5)),
    unary(
        minidl.erfinv,
        between(-0.9, 0.9),
        analytic=False,
        reference=lambda x: scipy.stats.norm.ppf((x + 1) / 2) / 2**0.5,
    ),
    unary(
        minidl.gammaln,
        between(0.3, 4),
        analytic=False,
        reference=lambda x: np.asarray(np.log(scipy.special.gamma(x))),
        rounding=1e-12,
    ),
    unary(minidl.digamma, between(0.3, 4), reference=scipy.special.psi),
    unary(minidl.gammaln, on_grid(0.2), analytic=False, reference=scipy.special.gammaln),
    Row(minidl.polygamma, scipy.special.polygamma, [case(n, x) for n in (0, 1, 2, 3)]),
    Row(
        minidl.xlogy,
        lambda a, b: np.where(a == 0, 0, a * np.log(b)),
        [
            case(normal(rng, (2, 3)), positive),
            case(either_sign(0.3, 2)(rng, (4, 1)), positive[0]),
            case(0.0, positive),
            case(2.0, positive),
        ],
    ),
]
