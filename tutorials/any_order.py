# %% [markdown]
# # Derivatives of derivatives
#
# A backward pass is a computation like any other.  If it is recorded while it runs, it can be
# differentiated too, and the result again.  Newton's method, gradient penalties, meta-learning and
# the curvature of a loss are all made of this.

# %%
import textwrap

import matplotlib.pyplot as plt
import numpy as np
from numpy.polynomial.hermite import hermval

import minidl
from minidl import nn
from minidl.autograd import Function, grad, gradgradcheck

# %% [markdown]
# ## How does one differentiate twice?
#
# `minidl.grad` takes a function and gives its derivative, which is a function, so that it can be
# given to `minidl.grad`.  For $f(x) = e^{-x^2}$ all derivatives are known: $f^{(n)}(x) = (-1)^n
# H_n(x) e^{-x^2}$, with the polynomials $H_n$ of Hermite.


# %%
def bell(x):
    return minidl.exp(-(x**2))


def known(n, x):
    """The n-th derivative of exp(-x^2)."""
    return (-1) ** n * hermval(x, [0] * n + [1]) * np.exp(-(x**2))


x = np.linspace(-3, 3, 121)
figure, axes = plt.subplots(figsize=(6.5, 3.4))
f, errors = lambda x: bell(x).sum(), {}
for n in range(1, 6):
    f = minidl.grad(f)
    values = f(x).numpy()
    errors[n] = np.abs(values - known(n, x)).max() / np.abs(values).max()
    print(f"derivative {n}: relative error {errors[n]:.0e}")
    axes.plot(x, values / np.abs(values).max(), label=f"n = {n}")
    f = lambda x, derivative=f: derivative(x).sum()  # one number, to be differentiated again
axes.set(xlabel="x", title="Derivatives of a bell curve, each scaled to height 1")
axes.legend(frameon=False, loc="upper right", fontsize=8)
plt.show()

# %% [markdown]
# With `backward` and `autograd.grad`, as in PyTorch, one says `create_graph=True` where the pass is
# to be recorded.  Without it, a pass leaves plain numbers:

# %%
x = minidl.tensor(1.0, dtype="float64", requires_grad=True)
(recorded,) = grad(bell(x), [x], create_graph=True)
(plain,) = grad(bell(x), [x])
(second,) = grad(recorded, [x])
print("recorded:", recorded)
print("plain:   ", plain)
print("second:  ", second.item(), " known:", known(2, 1.0))

# %% [markdown]
# ## What is it good for?  Newton's method
#
# Where the gradient $\nabla f$ says which way is down, the Hessian $H$, the matrix of second
# derivatives, says how far.  The step $-H^{-1} \nabla f$ jumps to the bottom of the parabola that
# fits best.  Rosenbrock's valley, curved and flat, shows the difference:

# %%
valley = lambda p: (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
slope, curvature = minidl.grad(valley), minidl.hessian(valley)
start = np.array([-1.2, 1.0])
paths = {"gradient descent": [start], "Newton": [start]}
for _ in range(1000):
    p = paths["gradient descent"][-1]
    paths["gradient descent"].append(p - 0.001 * slope(p).numpy())
for _ in range(7):
    p = paths["Newton"][-1]
    paths["Newton"].append(p - np.linalg.solve(curvature(p).numpy(), slope(p).numpy()))
for name, path in paths.items():
    distance = np.abs(path[-1] - 1).max()
    print(f"{name}: {len(path) - 1} steps, distance to the minimum {distance:.0e}")

figure, axes = plt.subplots(figsize=(6, 3.6))
across, up = np.meshgrid(np.linspace(-1.6, 1.6, 160), np.linspace(-3.5, 2, 160))
axes.contour(across, up, np.log(0.1 + valley([across, up])), 14, colors="0.8", linewidths=0.8)
for name, mark in (("gradient descent", "."), ("Newton", "o-")):
    axes.plot(*np.array(paths[name]).T, mark, markersize=4, label=name)
axes.plot(1, 1, "k*", markersize=10)
axes.set(xlim=(-1.6, 1.6), ylim=(-3.5, 2), title="Rosenbrock's valley, and two ways down")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What if the Hessian is too large?
#
# A network with a million weights has a Hessian with $10^{12}$ entries.  But often one only needs
# its product with a vector, and for that no Hessian is made (Pearlmutter 1994):
#
# $$H v = \nabla_w \left( \nabla_w L(w) \cdot v \right) ,$$
#
# the gradient of a number, so two backward passes.  Multiplying by $H$ again and again turns any
# vector towards the direction of largest curvature $\lambda$.  And $\lambda$ decides how large a
# learning rate may be: on a parabola gradient descent converges up to $2 / \lambda$.

# %%
rng = np.random.default_rng(0)
inputs, outputs = rng.normal(size=(50, 20)), rng.normal(size=50)
loss = lambda w: ((inputs @ w - outputs) ** 2).mean()
w = np.zeros(20)
v = rng.normal(size=20)
for _ in range(200):
    v = minidl.hvp(loss, w, v).numpy()
    v, largest = v / np.linalg.norm(v), np.linalg.norm(v)
exact = np.linalg.eigvalsh(minidl.hessian(loss)(w).numpy())[-1]
print(f"largest curvature: {largest:.6f} from products, {exact:.6f} from the whole Hessian")

end = {}
for times in (0.95, 1.05):
    w = np.zeros(20)
    for _ in range(400):
        w = w - times * 2 / largest * minidl.grad(loss)(w).numpy()
    end[times] = loss(w)
    print(f"rate {times} * 2 / lambda: loss {loss(np.zeros(20)):.3f} -> {end[times]:.3g}")

# %% [markdown]
# ## How does one train with a gradient in the loss?
#
# A Wasserstein GAN's critic $D$ is to rise by as much as possible from one set of points to the
# other, but not steeper than 1.  The gradient penalty (Gulrajani et al. 2017, arXiv:1704.00028)
# holds it to that:
#
# $$L = \mathbb{E} \, D(a) - \mathbb{E} \, D(b)
#   + \lambda \, \mathbb{E} \, (|\nabla_x D(x)| - 1)^2 .$$
#
# The gradient with respect to $x$ is part of the loss, and the loss is differentiated with respect
# to the weights: a backward pass through a backward pass.  Here all $a$ are at 0 and all $b$ at 2.
# If $D$ has the slope $s$ between, then $L = -2 s + \lambda (s - 1)^2$, least at $s = 1 +
# 1/\lambda$.  The penalty is taken at points between, as the paper does it.


# %%
def train_critic(weight, seed, steps=300):
    """A critic, trained with a gradient penalty of this weight."""
    minidl.seed(seed)
    critic = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    optimiser = minidl.optim.Adam(critic.parameters(), lr=0.01)
    rng = np.random.default_rng(0)
    a, b = np.zeros((64, 1)), np.full((64, 1), 2.0)
    for _ in range(steps):
        x = minidl.tensor(rng.uniform(0, 2, size=(64, 1)), requires_grad=True)
        (slopes,) = grad(critic(x).sum(), [x], create_graph=True)
        penalty = ((minidl.absolute(slopes) - 1) ** 2).mean()
        optimiser.zero_grad()
        (critic(a).mean() - critic(b).mean() + weight * penalty).backward()
        optimiser.step()
    return critic


x = np.linspace(-1, 3, 81)
figure, axes = plt.subplots(figsize=(6, 3.4))
slope_between = {}
for weight, seed in ((0.0, 1), (1.0, 1), (10.0, 1), (10.0, 0)):
    critic = train_critic(weight, seed)
    with minidl.no_grad():
        values = critic(x[:, None]).numpy()[:, 0]
    values -= values[20]  # D is known up to a constant: D(0) = 0
    slope_between[weight, seed] = (values[60] - values[20]) / 2
    print(f"lambda {weight:4}, seed {seed}: slope {slope_between[weight, seed]:.3f}")
    axes.plot(x, values, label=f"lambda = {weight:g}, seed {seed}")
axes.plot([0, 2], [0, 2], "k:", label="slope 1")
axes.set(ylim=(-1, 6), xlabel="x", title="Critics with and without a gradient penalty")
axes.legend(frameon=False, loc="lower right", fontsize=8)
plt.show()

# %% [markdown]
# Without the penalty the slope grows for as long as one trains.  With it, the slope is near $1 +
# 1/\lambda$.  The last line starts from weights with which $D$ falls, and stays at $-(1 -
# 1/\lambda)$: a slope of $-1$ has size 1 as well, and between the two the penalty is a wall.  In
# one dimension a strong penalty can be a trap; in more, a gradient can turn round without becoming
# small.
#
# What if `create_graph=True` is forgotten?  Then the penalty is a plain number to the pass that
# follows, and its gradient is zero.  If nothing else is in the loss, minidl says so:

# %%
critic = nn.Linear(1, 1)
x = minidl.tensor([[1.0]], requires_grad=True)
(slopes,) = grad(critic(x).sum(), [x])
try:
    ((slopes - 1) ** 2).mean().backward()
except RuntimeError as error:
    forgotten = str(error)
    print(textwrap.fill(forgotten, 96))

# %% [markdown]
# ## Forwards or backwards?
#
# Let $x$ have $n$ entries, $y$ have $m$, and the steps between have the Jacobians $J_1, \dots,
# J_k$.  The Jacobian of the whole is their product, and a product may be computed from either end:
#
# $$\frac{dy}{dx} = J_k \cdots J_2 J_1 .$$
#
# From the right is *forward* mode: one pass carries one column, the derivative along one input, so
# there are $n$ passes.  From the left is *reverse* mode: one row, one output, $m$ passes.  A loss
# has one output and many inputs, which is why learning goes backwards.


# %%
def multiplications(sizes, reverse):
    """How many multiplications the product of Jacobians takes; sizes: of x, ..., of y."""
    passes = sizes[-1] if reverse else sizes[0]
    matrices = [*zip(sizes, sizes[1:])]
    matrices = matrices[:-1] if reverse else matrices[1:]  # where it begins nothing is multiplied
    return sum(passes * before * after for before, after in matrices)


cost = {}
for name, sizes in {
    "loss of a network": (784, 100, 100, 1),
    "curve in the plane": (1, 100, 100, 2),
    "one picture to another": (784, 100, 100, 784),
}.items():
    cost[name] = {way: multiplications(sizes, way == "reverse") for way in ("forward", "reverse")}
    print(f"{name:24}" + "".join(f"{way:>10} {n:>12,}" for way, n in cost[name].items()))

# %% [markdown]
# minidl has reverse mode alone.  `vjp` is a row, $g^\top J$, in one pass.  `jvp` is a column, $J
# v$, and costs two:  $u^\top J$ is linear in $u$, and its derivative with respect to $u$ is $J$.

# %%
spiral = lambda t: minidl.stack([t * minidl.cos(t), t * minidl.sin(t)])
t = np.array(2.0)
_, velocity = minidl.jvp(spiral, t, np.array(1.0))
by_hand = np.array([np.cos(2) - 2 * np.sin(2), np.sin(2) + 2 * np.cos(2)])
print("velocity", velocity.numpy(), " by hand", by_hand)
print("jacobian", minidl.jacobian(spiral)(t).numpy(), " row by row: two reverse passes")

# %% [markdown]
# ## When is a second derivative silently wrong?
#
# When a backward pass uses a number that the forward pass put aside.  It is the right number, so
# the gradient is right; but it is a number, not a computation, and the second derivative takes it
# for a constant. minidl raises in place of returning half of the truth:


# %%
class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.square = x.data**2  # put aside: not a tensor with a history
        return x**3

    @staticmethod
    def backward(ctx, g):
        return 3 * g * ctx.square


x = minidl.tensor(2.0, dtype="float64", requires_grad=True)
(first,) = grad(Cube.apply(x), [x])
print("first derivative of x^3 at 2:", first.item(), "(right)")
try:
    grad(Cube.apply(x), [x], create_graph=True)
except RuntimeError as error:
    stashed = str(error)
    print(textwrap.fill(stashed, 96))
print(gradgradcheck(minidl.tanh, minidl.tensor([0.3, -1.0], dtype="float64", requires_grad=True)))

# %% [markdown]
# ## What this page claims
#
# The statements above, as checks.

# %%
assert max(errors.values()) < 1e-12
assert recorded.requires_grad and not plain.requires_grad
assert abs(second.item() - known(2, 1.0)) < 1e-14
assert np.abs(paths["Newton"][-1] - 1).max() < 1e-9
assert np.abs(paths["gradient descent"][-1] - 1).max() > 0.1
assert abs(largest - exact) < 1e-6 * exact
assert end[0.95] < loss(np.zeros(20)) < 1e6 < end[1.05]
for (weight, seed), slope_found in slope_between.items():
    if weight:
        expected = 1 + 1 / weight if seed else -(1 - 1 / weight)
        assert abs(slope_found - expected) < 0.05 * abs(expected)
assert slope_between[0.0, 1] > 2 * slope_between[1.0, 1]
assert "requires no gradient" in forgotten
assert cost["loss of a network"]["forward"] > 50 * cost["loss of a network"]["reverse"]
assert cost["curve in the plane"]["forward"] < cost["curve in the plane"]["reverse"]
assert np.allclose(velocity.numpy(), by_hand, rtol=1e-14)
assert first.item() == 12 and "square" in stashed
