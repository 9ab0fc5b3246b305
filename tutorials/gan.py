# %% [markdown]
# # Generative adversarial networks
#
# A generator $G$ turns noise $z$ into examples.  Nobody can say what probability it gives to an
# example, so it cannot be trained by maximum likelihood.  Instead a second network, the critic $D$,
# learns to tell real examples from generated ones, and the generator learns to mislead it:
#
# $$\min_G \max_D V(D, G), \qquad
#   V = \mathbb{E}_{x} \log D(x) + \mathbb{E}_{z} \log (1 - D(G(z))) .$$
#
# What is this game good for, when does it give no gradient, and what does it forget?
#
# Rows of the notes: `gan-value`, `gan-minimax`, `gan-optimal-d`, `gan-global-min`,
# `gan-algorithm1`, `mm-gan`, `ns-gan`, `ns-vs-mm`, `mode-collapse`, `wgan-loss`, `wgan-gp`.

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minidl
from minidl import data, nn, no_grad, optim
from minidl.autoencoders.adversarial import modes_found
from minidl.generative import optimal, penalties
from minidl.nn import functional as F

# %% [markdown]
# ## What the best critic knows
#
# Take laws $p$ (real) and $q$ (generated) on six points.  Then $V$ is a sum, and the critic is six
# numbers.  At each point it maximises $p \log D + q \log(1 - D)$, which gives $D^* = p / (p + q)$;
# put in, $V = -\log 4 + 2\, \mathrm{JSD}(p, q)$.  We let gradient ascent find it.  ($D$ is the
# logistic function of a logit $l$, here as in every cell below: $\log D$ and $\log(1 - D)$ are then
# `logsigmoid(l)` and `logsigmoid(-l)`, exact where $D$ rounds to 0 or 1.)

# %%
rng = np.random.default_rng(0)
p, q = minidl.tensor(rng.dirichlet(np.ones(6), 2))
logits = minidl.tensor(np.zeros(6), requires_grad=True)
optimiser = optim.Adam([logits], lr=0.3)
for _ in range(600):
    value = (p * F.logsigmoid(logits) + q * F.logsigmoid(-logits)).sum()
    optimiser.zero_grad()
    (-value).backward()
    optimiser.step()
with no_grad():
    found, best = F.sigmoid(logits), p / (p + q)
jsd = optimal.jensen_shannon(p, q).item()
print("critic found by ascent ", found.numpy().round(4))
print("p / (p + q)            ", best.numpy().round(4))
print(f"V = {value.item():.6f}   -log 4 + 2 JSD = {2 * jsd - math.log(4):.6f}")

# %% [markdown]
# So the critic at its best measures a divergence, and the generator that descends it has one goal,
# $q = p$.  But the divergence is bounded by $\log 2$, and this is where trouble begins.
#
# ## Algorithm 1
#
# The data are points around eight places on a circle.  A step of the critic, a step of the
# generator, in turns.  Each `backward` names whose gradients it is for: the critic's step must
# leave nothing in the generator, nor the other way round.

# %%
ANGLES = 2 * np.pi * np.arange(8) / 8
PLACES, STD, NOISE = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), 0.1, 8


def network(*widths, activation, rng):
    first, second, third, last = widths
    return nn.Sequential(
        nn.Linear(first, second, rng=rng), activation(),
        nn.Linear(second, third, rng=rng), activation(), nn.Linear(third, last, rng=rng),
    )  # fmt: skip


def noise(n, rng):
    return minidl.random.normal(size=(n, NOISE), rng=rng)


def classify(critic, real, fake):
    """-V, what the critic descends: its cross-entropy."""
    return -F.logsigmoid(critic(real)).mean() - F.logsigmoid(-critic(fake)).mean()


