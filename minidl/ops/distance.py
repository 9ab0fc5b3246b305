"""Lengths, distances and angles of vectors."""

from __future__ import annotations

from .choices import maximum
from .linalg import norm


def normalize(x, ord=2.0, axis=1, eps=1e-12):
    """x / max(||x||, eps): vectors of length 1 along `axis`, but for those that are almost 0."""
    return x / maximum(norm(x, ord, axis, True), eps)


def pairwise_distance(x1, x2, ord=2.0, eps=1e-6, keepdims=False):
    """||x1 - x2 + eps|| along the last axis; eps, as PyTorch has it, keeps equal points apart."""
    return norm(x1 - x2 + eps, ord, -1, keepdims)


def cosine_similarity(x1, x2, axis=1, eps=1e-8):
    """<x1, x2> / (max(||x1||, eps) max(||x2||, eps)) along `axis`, from -1 to 1.

    The gradient is that of this formula; PyTorch's ignores the maximum.
    """
    lengths = maximum(norm(x1, axis=axis), eps) * maximum(norm(x2, axis=axis), eps)
    return (x1 * x2).sum(axis=axis) / lengths
