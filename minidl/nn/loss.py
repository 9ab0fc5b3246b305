"""Losses as modules; the function of the name in `functional` has the formula of each."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Tensor
from . import functional as F
from .module import Module


class Loss(Module):
    """function(*inputs, **settings), where the settings are attributes; weights are buffers."""

    function: Callable
    settings: tuple[str, ...] = ("reduction",)

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction

    def forward(self, *inputs: Tensor) -> Tensor:
        """The loss of the inputs, in the order of the function's parameters."""
        return self.function(*inputs, **{name: getattr(self, name) for name in self.settings})

    def extra_repr(self) -> str:
        """The settings that are numbers or words."""
        names = [name for name in self.settings if name not in self._buffers]
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in names)


# --------------------------------------------------------------------------------- classification


class CrossEntropyLoss(Loss):
    """-log softmax(logits)[target]; see `functional.cross_entropy`."""

    function = staticmethod(F.cross_entropy)
    settings = ("weight", "ignore_index", "reduction", "label_smoothing")

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index, self.label_smoothing = ignore_index, label_smoothing


class NLLLoss(Loss):
    """-log_probabilities[target]; see `functional.nll_loss`."""

    function = staticmethod(F.nll_loss)
    settings = ("weight", "ignore_index", "reduction")

    def __init__(
        self, weight: Tensor | None = None, *, ignore_index: int = -100, reduction: str = "mean"
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index


class BCELoss(Loss):
    """Cross-entropy of probabilities of a yes; see `functional.binary_cross_entropy`."""

    function = staticmethod(F.binary_cross_entropy)
    settings = ("weight", "reduction")

    def __init__(self, weight: Tensor | None = None, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)


class BCEWithLogitsLoss(Loss):
    """Cross-entropy of the logits of a yes; see `functional.binary_cross_entropy_with_logits`."""

    function = staticmethod(F.binary_cross_entropy_with_logits)
    settings = ("weight", "reduction", "pos_weight")

    def __init__(
        self,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(reduction=reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)


# ------------------------------------------------------------------------------------ regression


class MSELoss(Loss):
    """(input - target)^2."""

    function = staticmethod(F.mse_loss)
