"""Models of text: a small GPT, an LSTM, skip-gram."""

from typing import Any

import numpy as np

from .harness import Library, Work, Workload


def predict_next(library: Library, model: Any, optimiser: Any, tokens: np.ndarray) -> Work:
    """Forward, cross-entropy of every next token, backward and update.  tokens: (N, T + 1)."""
    x, y = library.tensor(tokens[:, :-1].copy()), library.tensor(tokens[:, 1:].reshape(-1))

    def step() -> Any:
        logits = model(x)
        loss = library.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*model.parameters()]


def gpt(library: Library, rng: np.random.Generator) -> Work:
    """Four layers of width 128 with 4 heads, 16 sequences of 64 characters, AdamW."""
    nn, F = library.nn, library.functional

    class Block(nn.Module):
        """x + attention(norm(x)), then x + MLP(norm(x))."""

        def __init__(self, width: int, heads: int) -> None:
            super().__init__()
            self.heads = heads
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
            )

        def forward(self, x: Any) -> Any:
            n, t, width = x.shape
            qkv = self.qkv(self.norm1(x)).reshape(n, t, 3, self.heads, width // self.heads)
            q, k, v = (qkv[:, :, i].swapaxes(1, 2) for i in range(3))  # (N, heads, T, head)
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(seen.swapaxes(1, 2).reshape(n, t, width))
            return x + self.mlp(self.norm2(x))

    class GPT(nn.Module):
        """Tokens (N, T) to logits (N, T, V)."""

        def __init__(self, vocabulary: int, length: int, width: int) -> None:
            super().__init__()
            self.tokens = nn.Embedding(vocabulary, width)
            self.places = nn.Embedding(length, width)
            self.blocks = nn.Sequential(*(Block(width, 4) for _ in range(4)))
            self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary)

        def forward(self, x: Any) -> Any:
            x = self.tokens(x) + self.places.weight[: x.shape[1]]
            return self.head(self.norm(self.blocks(x)))

    model = library.initialise(GPT(80, 64, 128), rng)
    optimiser = library.optim.AdamW(model.parameters(), lr=1e-4)
    return predict_next(library, model, optimiser, rng.integers(0, 80, (16, 65)))


def lstm(library: Library, rng: np.random.Generator) -> Work:
    """One layer of 128, 32 sequences of 32 characters, Adam."""
    nn = library.nn

    class Model(nn.Module):
        """Tokens (N, T) to logits (N, T, V)."""

        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.lstm = nn.Embedding(80, 64), nn.LSTM(64, 128, batch_first=True)
            self.head = nn.Linear(128, 80)

        def forward(self, x: Any) -> Any:
            return self.head(self.lstm(self.tokens(x))[0])

    model = library.initialise(Model(), rng)
    optimiser = library.optim.Adam(model.parameters(), lr=1e-4)
    return predict_next(library, model, optimiser, rng.integers(0, 80, (32, 33)))


def skip_gram(library: Library, rng: np.random.Generator) -> Work:
    """20,000 words in 100 dimensions, 1,024 pairs with 5 negatives each, SGD."""
    nn, F = library.nn, library.functional

    class SkipGram(nn.Module):
        """-log s(u'v) - sum log s(-u'v-), averaged over the pairs."""

        def __init__(self) -> None:
            super().__init__()
            self.words, self.contexts = nn.Embedding(20_000, 100), nn.Embedding(20_000, 100)

        def forward(self, word: Any, seen: Any) -> Any:  # (N,), (N, 6): the context comes first
            u, v = self.words(word), self.contexts(seen)
            scores = (v @ u[:, :, None])[:, :, 0]
            return -F.logsigmoid(scores * sign).sum() / len(word)

    sign = library.tensor(np.array([1, -1, -1, -1, -1, -1], np.float32))
    model = library.initialise(SkipGram(), rng)
    word, seen = rng.integers(0, 20_000, 1024), rng.integers(0, 20_000, (1024, 6))
    word, seen = library.tensor(word), library.tensor(seen)
    optimiser = library.optim.SGD(model.parameters(), lr=0.5)

    def step() -> Any:
        loss = model(word, seen)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*model.parameters()]


workloads = [
    Workload("GPT, 4 layers, AdamW, 16 x 64", 1.5, gpt),
    Workload("LSTM 128, Adam, 32 x 32", 1.5, lstm),
    Workload("skip-gram, 20,000 words, batch 1024", 1.5, skip_gram),
]
