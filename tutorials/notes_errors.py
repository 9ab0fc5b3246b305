# %% [markdown]
# # A tour of the notes' errors
#
# Course notes are written by hand, and copied from boards.  Some of the formulas in ours are wrong:
# a sign is lost, a logarithm, a bar over a letter.  For each of those, minidl has the formula as it
# is printed, the right one, and an experiment that tells them apart by a number which neither of
# them computed.  Here are seven, one of each kind, and for each a question that would have found
# it.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minidl
from minidl.notes import errata, rows
from minidl.oracles.gaussians import Mixture
from minidl.oracles.transport import wasserstein1_line

shown = {}


def run(name):
    """The experiment of an erratum, printed; its lines are kept for the end."""
    shown[name] = errata.find(name).experiment()
    print(f"{name} ({rows()[name].where})")
    print(errata.table(shown[name]))


# %% [markdown]
# ## A lost sign.  Which way does it go?
#
# A generator learns by making $\log(1 - D(y))$ small, where $D$ is how real its sample $y$ looks.
# Printed is $\nabla \log(1 - D) = \nabla D / (1 - D)$.  The derivative of $\log(1 - u)$ is $-1 /
# (1 - u)$: a minus is missing.  Nobody can see that from the size of the numbers.  But let a sample
# go where it is sent: with $D(y) = s(y)$, the sigmoid, samples with larger $y$ look more real.

# %%
run("ns-vs-mm")
signs = errata.find("ns-vs-mm")
looks_real = lambda y: 1 / (1 + np.exp(-y))
ends = {}
for name, slope in (("as printed", signs.as_printed), ("corrected", signs.corrected)):
    y = 0.0
    for _ in range(100):
        y = y - 0.2 * slope(y)
    ends[name] = looks_real(y)
    print(f"{name}: D goes from 0.5 to {ends[name]:.3f}")

# %% [markdown]
# *The question: does it go the right way, on the smallest example?*
#
# ## A lost logarithm.  What is the best that one can do?
#
# The game of a GAN is printed as $\mathbb{E}_x \log D(x) + \mathbb{E}_z \, (1 - D(G(z)))$, without
# the second logarithm.  At a point where the data have density $p$ and the generator has $q$, the
# best $D$ makes $p \log D + q \, (1 - D)$ largest:  $D = \min(1, p/q)$.  With the logarithm it is
# $p / (p + q)$.  Both can be trained, both give numbers between 0 and 1.

# %%
run("gan-minimax")
x = np.linspace(-4, 4, 201)
p, q = np.exp(-((x - 1) ** 2) / 2), np.exp(-((x + 1) ** 2) / 2)  # unnormalised, alike
grid = np.linspace(0.001, 0.999, 999)[:, None]
best_printed = grid[np.argmax(p * np.log(grid) + q * (1 - grid), axis=0), 0]
best_right = grid[np.argmax(p * np.log(grid) + q * np.log(1 - grid), axis=0), 0]

figure, axes = plt.subplots(figsize=(6.5, 3.2))
axes.fill_between(x, p / 2, alpha=0.25, label="data", linewidth=0)
axes.fill_between(x, q / 2, alpha=0.25, label="generated", linewidth=0)
axes.plot(x, best_printed, label="best D, as printed")
axes.plot(x, best_right, label="best D, corrected")
axes.set(xlabel="x", title="What the best critic says")
axes.legend(frameon=False, loc="center right", fontsize=8)
plt.show()

# %% [markdown]
# Where real examples are the more frequent, the printed critic is sure of everything, generated
# ones included; when the generator has arrived, $q = p$, it says "real" with certainty, and its
# value is 0 where $-\log 4$ should stand.
#
# *The question: what is the optimum, and is it the one that the next page uses?*
#
# ## A lost factor.  Which unit has it?
#
# A denoiser $r$ gets $y = x + \sigma \epsilon$ and guesses $x$.  The notes take $r(y) - y$ for the
# score $\nabla \log p(y)$.  But $r(y) - y$ is a distance, in the units of $x$, and a score is one
# over a distance.  Tweedie's formula has the factor:  $r(y) - y = \sigma^2 \, \nabla \log
# p_\sigma(y)$.

# %%
run("dae-score")
law, sigma = Mixture(np.array([0.4, 0.6]), np.array([[-1.5], [1.0]]), np.array([0.1, 0.3])), 0.7
y = np.linspace(-3, 3, 121)[:, None]
residual = law.denoised(y, sigma) - y
figure, axes = plt.subplots(figsize=(6.5, 3.2))
axes.plot(y, law.with_noise(sigma).score(y), color="0.75", linewidth=6, label="the exact score")
axes.plot(y, residual, label="r(y) - y, as printed")
axes.plot(y, residual / sigma**2, "--", label="(r(y) - y) / sigma^2, corrected")
axes.axhline(0, color="0.8", linewidth=0.8)
axes.set(xlabel="y", title="A denoiser's residual and the score")
axes.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# *The question: do both sides have the same units?*
#
# ## A mean for a sum.  What happens when there is more of it?
#
# A variational autoencoder's loss is printed as a reconstruction error, "(MSE)", plus
# $\mathrm{KL}(q(z \mid x) \,\|\, p(z))$.  The likelihood of a picture is a *sum* over its $D$
# pixels,
#
# $$-\log p(x \mid z) = \frac{1}{2} \sum_{d=1}^{D} (x_d - \hat x_d)^2 + \text{const} ,$$
#
# and a mean is $2/D$ of that.  The KL then weighs $D/2$ times too much.  For 64 pixels, of which
# theory says how much information a code should carry, the code falls silent:

# %%
run("vae-recon-mse")

