"""Losses as modules; the function of the name in `functional` has the formula of each."""

from __future__ import annotations

from collections.abc import Callable

from ..graph import Tensor
from . import functional as F
from .applied import Applied


class Loss(Applied):
    """A loss; weights are buffers."""

    settings = ("reduction",)

    def __init__(self, *, reduction: str = "mean") -> None:
        self.reduction = reduction


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


class MultiMarginLoss(Loss):
    """The right class ahead of the others by a margin; see `functional.multi_margin_loss`."""

    function = staticmethod(F.multi_margin_loss)
    settings = ("p", "margin", "weight", "reduction")

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.p, self.margin = p, margin
        self.register_buffer("weight", weight)


class MultiLabelMarginLoss(Loss):
    """Every label ahead of every other class by 1; see `functional.multilabel_margin_loss`."""

    function = staticmethod(F.multilabel_margin_loss)


class MultiLabelSoftMarginLoss(BCELoss):
    """Each label a yes or no, in logits; see `functional.multilabel_soft_margin_loss`."""

    function = staticmethod(F.multilabel_soft_margin_loss)


class CTCLoss(Loss):
    """Labels for a sequence without saying when each occurs; see `functional.ctc_loss`.

    Inputs (log_probs, targets, input_lengths, target_lengths).
    """

    function = staticmethod(F.ctc_loss)
    settings = ("blank", "reduction", "zero_infinity")

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank, self.zero_infinity = blank, zero_infinity


# ------------------------------------------------------------------------------------ regression


class MSELoss(Loss):
    """(input - target)^2."""

    function = staticmethod(F.mse_loss)


class L1Loss(Loss):
    """|input - target|."""

    function = staticmethod(F.l1_loss)


class HuberLoss(Loss):
    """A parabola up to |d| = delta, straight beyond; see `functional.huber_loss`."""

    function = staticmethod(F.huber_loss)
    settings = ("reduction", "delta")

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.delta = delta


class SmoothL1Loss(Loss):
    """Huber's loss with delta = beta, divided by beta; see `functional.smooth_l1_loss`."""

    function = staticmethod(F.smooth_l1_loss)
    settings = ("reduction", "beta")

    def __init__(self, *, reduction: str = "mean", beta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        self.beta = beta


# ------------------------------------------------------------- the parameters of a distribution


class KLDivLoss(Loss):
    """KL(target || model) of log-probabilities; see `functional.kl_div`."""

    function = staticmethod(F.kl_div)
    settings = ("reduction", "log_target")

    def __init__(self, *, reduction: str = "mean", log_target: bool = False) -> None:
        super().__init__(reduction=reduction)
        self.log_target = log_target


class GaussianNLLLoss(Loss):
    """-log N(target; input, var) of (input, target, var); see `functional.gaussian_nll_loss`."""

    function = staticmethod(F.gaussian_nll_loss)
    settings = ("full", "eps", "reduction")

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full, self.eps = full, eps


class PoissonNLLLoss(Loss):
    """-log Poisson(target; rate), up to a constant; see `functional.poisson_nll_loss`."""

    function = staticmethod(F.poisson_nll_loss)
    settings = ("log_input", "full", "eps", "reduction")

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        *,
        eps: float = 1e-8,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.log_input, self.full, self.eps = log_input, full, eps


# ------------------------------------------------------------------------ rankings and embeddings


class SoftMarginLoss(Loss):
    """log(1 + e^(-target x)) for targets of -1 and 1."""

    function = staticmethod(F.soft_margin_loss)


class HingeEmbeddingLoss(Loss):
    """x for target 1, max(0, margin - x) for -1."""

    function = staticmethod(F.hinge_embedding_loss)
    settings = ("margin", "reduction")

    def __init__(self, margin: float = 1.0, *, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.margin = margin


class MarginRankingLoss(HingeEmbeddingLoss):
    """max(0, -target (x1 - x2) + margin), inputs (x1, x2, target)."""

    function = staticmethod(F.margin_ranking_loss)

    def __init__(self, margin: float = 0.0, *, reduction: str = "mean") -> None:
        super().__init__(margin, reduction=reduction)


class CosineEmbeddingLoss(MarginRankingLoss):
    """1 - cos for target 1, max(0, cos - margin) for -1, inputs (x1, x2, target)."""

    function = staticmethod(F.cosine_embedding_loss)


class TripletMarginLoss(Loss):
    """max(0, d(a, p) - d(a, n) + margin) of (a, p, n); see `functional.triplet_margin_loss`."""

    function = staticmethod(F.triplet_margin_loss)
    settings = ("margin", "p", "eps", "swap", "reduction")

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        *,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.margin, self.p, self.eps, self.swap = margin, p, eps, swap


class TripletMarginWithDistanceLoss(Loss):
    """The triplet loss for any distance, by default the Euclidean."""

    function = staticmethod(F.triplet_margin_with_distance_loss)
    settings = ("distance_function", "margin", "swap", "reduction")

    def __init__(
        self,
        *,
        distance_function: Callable | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        self.distance_function, self.margin, self.swap = distance_function, margin, swap