def play(critic_loss, generator_loss, rounds, critic_steps=1, generator_steps=1, seed=0):
    """Returns the generator and the critic after so many rounds."""
    rng = np.random.default_rng(seed)
    generator = network(NOISE, 64, 64, 2, activation=nn.ReLU, rng=rng)
    critic = network(2, 64, 64, 1, activation=nn.Tanh, rng=rng)
    moves = {who: optim.Adam(who.parameters(), lr=2e-3, betas=(0.5, 0.9))
             for who in (generator, critic)}  # fmt: skip

    def descend(who, loss):
        moves[who].zero_grad()
        loss.backward(inputs=list(who.parameters()))
        moves[who].step()

    for _ in range(rounds):
        for _ in range(critic_steps):
            real = minidl.tensor(data.gaussian_ring(128, std=STD, rng=rng)[0])
            with no_grad():
                fake = generator(noise(128, rng))
            descend(critic, critic_loss(critic, real, fake))
        for _ in range(generator_steps):
            descend(generator, generator_loss(critic(generator(noise(128, rng)))))
    return generator, critic


# %% [markdown]
# ## A critic that is sure
#
# The generator descends $\log(1 - D(y))$ for its example $y$.  Early on, the critic sees at once
# that $y$ is generated: its logit $l$ is far below 0.  The gradient that comes back is
#
# $$\frac{d}{dl} \log(1 - D) = -D, \qquad \frac{d}{dl} \left( -\log D \right) = -(1 - D) .$$
#
# The first is almost 0 when $D$ is, just when the generator has most to learn.  The second, the
# non-saturating loss, has the same goal and its largest gradient there.  (The notes give as the
# reason $\nabla \log(1 - D) = \nabla D / (1 - D)$.  The sign is wrong, and $1 / (1 - D)$ does not
# vanish.  What vanishes is $\nabla D$, and the logit shows it.)
#
# ## A critic with a slope
#
# The divergence itself is at its bound where two laws do not overlap, and flat.  The distance that
# $q$ has to be carried is not: a Wasserstein critic maximises
# $\mathbb{E}\, D(x) - \mathbb{E}\, D(y)$ among functions of slope at most 1.  WGAN-GP asks for the
# slope by a price,
#
# $$\lambda\, \mathbb{E} \left( |\nabla D(\hat{x})| - 1 \right)^2, \qquad
#   \hat{x} = \alpha x + (1 - \alpha) y, \quad \alpha \sim U[0, 1] \text{ for each pair,}$$
#
# (the notes leave out where $x$ and $\alpha$ come from).  Its gradient is a gradient of a gradient;
# `create_graph=True` makes the inner one differentiable.

# %%
alphas = np.random.default_rng(1)


def price(critic, real, fake, alpha):
    x_hat = (alpha * real + (1 - alpha) * fake).detach().requires_grad_()
    (slope,) = minidl.autograd.grad(critic(x_hat).sum(), [x_hat], create_graph=True)  # (N, 2)
    return ((minidl.sqrt((slope**2).sum(axis=1) + 1e-12) - 1) ** 2).mean()


def wasserstein(critic, real, fake):
    alpha = minidl.random.uniform(size=(len(real), 1), rng=alphas)
    return critic(fake).mean() - critic(real).mean() + price(critic, real, fake, alpha)


_, critic = play(classify, None, rounds=20, generator_steps=0)
x, y, alpha = (minidl.random.normal(size=(50, d), rng=rng) for d in (2, 2, 1))
ours = price(critic, x, y, alpha).item()
theirs = penalties.gradient_penalty(critic, penalties.between(x, y, alpha)).item()
print(f"price {ours:.6f}, minidl's {theirs:.6f}")

# %% [markdown]
# Now the test.  The generator stands still while the critic learns; how long is the generator's
# gradient then?

