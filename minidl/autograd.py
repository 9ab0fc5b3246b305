"""PyTorch's `autograd`: the gradient as a function call, and its checks."""

from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .recording import enable_grad, no_grad, set_grad_enabled
from .reverse import backward, grad

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
