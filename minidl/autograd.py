"""PyTorch's `autograd`: the gradient as a function call, and its checks."""

from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .graph import backward, enable_grad, grad, no_grad, set_grad_enabled

__all__ = [
    "GradcheckError",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "no_grad",
    "set_grad_enabled",
]
