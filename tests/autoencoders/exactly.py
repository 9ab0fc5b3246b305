"""The minimum of a smooth loss of a small model, to the last digits."""

from collections.abc import Callable

from minidl import Tensor, nn, optim


def minimise(module: nn.Module, loss: Callable[[], Tensor]) -> float:
    """Bring `loss()` to its nearest minimum over the module's parameters, in float64."""
    free = [p for p in module.parameters() if p.requires_grad]
    optimiser = optim.LBFGS(
        free, max_iter=2000, line_search_fn="strong_wolfe", tolerance_grad=1e-10,
        tolerance_change=1e-15,
    )  # fmt: skip

    def closure() -> Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)
    return loss().item()
