"""What is known exactly: enumerations, closed forms, linear programs, quadrature.

An algorithm is tested against one of these before it is trained on anything.  They take and return
NumPy arrays in float64, use SciPy freely, and share no code with what they judge.
"""

from . import chains, gaussians, quadratic_tasks
from .enumeration import binary_states, log_sum_over_states
from .quadrature import normal_expectation
from .transport import (
    wasserstein1,
    wasserstein1_dual,
    wasserstein1_line,
    wasserstein1_samples,
)

__all__ = [
    "binary_states",
    "chains",
    "gaussians",
    "log_sum_over_states",
    "normal_expectation",
    "quadratic_tasks",
    "wasserstein1",
    "wasserstein1_dual",
    "wasserstein1_line",
    "wasserstein1_samples",
]