# %%
losses = {
    "minimax": (classify, lambda logits: F.logsigmoid(-logits).mean()),
    "non-saturating": (classify, lambda logits: -F.logsigmoid(logits).mean()),
    "WGAN-GP": (wasserstein, lambda logits: -logits.mean()),
}
lengths = {name: [] for name in losses}
print("critic's steps    D(G(z))" + "".join(f"{name:>16}" for name in losses))
for steps in (0, 30, 100, 300):
    for name, (critic_loss, generator_loss) in losses.items():
        generator, critic = play(critic_loss, None, rounds=steps, generator_steps=0)
        logits = critic(generator(noise(500, np.random.default_rng(2))))
        slopes = minidl.autograd.grad(generator_loss(logits), list(generator.parameters()))
        lengths[name].append(math.sqrt(sum((g**2).sum().item() for g in slopes)))
        if name == "minimax":
            believed = F.sigmoid(logits).mean().item()
    print(f"{steps:14d} {believed:10.1e}" + "".join(f"{l[-1]:16.1e}" for l in lengths.values()))

# %% [markdown]
# (The length of Adam's steps does not depend on the gradient's, which hides the trap for a while.)
#
# ## What a generator forgets
#
# Nothing so far asks for *all* eight places.  In the value of the best critic that is included.
# But against a critic that stands still, the best a generator can do is to put everything on the
# one point that looks truest.  So it matters who moves faster.  Below, the same number of steps of
# the generator: one to each of the critic, and three.

# %%
bred = {
    "in step, 1 : 1": play(*losses["non-saturating"], rounds=800),
    "in haste, 1 : 3": play(*losses["non-saturating"], rounds=267, generator_steps=3),
    "WGAN-GP, 2 : 1": play(*losses["WGAN-GP"], rounds=500, critic_steps=2),
}
line = np.linspace(-3, 3, 60, dtype=np.float32)
plane = minidl.tensor(np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2))
figure, axes = plt.subplots(1, 3, figsize=(9, 3.3), layout="constrained")
figure.suptitle("1,000 samples, over the critic's opinion (darker: more like data)", fontsize=10)
modes = {}
for panel, (name, (generator, critic)) in zip(axes, bred.items()):
    with no_grad():
        samples = generator(noise(1000, np.random.default_rng(3))).numpy()
        opinion = critic(plane).numpy().reshape(60, 60)
    modes[name], near = modes_found(samples, PLACES, STD)
    print(f"{name:<16} {modes[name]} of 8 places found, {near:.0%} of samples within 3 std of one")
    levels = np.quantile(opinion, np.linspace(0, 1, 10))
    panel.contourf(line, line, opinion, levels=levels, cmap="Blues", alpha=0.6)
    panel.plot(*PLACES.T, "o", color="0.3", markersize=11, fillstyle="none", linewidth=0.5)
    panel.plot(*samples.T, ".", color="C3", markersize=2, alpha=0.6)
    panel.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=[], yticks=[])
    panel.set_title(f"{name}: {modes[name]} of 8", fontsize=10)
plt.show()

# %% [markdown]
# The hasty generator runs from place to place, and the critic after it.  Another loss is no cure by
# itself: play the last game with one step of the critic to three, and it ends in the same way.  A
# critic that is kept near its best is one, and it needs a loss that still gives a gradient then.
#
# ## What this page claims
#
# With two other seeds the first game finds seven and eight places, the last one eight each time,
# the hasty one at most one.

# %%
assert abs(found - best).max().item() < 5e-4
assert abs(value.item() - (2 * jsd - math.log(4))) < 5e-4
assert abs(best - optimal.optimal_discriminator(p, q)).max().item() == 0
assert abs(ours - theirs) < 1e-5 * theirs
assert lengths["minimax"][-1] < 1e-4 * lengths["minimax"][0]
assert lengths["non-saturating"][-1] > lengths["non-saturating"][0]
assert min(lengths["WGAN-GP"]) > 0.01
assert modes["in step, 1 : 1"] >= 6 and modes["WGAN-GP, 2 : 1"] >= 6
assert modes["in haste, 1 : 3"] <= 2
