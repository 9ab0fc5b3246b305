"""Tasks with quadratic losses, on which every meta-learner's optimum is the solution of a system.

Task t has a support loss and a query loss,

    L_A(w) = 1/2 (w - a_t)' A_t (w - a_t),    L_B(w) = 1/2 (w - b_t)' B_t (w - b_t).

k steps of gradient descent are affine: U^k(phi) = a + M (phi - a) with M = (I - lr A)^k.  So the
loss after adaptation is quadratic in phi, and its minimum is found by solving once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class QuadraticTasks(NamedTuple):
    """A, B: (T, D, D), symmetric and positive definite.  a, b: (T, D), the optima."""

    A: np.ndarray
    a: np.ndarray
    B: np.ndarray
    b: np.ndarray

    def adapted(self, phi: np.ndarray, steps: int, lr: float) -> np.ndarray:
        """U^k(phi) for each task: (T, D)."""
        return self.a + _apply(self._contraction(steps, lr), phi - self.a)

    def loss_after(self, phi: np.ndarray, steps: int, lr: float) -> float:
        """E_t L_B(U^k(phi))."""
        d = self.adapted(phi, steps, lr) - self.b
        return float(0.5 * np.mean(np.sum(d * _apply(self.B, d), axis=1)))

    def gradient(self, phi: np.ndarray, steps: int, lr: float) -> np.ndarray:
        """The gradient of `loss_after`, E_t M' B (U^k(phi) - b): (D,)."""
        M = self._contraction(steps, lr)
        g = _apply(self.B, self.adapted(phi, steps, lr) - self.b)
        return _apply(M.transpose(0, 2, 1), g).mean(axis=0)

    def maml_optimum(self, steps: int, lr: float) -> np.ndarray:
        """Where E M' B (U - b) = 0, the gradient."""
        M = self._contraction(steps, lr)
        return self._root(M.transpose(0, 2, 1) @ self.B, steps, lr, self.b)

    def first_order_optimum(self, steps: int, lr: float) -> np.ndarray:
        """Where first-order MAML comes to rest: E B (U - b) = 0."""
        return self._root(self.B, steps, lr, self.b)

    def reptile_optimum(self, steps: int, lr: float) -> np.ndarray:
        """Where Reptile comes to rest: E (phi - U) = E (I - M)(phi - a) = 0."""
        pull = np.eye(self.a.shape[1]) - self._contraction(steps, lr)
        return np.linalg.solve(pull.mean(axis=0), _apply(pull, self.a).mean(axis=0))

    def joint_optimum(self) -> np.ndarray:
        """The minimum of E L_B(phi): E B (phi - b) = 0."""
        return np.linalg.solve(self.B.mean(axis=0), _apply(self.B, self.b).mean(axis=0))

    def _contraction(self, steps: int, lr: float) -> np.ndarray:
        """M = (I - lr A)^k: (T, D, D)."""
        return np.linalg.matrix_power(np.eye(self.a.shape[1]) - lr * self.A, steps)

    def _root(self, weight: np.ndarray, steps: int, lr: float, b: np.ndarray) -> np.ndarray:
        """Where E weight (a + M (phi - a) - b) = 0."""
        M = self._contraction(steps, lr)
        constant = _apply(weight, b - self.a + _apply(M, self.a)).mean(axis=0)
        return np.linalg.solve((weight @ M).mean(axis=0), constant)


def random_quadratic_tasks(
    count: int, dimension: int, rng: np.random.Generator, shared: bool = False
) -> QuadraticTasks:
    """Tasks with curvatures from about .1 to 3 in random directions.

    shared: B = A and b = a, as if support and query were all that there is.
    """

    def curvature() -> np.ndarray:
        Q, _ = np.linalg.qr(rng.normal(size=(count, dimension, dimension)))
        return (Q * rng.uniform(0.1, 3.0, (count, 1, dimension))) @ Q.transpose(0, 2, 1)

    A, a = curvature(), rng.normal(size=(count, dimension))
    if shared:
        return QuadraticTasks(A, a, A, a)
    return QuadraticTasks(A, a, curvature(), a + 0.3 * rng.normal(size=a.shape))


def _apply(matrices: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """(T, D, D) times (T, D) or (D,): (T, D)."""
    return np.einsum("tij,tj->ti", matrices, np.broadcast_to(vectors, matrices.shape[:2]))
