# %% [markdown]
# # Gradient checking and its traps
#
# A gradient that is a little wrong still makes the loss go down.  Nothing fails; the network is
# worse than it could be, and nobody learns why.  So one measures the slopes, and compares.  That
# sounds simple, and there are at least seven ways of fooling oneself.  We walk into each.

# %%
import functools
import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minidl
from minidl import nn
from minidl.autograd import gradcheck
from minidl.gradcheck import GradcheckError, diagnose
from minidl.gradcheck.draws import normal

# %% [markdown]
# ## How large a step?
#
# The slope of $f$ at $x$ is measured from two values, on one side or on both:
#
# $$\frac{f(x+h) - f(x)}{h} = f'(x) + \frac{h}{2} f''(x) + \dots, \qquad
#   \frac{f(x+h) - f(x-h)}{2h} = f'(x) + \frac{h^2}{6} f'''(x) + \dots$$
#
# Smaller $h$, smaller error, until rounding takes over.  Each value of $f$ is wrong by about
# $\epsilon |f|$, and the quotient by $\epsilon |f| / h$, where $\epsilon$ is $2 \cdot 10^{-16}$ in
# float64 and $10^{-7}$ in float32.  With two sides, the sum of both errors is least near
# $h = \sqrt[3]{\epsilon}$, with one side near $\sqrt{\epsilon}$.

# %%
steps = 10.0 ** np.arange(-12, 0.01, 0.25)
points = np.linspace(0.2, 1.2, 101)  # one point alone may be lucky


def errors_of_slope(dtype, sides):
    """The relative error of the measured slope of tanh, for each step; the mean over the points."""
    x, h = points.astype(dtype), steps.astype(dtype)[:, None]
    after, before = x + h, x - h if sides == 2 else x + 0 * h
    with np.errstate(divide="ignore", invalid="ignore"):  # where x + h is x: 0 / 0
        slopes = (np.tanh(after) - np.tanh(before)) / (after - before)
    exact = 1 - np.tanh(x.astype(np.float64)) ** 2
    return (np.abs(slopes - exact) / exact).mean(axis=1)


curves = {
    "float64, two sides": errors_of_slope(np.float64, 2),
    "float64, one side": errors_of_slope(np.float64, 1),
    "float32, two sides": errors_of_slope(np.float32, 2),
}
best = {name: np.nanargmin(errors) for name, errors in curves.items()}
for name, errors in curves.items():
    print(f"{name}: best h = {steps[best[name]]:.0e}, error {errors[best[name]]:.0e}")

figure, axes = plt.subplots(figsize=(6.5, 3.6))
for name, errors in curves.items():
    axes.loglog(steps, errors, ".-", markersize=4, linewidth=1, label=name)
axes.set(xlabel="step h", ylabel="relative error", title="The error of a measured slope")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# The right branch of each curve is the formula, the left one is rounding.  Two sides give some ten
# digits; one side gives half of the sixteen that float64 has.
#
# ## Trap 1: float32
#
# With the step that is best for float64, float32 is useless: the two values of $f$ agree in all but
# their last digit or two.  Many gradients have been believed wrong for this alone.

# %%
at_our_step = np.argmin(np.abs(steps - 6e-6))
error32 = curves["float32, two sides"][at_our_step]
print(f"float32 at h = {steps[at_our_step]:.0e}: error {error32:.0e}")
try:
    gradcheck(minidl.tanh, minidl.tensor([0.5], requires_grad=True))
except TypeError as error:
    refusal = str(error)
    print(textwrap.fill(refusal, 96))

# %% [markdown]
# ## Trap 2: which error is small?
#
# Take one output of a softmax of four logits, of which two are far behind.  Its slopes along these
# are tiny.  Measured, they are mere rounding, and their relative error is 1 or so, though the
# gradient is exact.  An error must be judged by the largest slope of its array, not entry by entry:
#
# $$\max_i |a_i - n_i| \le 10^{-5} \max_i |n_i| + 10^{-8} .$$


# %%
def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def measured(f, x, h=6e-6):
    """The slope of f, whose value is one number, along each entry of x."""
    slopes = np.empty_like(x)
    for i in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[i] = h
        slopes[i] = (f(x + step) - f(x - step)) / (2 * h)
    return slopes


