# %% [markdown]
# # Broadcasting, and what it does to gradients
#
# A matrix plus a row: the shapes differ, and NumPy adds anyway.  It saves loops and memory, it has
# a rule for its gradient that everybody forgets once, and it can turn a loss into another loss
# without a word.

# %%
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minidl
from minidl import nn
from minidl.nn import functional as F

# %% [markdown]
# ## Which shapes go together?
#
# Write the shapes one above the other, aligned on the right; where one is shorter, fill it with
# ones on the left.  On each axis the lengths must be equal, or one of them 1.  An array is repeated
# along the axes where it has length 1 and the other has not.

# %%
for a, b in [((4, 3), (3,)), ((4, 1), (3,)), ((8, 1, 6, 1), (7, 1, 5)), ((4, 3), (4,))]:
    try:
        print(f"{str(a):>14} and {str(b):<10} give {np.broadcast_shapes(a, b)}")
    except ValueError:
        print(f"{str(a):>14} and {str(b):<10} do not fit")

# %% [markdown]
# The last pair is the one that people expect to work: four rows, four numbers.  But aligned on the
# right it is 3 against 4.  minidl says which axis disagrees, and how to line them up:

# %%
try:
    minidl.ones((4, 3)) * minidl.ones(4)
except ValueError as error:
    complaint = str(error)
    print(textwrap.fill(complaint, 96))

# %% [markdown]
# Nothing is copied.  The repeated array is a view in which a step along the new axis is a step of
# zero bytes:

# %%
row = np.array([1.0, 2.0, 3.0])
stretched = np.broadcast_to(row, (4, 3))
print("shape", stretched.shape, "  bytes from one entry to the next:", stretched.strides)

# %% [markdown]
# ## What is the gradient of what was repeated?
#
# Let $y_{ij} = a_{ij} b_j$ and $g_{ij} = \partial L / \partial y_{ij}$.  Each $b_j$ is used in
# every row, so by the chain rule its gradient is a sum over the rows:
#
# $$\frac{\partial L}{\partial b_j} = \sum_i g_{ij} \, a_{ij} .$$
#
# In general: compute the gradient as if nothing had been repeated; then *sum over every axis along
# which it was repeated*.  That is all.


