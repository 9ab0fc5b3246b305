"""PyTorch's `autograd`: the gradient as a function call, operations of your own, and checks."""

from .function import Function, once_differentiable
from .gradcheck import GradcheckError, gradcheck, gradgradcheck
from .recording import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .reverse import backward, grad

__all__ = [
    "Function",
    "GradcheckError",
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "set_grad_enabled",
]