x = np.array([0.0, 1.0, -25.0, -27.0])
p = softmax(x)
exact = p[0] * (np.eye(4)[0] - p)  # dp_0/dx_j = p_0 (1[j = 0] - p_j)
numeric = measured(lambda x: softmax(x)[0], x)
by_entry = np.abs(numeric - exact) / np.maximum(np.abs(numeric), np.abs(exact))
by_largest = np.abs(numeric - exact).max() / np.abs(exact).max()
print("exact   ", exact)
print("measured", numeric)
print("relative error, entry by entry:", by_entry)
print("relative to the largest slope: ", by_largest)

# %% [markdown]
# ## Trap 3: a large loss hides a small error
#
# Rounding is proportional to the value of $f$, not to its slope.  A penalty, a constant, a sum over
# a million terms beside the part that we look at: all the digits of the slope go.

# %%
x = np.array([0.3, -0.7])
exact = np.cos(x)
noise = {}
for constant in (0.0, 1e4, 1e8):
    loss = functools.partial(lambda x, constant: np.sin(x).sum() + constant, constant=constant)
    numeric = measured(loss, x)
    noise[constant] = np.abs(numeric - exact).max()
    print(f"loss + {constant:.0e}: error of the measured slope {noise[constant]:.0e}")

# %% [markdown]
# Whoever then loosens the tolerance until the test passes has switched it off.  Check the parts by
# themselves, and the outputs before they are summed: minidl subtracts output by output.
#
# ## Trap 4: a wrong gradient that passes
#
# Often one checks `f(x).sum()`.  For softmax that sum is 1, whatever $x$ is.  A backward that
# returns zeros passes; so does one with the wrong sign.  With a random incoming gradient $g$, the
# number $\sum_i g_i y_i$ has slopes that a wrong backward cannot meet by accident.

# %%
x = np.array([0.2, -1.0, 0.5, 1.5])
g = np.random.default_rng(0).normal(size=4)
of_sum = np.abs(measured(lambda x: softmax(x).sum(), x)).max()
of_random = np.abs(measured(lambda x: g @ softmax(x), x)).max()
print(f"largest slope of the plain sum  {of_sum:.0e}   a backward of zeros errs by as much")
print(f"largest slope of sum g y        {of_random:.2f}")

# %% [markdown]
# The shapes hide mistakes too.  In a batch of one, $1/N$ is 1; a transposed square matrix still
# fits.  Here is a linear layer's loss, $\frac{1}{N} \sum_n |x_n w|^2$, whose author forgot the
# $1/N$ in the gradient:


# %%
def mean_square(w, x):
    return ((x @ w) ** 2).sum() / len(x)


def forgot_the_mean(w, x):
    return 2 * x.T @ (x @ w)


rng = np.random.default_rng(1)
w = rng.normal(size=(3, 2))
error_for_batch = {}
for batch in (1, 4):
    x = rng.normal(size=(batch, 3))
    numeric = measured(functools.partial(mean_square, x=x), w)
    claimed = forgot_the_mean(w, x)
    error_for_batch[batch] = np.abs(claimed - numeric).max() / np.abs(numeric).max()
    print(f"batch of {batch}: relative error {error_for_batch[batch]:.0e}")

# %% [markdown]
# ## Trap 5: kinks
#
# The slope of relu jumps at 0.  Nearer to it than $h$, the two values lie on different sides, and
# what is measured is neither slope.  For one entry that hardly happens; a layer has many.  Of $n$
# standard normal numbers about $n \cdot 2h / \sqrt{2 \pi}$ lie that near.
#
# It can be told from a mistake: halve the step.  A wrong gradient stays as wrong, while the slope
# that was measured across a kink changes.

# %%
relu = lambda x: np.maximum(x, 0)
for h in (6e-6, 3e-6):
    slope = (relu(2e-6 + h) - relu(2e-6 - h)) / (2 * h)
    print(f"relu at 2e-6, h = {h:.0e}: measured {slope:.3f}, the slope is 1")

many = np.random.default_rng(2).normal(size=1000)
many[::100] = 1e-6 * np.arange(-5, 5)  # ten entries at the kink, or nearly
report = gradcheck(minidl.maximum, (minidl.tensor(many, requires_grad=True), 0.0), fast_mode=False)
print(report)

