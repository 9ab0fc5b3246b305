"""PyTorch's `autograd`: the gradient as a function call, and its checks."""

from .graph import backward, enable_grad, grad, no_grad, set_grad_enabled

__all__ = ["backward", "enable_grad", "grad", "no_grad", "set_grad_enabled"]
