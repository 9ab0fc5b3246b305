# %% [markdown]
# # Automatic differentiation in ten minutes
#
# A derivative says how much a result changes when an input changes a little.  Training a network
# needs the derivative of one number, the loss, with respect to millions of others.  This page shows
# how they are all computed in one sweep, and how to check that they are right.

# %%
import math

import numpy as np

import minidl
from minidl.autograd import grad

# %% [markdown]
# ## A slope, by nudging
#
# Take f(x) = x^2 sin(x).  The slope at x is about (f(x + h) - f(x - h)) / 2h for a small h.
# How small?  If h is large, the curve bends within the step: the error is about h^2 |f'''| / 6.
# If it is tiny, the two values agree in almost all their digits and the difference is rounding
# error: about 1e-16 / h.  The best h lies between.


# %%
def f(x):
    return x**2 * math.sin(x)


exact = 2 * 1.5 * math.sin(1.5) + 1.5**2 * math.cos(1.5)  # (u v)' = u' v + u v', by hand
errors = {}
for h in (1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-11):
    errors[h] = abs((f(1.5 + h) - f(1.5 - h)) / (2 * h) - exact)
    print(f"h = {h:.0e}   error = {errors[h]:.1e}")

# %% [markdown]
# The best of these still errs in the eleventh digit, and each input costs two evaluations.  A
# network with a million weights would be run two million times for one step.
#
# ## The same, exactly, and for all inputs at once
#
# A program is a chain of small operations, and for each the derivative is known.  minidl records
# the operations as they run.  `backward` then goes through them from the last to the first and
# multiplies the derivatives: the chain rule.

# %%
x = minidl.tensor([0.5, 1.0, 1.5], requires_grad=True, dtype="float64")
y = (x**2 * minidl.sin(x)).sum()
y.backward()
slopes = x.grad.numpy()
print("value   ", y)
print("gradient", slopes)
print("error at 1.5:", abs(slopes[2] - exact))

# %% [markdown]
# ## Why from the last to the first, and in which order
#
# Where a value is used twice, its gradient is the sum of what comes back along both ways.  It must
# be complete before it is handed on.  Below, b is used by c and by d, and c by d.  Going back from
# d to b at once, and on to a, would hand on only a part of b's gradient: c's part is still to come.
# minidl visits operations in the reverse of the order in which they were made.  That order always
# works, because whatever uses a value was made after it.

# %%
a = minidl.tensor(2.0, requires_grad=True)
b = a * a  # b = a^2
c = b * b  # c = a^4
d = b * c  # d = a^6
d.backward()
print("d(a^6)/da = 6 a^5 =", a.grad.item())

# %% [markdown]
# ## Shapes that do not match
#
# Multiplying each row of a matrix by one row uses that row many times, so its gradient is a sum
# again: over the axis along which it was repeated.

# %%
matrix = minidl.tensor(np.ones((4, 3)))
row = minidl.tensor(np.array([1.0, 2.0, 3.0]), requires_grad=True)
(matrix * row).sum().backward()
print("row of shape", row.shape, "has the gradient", row.grad.numpy())

# %% [markdown]
# ## Derivatives of derivatives
#
# With `create_graph=True` the backward sweep is recorded as well, and can be differentiated like
# any other computation.  Newton's method needs it: it looks for a place where f' = 0, and f'' says
# how far to go.  Near the place, each step doubles the number of right digits.

# %%
x = minidl.tensor(2.0, requires_grad=True, dtype="float64")
for step in range(6):
    y = x**2 * minidl.sin(x)
    (first,) = grad(y, [x], create_graph=True)
    (second,) = grad(first, [x])
    print(f"step {step}: x = {x.item():.12f}   f'(x) = {first.item():9.1e}")
    x.data = x.data - first.data / second.data
slope_there = 2 * x.item() * math.sin(x.item()) + x.item() ** 2 * math.cos(x.item())

# %% [markdown]
# ## And that is how networks learn
#
# A network is such a program, its weights are inputs, and a small step against the gradient of the
# loss makes the loss smaller.  Sixteen tanh units learn the curve sin(3t):

# %%
rng = np.random.default_rng(0)
t = np.linspace(-1, 1, 64)[:, None]  # (64, 1)
target = np.sin(3 * t)
w1 = minidl.tensor(rng.standard_normal((1, 16)), requires_grad=True)
b1 = minidl.tensor(rng.standard_normal(16), requires_grad=True)
w2 = minidl.tensor(rng.standard_normal((16, 1)) / 4, requires_grad=True)
weights = [w1, b1, w2]
losses = []
for _ in range(1000):
    prediction = minidl.tanh(t @ w1 + b1) @ w2  # (64, 1)
    loss = ((prediction - target) ** 2).mean()
    for w, g in zip(weights, grad(loss, weights)):
        w.data = w.data - 0.1 * g.data
    losses.append(loss.item())
print(f"mean squared error: {losses[0]:.3f} at first, {losses[-1]:.5f} after 1000 steps")

# %% [markdown]
# ## What this page claims
#
# The statements above, as checks.

# %%
assert min(errors, key=errors.get) == 1e-5 and errors[1e-5] < 1e-9
assert errors[1e-1] > 1e-3 and errors[1e-11] > 1e-7
assert abs(slopes[2] - exact) < 1e-15
assert a.grad.item() == 6 * 2.0**5
assert row.grad.shape == (3,) and np.all(row.grad.numpy() == 4)
assert abs(slope_there) < 1e-12
assert losses[-1] < losses[0] / 100