# %% [markdown]
# minidl sets such entries aside, and says how many.  If they are more than a quarter, it says
# that nothing was shown.
#
# ## Trap 6: randomness
#
# Dropout draws a new mask at each call.  Two values of $f$ then differ because the mask does, and
# divided by $2h$ that is a huge slope.  The mask must be the same on both sides.

# %%
x = minidl.tensor(np.random.default_rng(3).normal(size=(4, 3)), requires_grad=True)
random_layer = nn.Dropout(0.5)
try:
    gradcheck(lambda x: random_layer(x) * x, x)
except GradcheckError as error:
    complaint = str(error)
    print(complaint)

mask = np.random.default_rng(4).random((4, 3)) < 0.5
same_mask = gradcheck(lambda x: minidl.where(mask, 2 * x, 0.0) * x, x)
print(same_mask)

# %% [markdown]
# ## Trap 7: a right gradient that fails
#
# The step $6 \cdot 10^{-6}$ is right for functions that bend on the scale of 1.  $\sin(10^4 x)$
# bends ten thousand times as fast: its slope is $10^4$ times as large, its third derivative
# $10^{12}$ times.  The same happens where one divides by a small number: a variance near zero, the
# distance of nearly equal points.  Then the step must fit the function.

# %%
x = minidl.tensor([0.3, -0.2, 0.7], dtype="float64", requires_grad=True)
wiggly = lambda x: minidl.sin(1e4 * x)
default = gradcheck(wiggly, x, raise_exception=False)
fitted = gradcheck(wiggly, x, eps=1e-9)
print(default)
print()
print(fitted)

# %% [markdown]
# The slopes change when the step is halved, so the checker takes the points for kinks.  But look at
# the ratios: all the same.  The two-sided quotient of $\sin(kx)$ is its slope times $\sin(a)/a$,
# $a = k h$, and with $h = 6 \cdot 10^{-6}$ that is what we see.
#
# ## It is wrong.  Why?
#
# Most checkers stop at a table of numbers that differ.  `diagnose` goes on: it takes a forward
# and a backward on arrays, tries them on three draws of different sizes, none of them square, and
# looks for a mistake that explains *every* number.


# %%
def mean_square_backward(g, y, w, x):
    return g * forgot_the_mean(w, x), g * 2 * (x @ w) @ w.T / len(x)


def softmax_of_rows(x):
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def softmax_backward(g, y, x):
    return g * y * (1 - y)


def tanh_backward(g, y, x):
    return g * (1 - x * x)


found = [
    diagnose(mean_square, mean_square_backward, w=normal("D", "K"), x=normal("N", "D")),
    diagnose(softmax_of_rows, softmax_backward, x=normal("N", "K")),
    diagnose(np.tanh, tanh_backward, x=normal("N", "K")),
]
for diagnosis in found:
    print(diagnosis, "\n")

# %% [markdown]
# ## A recipe
#
# Use float64 and both sides, $h = \sqrt[3]{\epsilon} \max(1, |x|)$, a random incoming gradient,
# several sizes and no square ones; measure errors against the largest slope; set kinks aside and
# count them; hold all randomness fixed; check each operation before you check the network.
# `gradcheck` does all of this, except to choose the points.
#
# ## What this page claims
#
# The statements above, as checks.

# %%
assert 1e-6 <= steps[best["float64, two sides"]] <= 1e-4  # cube root of 2e-16: 6e-6
assert 1e-9 <= steps[best["float64, one side"]] <= 1e-7  # square root: 1.5e-8
assert curves["float64, two sides"][best["float64, two sides"]] < 1e-9
assert error32 > 1e-3
assert "float64" in refusal
assert by_entry.max() > 0.1 and by_largest < 1e-9
assert noise[0.0] < 1e-9 and noise[1e8] > 1e6 * noise[0.0]
assert of_sum < 1e-9 and of_random > 1e-2
assert error_for_batch[1] < 1e-8 and error_for_batch[4] > 1
assert report and 1 <= report.at_kinks <= 10
assert "randomness must be an input" in complaint and same_mask
ratios = default.comparisons[0].analytic / default.comparisons[0].numeric
a = 1e4 * np.cbrt(np.finfo(np.float64).eps)
assert not default and fitted and np.allclose(ratios, a / np.sin(a), rtol=1e-5)
assert [diagnosis.code for diagnosis in found] == ["size-factor", "diagonal-only", "mixed-up"]
