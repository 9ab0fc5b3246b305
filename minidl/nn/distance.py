"""Distances and angles as modules."""

from __future__ import annotations

from . import functional as F
from .applied import Applied


class PairwiseDistance(Applied):
    """||x1 - x2 + eps||_p along the last axis; inputs (x1, x2), which broadcast."""

    function = staticmethod(F.pairwise_distance)
    settings = ("p", "eps", "keepdim")

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        self.p, self.eps, self.keepdim = p, eps, keepdim


class CosineSimilarity(Applied):
    """The cosine of the angle along axis `dim`; inputs (x1, x2), which broadcast."""

    function = staticmethod(F.cosine_similarity)
    settings = ("dim", "eps")

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        self.dim, self.eps = dim, eps