# %%
def unbroadcast(g, shape):
    """Sum g over the axes along which an array of this shape was repeated."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))  # axes that were added on the left
    repeated = tuple(i for i, length in enumerate(shape) if length == 1)
    return g.sum(axis=repeated, keepdims=True)  # axes of length 1 stay


rng = np.random.default_rng(0)
differences = {}
for shape in [(4, 3), (3,), (1, 3), (4, 1), (1, 1), ()]:  # ours beside minidl's
    a, b, g = rng.normal(size=(4, 3)), rng.normal(size=shape), rng.normal(size=(4, 3))
    ours = unbroadcast(g * a, shape)
    b = minidl.tensor(b, requires_grad=True)
    (a * b).backward(g)
    differences[shape] = np.abs(ours - b.grad.numpy()).max()
    print(f"b {str(shape):7} its gradient {str(ours.shape):7} difference {differences[shape]:.0e}")

# %% [markdown]
# In minidl no rule of an operation mentions this.  The rule for a product is `g * a`; the engine
# sees that the result has another shape than $b$ and sums.  `explain` shows it at work:

# %%
a, b = minidl.ones((4, 3)), minidl.tensor(row, requires_grad=True, dtype="float32")
total = (a * b).sum()
with minidl.explain():
    total.backward()

# %% [markdown]
# ## Why a sum?
#
# Repeating is linear:  $y = R b$, where the matrix $R$ consists of ones and zeros.  Going backwards
# through a linear map multiplies by its transpose:  $\langle R b, g \rangle = \langle b, R^\top g
# \rangle$.  Where $R$ has a column with four ones, one number written to four places, $R^\top$ has
# a row with four ones, four numbers added.  Copying and summing are each other's transpose: the
# gradient of a sum is a copy, too.

# %%
repeat = lambda b: minidl.broadcast_to(b, (4, 3)).reshape(12)
add_rows = lambda y: y.reshape(4, 3).sum(axis=0)
R = minidl.jacobian(repeat)(minidl.tensor(row)).numpy()  # (12, 3)
S = minidl.jacobian(add_rows)(minidl.zeros(12)).numpy()  # (3, 12)
figure, (left, right) = plt.subplots(1, 2, figsize=(6.5, 3), width_ratios=(1, 3.2))
left.imshow(R, cmap="Blues")
left.set(title="repeat, R", xlabel="b", ylabel="y", xticks=range(3), yticks=range(0, 12, 3))
right.imshow(S, cmap="Blues")
right.set(title="sum over rows", xlabel="y", ylabel="b", xticks=range(0, 12, 3), yticks=range(3))
plt.show()
print("the one is the transpose of the other:", np.array_equal(R.T, S))

# %% [markdown]
# ## How can broadcasting ruin a loss?
#
# A network gives predictions of shape $(N, 1)$.  The targets have shape $(N,)$.  Their difference
# has shape $(N, N)$: every prediction minus every target.  The mean of its squares is
#
# $$\frac{1}{N^2} \sum_{i,j} (\hat y_i - y_j)^2 ,$$
#
# for which the best thing that a network can do is to predict the mean of all targets, everywhere.
# Nothing fails, the loss falls, and the network learns nothing.

# %%
t = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]  # (64, 1)
targets = np.sin(3 * t[:, 0]) + 0.5  # (64,)


def train(loss_of, steps=300):
    """A small network, trained with a loss; its predictions, (64, 1)."""
    minidl.seed(0)
    model = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    optimiser = minidl.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(steps):
        optimiser.zero_grad()
        loss_of(model(t), targets).backward()
        optimiser.step()
    return model(t).detach().numpy()


wrong = train(lambda y, targets: ((y - targets) ** 2).mean())  # (64, 1) - (64,): (64, 64)
right = train(lambda y, targets: ((y - targets[:, None]) ** 2).mean())
error = {
    name: np.mean((y[:, 0] - targets) ** 2) for name, y in (("wrong", wrong), ("right", right))
}
print(f"mean squared error, trained with (N, 1) - (N,)  : {error['wrong']:.4f}")
print(f"mean squared error, trained with (N, 1) - (N, 1): {error['right']:.4f}")
print(f"variance of the targets                         : {targets.var():.4f}")

# %%
figure, axes = plt.subplots(figsize=(6, 3.2))
axes.plot(t, targets, "k.", markersize=4, label="targets")
axes.plot(t, right, label="trained with (N, 1) - (N, 1)")
axes.plot(t, wrong, label="trained with (N, 1) - (N,)")
axes.set(xlabel="t", title="The same network, two losses")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The loss functions of minidl refuse it:

# %%
try:
    F.mse_loss(minidl.tensor(wrong), minidl.tensor(targets))
except ValueError as error_of_shapes:
    refusal = str(error_of_shapes)
    print(textwrap.fill(refusal, 96))

# %% [markdown]
# ## Rows or columns?
#
# To make the rows of a matrix sum to one, divide it by its row sums.  Without `keepdims` these have
# shape $(N,)$, are aligned with the *columns*, and if the matrix is square nobody objects.  On the
# day when it is not square, it fails; test with shapes that differ.

# %%
square = rng.uniform(1, 2, size=(3, 3))
by_columns = square / square.sum(axis=1)
by_rows = square / square.sum(axis=1, keepdims=True)
print("row sums without keepdims:", by_columns.sum(axis=1))
print("row sums with keepdims:   ", by_rows.sum(axis=1))

# %% [markdown]
# ## What does it cost?
#
# The repeated array costs nothing, but the result has the full size.  All distances between $N$ and
# $M$ points in $D$ dimensions are one line, $(N, 1, D) - (1, M, D)$, which makes $N M D$ numbers on
# the way to $N M$.  Multiplied out,
#
# $$|x_i - y_j|^2 = |x_i|^2 - 2 \, x_i \cdot y_j + |y_j|^2 ,$$
#
# it is a matrix product and two repeated vectors.

# %%
x, y = rng.normal(size=(200, 32)), rng.normal(size=(150, 32))
differences_of_all = x[:, None, :] - y[None, :, :]  # (200, 150, 32)
direct = (differences_of_all**2).sum(axis=2)
expanded = (x**2).sum(axis=1)[:, None] - 2 * x @ y.T + (y**2).sum(axis=1)
print(f"on the way: {differences_of_all.nbytes / 1e6:.1f} MB, and {expanded.nbytes / 1e6:.2f} MB")
print(f"largest difference {np.abs(direct - expanded).max():.0e}")

# %% [markdown]
# For points that are nearly equal the second form subtracts large numbers, and loses digits:

# %%
near = 1000 + 1e-6 * rng.normal(size=(2, 32))
exact_distance = ((near[0] - near[1]) ** 2).sum()
lost = (near[0] ** 2).sum() - 2 * near[0] @ near[1] + (near[1] ** 2).sum()
print(f"directly {exact_distance:.2e}, multiplied out {lost:.2e}")

# %% [markdown]
# ## What this page claims
#
# The statements above, as checks.

# %%
assert "do not broadcast" in complaint and "must have the same shape" in refusal
assert stretched.strides == (0, 8)
assert max(differences.values()) < 1e-14
assert np.array_equal(b.grad.numpy(), [4, 4, 4])
assert np.array_equal(R.T, S) and R.sum() == 12
assert np.ptp(wrong) < 0.1 * np.ptp(targets) and abs(wrong.mean() - targets.mean()) < 0.1
assert error["right"] < targets.var() / 50 and error["wrong"] > 0.9 * targets.var()
assert np.allclose(by_rows.sum(axis=1), 1) and not np.allclose(by_columns.sum(axis=1), 1)
assert np.allclose(direct, expanded) and differences_of_all.nbytes == 32 * expanded.nbytes
assert abs(lost - exact_distance) > 0.5 * exact_distance