# %% [markdown]
# *The question: what happens in the limit, for many pixels, much noise, one example?*
#
# ## A value for its place.  What type is it?
#
# Danskin's theorem differentiates a maximum: hold the maximiser $\delta^* = \arg\max_\delta
# L(\theta, x + \delta)$ fixed, and take the gradient there.  Printed is $\delta^* = \max_\delta L$:
# a number of nats, to be added to every pixel.

# %%
run("danskin")

# %% [markdown]
# *The question: is each thing a number, a point, a set or a function, and where does it live?*
#
# ## A lost half.  Does it count twice?
#
# To learn task B without forgetting A, EWC adds a parabola that stands for A's loss.  In one place
# it is printed as $\lambda \sum_i F_i (\theta_i - \theta_{A,i})^2$, two lines after a Taylor
# expansion with $\frac{1}{2}$.  Without the half, A counts twice, and the optimum is not that of
# $L_A + L_B$:

# %%
run("ewc-penalty")
w = np.linspace(-0.5, 2.2, 200)
loss_a, loss_b = 1.5 * w**2 / 2, 0.5 * (w - 2) ** 2 / 2
figure, axes = plt.subplots(figsize=(6.5, 3.2))
curves = {"L_A + L_B": loss_a + loss_b, "L_B + penalty, as printed": 2 * loss_a + loss_b}
for name, total in curves.items():
    (line,) = axes.plot(w, total, label=name)
    axes.plot(w[np.argmin(total)], total.min(), "o", color=line.get_color())
axes.plot(w, loss_a, "k:", linewidth=1, label="L_A")
axes.plot(w, loss_b, "k--", linewidth=1, label="L_B")
axes.set(xlabel="w", ylim=(0, 3), title="Two tasks, and where one ends")
axes.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# *The question: is there a case with quadratic losses, where all can be computed?*
#
# ## Three at once.  What comes out at the end?
#
# The sampler of a diffusion model goes from noise to data in a thousand steps.  Printed are a start
# at $\mathcal{N}(x_0, I)$, though $x_0$ is what one looks for, and the step
#
# $$x_{t-1} = \frac{1}{\sqrt{\alpha_t}} \left( x_t - \frac{1 - \alpha_t}{\sqrt{1 - \alpha_t}}
#   \, \epsilon_\theta \right) + \sqrt{\alpha_t} \, \epsilon .$$
#
# The second root should be $\sqrt{1 - \bar\alpha_t}$, with the bar: the product of all $\alpha$ so
# far.  The last factor should be the noise's standard deviation $\sqrt{1 - \alpha_t}$, small at
# each step; $\sqrt{\alpha_t}$ is nearly 1 (Ho et al. 2020, arXiv:2006.11239, algorithm 2).
#
# No network is needed to see what that does.  For a mixture of two normal laws the best of all
# networks is known; we give it to both samplers, and start both at $\mathcal{N}(0, 1)$.

# %%
sampler = errata.find("diffusion-sample")
data = Mixture(np.array([0.3, 0.7]), np.array([[-2.0], [1.0]]), np.array([0.09, 0.25]))
best = sampler.exact(data, 1000)
rng = np.random.default_rng(0)
draw = lambda shape: minidl.tensor(rng.standard_normal(shape))
samples = {"data": data.sample(20_000, rng)[:, 0]}
with minidl.no_grad():
    for name in ("as_printed", "corrected"):
        *_, x = getattr(sampler, name)(best, draw((500, 1)), draw)
        samples[name.replace("_", " ")] = x.numpy()[:, 0]
distance = {name: wasserstein1_line(x, samples["data"]) for name, x in samples.items()}
for name in ("as printed", "corrected"):
    print(
        f"{name}: standard deviation {samples[name].std():.2f}, W1 to the data {distance[name]:.2f}"
    )
print(f"the data: standard deviation {samples['data'].std():.2f}")

figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3), sharex=True)
edges = np.linspace(-12, 12, 97)
for axes, name in ((left, "as printed"), (right, "corrected")):
    axes.hist(samples["data"], edges, density=True, color="0.8", label="data")
    axes.hist(samples[name], edges, density=True, histtype="step", linewidth=1.5, label=name)
    axes.set(title=f"Samples, {name}", xlabel="x")
    axes.legend(frameon=False, fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# *The question: if the network were perfect, would the rest be right?*
#
# ## Where are the others?
#
# Each row of the map of the notes says what is wrong with it, and those whose error can be run are:

# %%
names = errata.names()
for i in range(0, len(names), 4):
    print("".join(f"{name:22}" for name in names[i : i + 4]))

# %% [markdown]
# `minidl notes jsd` prints such a row and runs its experiment; the pages of the notes on the site
# have them all.  None of them took cleverness to find.  A direction, an optimum, a unit, a limit, a
# type, a case with a closed form, a perfect component: seven questions, to be asked of every
# formula before it is programmed, of this library's too.
#
# ## What this page claims
#
# The statements above, as checks.

# %%
assert len(shown) == 6 and all(line.separates for lines in shown.values() for line in lines)
assert ends["as printed"] < 0.1 and ends["corrected"] > 0.9
assert np.allclose(best_printed, np.clip(p / q, 0.001, 0.999), atol=1e-3)
assert np.allclose(best_right, np.clip(p / (p + q), 0.001, 0.999), atol=1e-3)
assert np.allclose(residual / sigma**2, law.with_noise(sigma).score(y))
silent = shown["vae-recon-mse"][0]
assert silent.printed < 0.01 < 1 < silent.corrected
assert np.isclose(w[np.argmin(loss_a + loss_b)], 0.5, atol=0.01)
assert distance["corrected"] < 0.2 and distance["as printed"] > 1
assert set(shown) | {"diffusion-sample"} <= set(names)
