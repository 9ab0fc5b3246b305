"""Tables of vectors, looked up by number."""

from __future__ import annotations

from typing import Any

from .. import backend
from ..graph import Tensor
from . import functional as F
from . import init
from .module import Module
from .parameter import Parameter, empty_parameter


class Embedding(Module):
    """A table of vectors: number i gives row i of the weight.

    weight: (num_embeddings, embedding_dim), at first standard normal.
    padding_idx: a row that starts as 0 and gets no gradient.
    max_norm: rows that are looked up are first shortened, in place, to this norm_type-norm.
    scale_grad_by_freq: a row's gradient is the mean, not the sum, over its uses in a batch.
    sparse: accepted for PyTorch's sake; gradients are dense.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        *,
        device: str | None = None,
        dtype: Any = None,
        rng: Any = None,
    ) -> None:
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"Embedding: row {padding_idx} is not among {num_embeddings}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self.weight = empty_parameter((num_embeddings, embedding_dim), dtype, device)
        self.reset_parameters(rng)

    def reset_parameters(self, rng: Any = None) -> None:
        """Draw the initial values again."""
        rng = backend.generator(self.weight.device, rng)
        init.normal_(self.weight, generator=rng)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **settings: Any) -> Embedding:
        """A table with these vectors (V, D), by default one that does not learn."""
        made = cls(*embeddings.shape, **settings)
        made.weight = Parameter(embeddings, requires_grad=not freeze)
        return made

    def forward(self, input: Tensor) -> Tensor:
        """input: integers (...).  Returns (..., embedding_dim)."""
        lengths = self.max_norm, self.norm_type
        return F.embedding(input, self.weight, self.padding_idx, *lengths, self.scale_grad_by_freq)

    def extra_repr(self) -> str:
        """The sizes, and what is not the default."""
        shown = f"{self.num_embeddings}, {self.embedding_dim}"
        for name in ("padding_idx", "max_norm"):
            if getattr(self, name) is not None:
                shown += f", {name}={getattr(self, name)}"
        return shown


class EmbeddingBag(Embedding):
    """The sum, mean or maximum of the vectors of each bag of numbers; see `functional`.

    weight: (num_embeddings, embedding_dim), at first standard normal.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        *,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: str | None = None,
        dtype: Any = None,
        rng: Any = None,
    ) -> None:
        self.mode, self.include_last_offset = mode, include_last_offset
        how = padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse
        super().__init__(num_embeddings, embedding_dim, *how, device=device, dtype=dtype, rng=rng)

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        """input: integers (B, L), or (M,) with offsets (B,).  Returns (B, embedding_dim)."""
        return F.embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset,
            padding_idx=self.padding_idx,
        )

    def extra_repr(self) -> str:
        """The sizes and the mode."""
        return f"{super().extra_repr()}, mode={self.mode!r}"
