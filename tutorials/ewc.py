# %% [markdown]
# # Elastic weight consolidation
#
# A network that has learned task A and is then trained on task B forgets A, although most of its
# weights did not matter to A.  Which of them did?  And how hard must these be held?
#
# Rows of the notes: `ewc-taylor`, `ewc-penalty`, `fisher-diag`.

# %%
import matplotlib.pyplot as plt
import numpy as np

import minidl
from minidl import data, no_grad, optim
from minidl.continual import ewc, fisher
from minidl.continual.learner import accuracy, mlp
from minidl.nn import functional as F

# %% [markdown]
# ## Two tasks
#
# Task A is to read handwritten digits of 8x8 pixels.  Task B is the same with the pixels in another
# order, the same for all images: as hard for a network of linear layers, and of no use to it is
# what A has taught.

# %%
images, labels = data.digits()
rng = np.random.default_rng(0)
shuffled = rng.permutation(len(images))
x, y = images.reshape(-1, 64)[shuffled], labels[shuffled].astype(np.int64)
order = rng.permutation(64)
A, B = ({"x": minidl.tensor(x[:1300]), "y": minidl.tensor(y[:1300]),
         "x_test": minidl.tensor(x[1300:]), "y_test": minidl.tensor(y[1300:])}
        for x in (x, x[:, order]))  # fmt: skip


LR, BATCH = 0.1, 64


def learn(net, task, hold=None, steps=1000, seed=0):
    """SGD on the task and on what `hold` adds; returns accuracies on A and B on the way."""
    rng = np.random.default_rng(seed)
    optimiser = optim.SGD(net.parameters(), lr=LR)
    path = []
    for step in range(steps + 1):
        if step % 100 == 0:
            path.append([accuracy(net, one["x_test"], one["y_test"]) for one in (A, B)])
        rows = rng.integers(0, 1300, BATCH)
        loss = F.cross_entropy(net(task["x"][rows]), task["y"][rows])
        if hold is not None:
            loss = loss + hold(net)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return np.array(path)  # (looks, 2)


net = mlp(64, 30, 10, rng=0)
learn(net, A)
after_A = {name: value.copy() for name, value in net.state_dict().items()}
paths = {"nothing held": learn(net, B)}
print("accuracy on          A      B")
print("after A           {:.3f}  {:.3f}".format(*paths["nothing held"][0]))
print("after A, then B   {:.3f}  {:.3f}".format(*paths["nothing held"][-1]))

# %% [markdown]
# ## What matters to A
#
# What should not change is what the network says about A's images.  Measure the change by the
# divergence
# $d(\theta) = \mathbb{E}_x\, \mathrm{KL}(p_\theta(\cdot \mid x) \,\|\, p_A(\cdot \mid x))$.  At
# $\theta_A$ it is 0 and least, so value and slope vanish; what remains is the second order,
#
# $$d(\theta_A + D) = \tfrac{1}{2} D^\top F D + O(|D|^3), \qquad
#   F = \mathbb{E}_x \mathbb{E}_{y \sim p_A(\cdot \mid x)}
#   \left( \nabla \log p(y \mid x) \right) \left( \nabla \log p(y \mid x) \right)^\top ,$$
#
# with the Fisher information $F$.  (One set of notes prints $F D$ for the quadratic form.  That is
# a vector, and it doubles when $D$ does; a divergence grows fourfold.)  A network has too many
# weights for a matrix, so the diagonal has to do:
#
# $$\text{minimise} \quad L_B(\theta) + \frac{\lambda}{2} \sum_i F_i (\theta_i - \theta_{A,i})^2 .$$
#
# Which are these numbers in the last layer?  With logits $l = W h + b$ the derivative
# $\partial \log p(y) / \partial l_c$ is $1 - p_c$ if $y = c$ and $-p_c$ if not: its mean is 0 and
# its mean square $p_c (1 - p_c)$.  So the weight from unit $j$ to class $c$ has
# $F = \mathbb{E}\, p_c (1 - p_c) h_j^2$.  It matters if unit $j$ is awake where class $c$ is in
# doubt.  For the other layers minidl squares gradients example by example, class by class.

# %%
net.load_state_dict(after_A)
importance = fisher.exact(net, A["x"])
with no_grad():
    h = F.relu(net[0](A["x"]))  # (N, 30)
    p = F.softmax(net[2](h), dim=1)  # (N, 10)
    by_hand = (p * (1 - p)).T @ h**2 / len(h)
closeness = abs(by_hand - importance["2.weight"]).max().item() / by_hand.max().item()
print(f"last layer, by hand and by minidl: relative difference {closeness:.0e}")

anchor = ewc.anchor(net, importance)
with no_grad():
    before = net(A["x"])
    i = np.unravel_index(importance["0.weight"].numpy().argmax(), (30, 64))
    print("\none weight of the first layer moved by    divergence    1/2 F D^2")
    moved = {}
    for delta in (0.05, 0.1, 0.2):
        net[0].weight.data[i] = anchor.values["0.weight"].data[i] + delta
        d = ewc.divergence(net(A["x"]), before).mean().item()
        moved[delta] = d, ewc.penalty(dict(net.named_parameters()), anchor).item()
        print(f"{delta:37.2f} {moved[delta][0]:15.6f} {moved[delta][1]:12.6f}")

# %% [markdown]
# ## A Fisher that is 64 times too small
#
# It is tempting to square what `backward` gives: the gradient of a batch's mean loss.  Several
# published implementations do.  But the scores of single examples have mean 0 under the model, so
# those of a batch cancel, and the square of their mean is smaller by the size of the batch.


# %%
@no_grad()
def mean_gradient(net, x, y):
    """Of the mean log-likelihood: a tensor for each parameter."""
    return minidl.grad(lambda net: -F.cross_entropy(net(x), y))(net)


def total(parts):
    return sum(part.sum().item() for part in parts.values())


net.load_state_dict(after_A)
rng = np.random.default_rng(1)
squares = {name: 0.0 for name in importance}
for _ in range(200):
    rows = rng.integers(0, 1300, BATCH)
    uniform = minidl.random.uniform(size=(BATCH,), rng=rng)
    y = fisher.draw_classes(p[rows], uniform)  # y ~ p(y|x), as in F
    g = mean_gradient(net, A["x"][rows], y)
    squares = {name: squares[name] + g[name] ** 2 / 200 for name in g}
ratio = total(importance) / total(squares)
print(f"{ratio:.0f} times smaller")

# %% [markdown]
# ## Learning B with A held


# %%
def held(importance, strength):
    net.load_state_dict(after_A)
    anchor = ewc.anchor(net, importance)

    def hold(net):
        return strength * ewc.penalty(dict(net.named_parameters()), anchor)

    return learn(net, B, hold)


sweep = {"single examples": {}, "batch means": {}}
with np.errstate(over="ignore", invalid="ignore"):  # one of them leaves all bounds
    for strength in (1, 10, 300):
        sweep["single examples"][strength] = held(importance, strength)
        sweep["batch means"][strength] = held(squares, strength)
print("Fisher of          lambda    A      B")
for form, found in sweep.items():
    for strength, path in found.items():
        print(f"{form:<17} {strength:7d}  {path[-1, 0]:.3f}  {path[-1, 1]:.3f}")
steepest = max(part.max().item() for part in importance.values())
print(f"largest F_i {steepest:.2f}, so SGD is stable below lambda = {2 / (LR * steepest):.0f}")

# %% [markdown]
# With $\lambda = 10$ most of A is kept, and B costs a few hundredths.  The same $\lambda$ with the
# Fisher of batch means hardly holds anything; it needs one some 64 times as large.  A paper's
# $\lambda$ means nothing without the paper's Fisher (nor without its $\frac{1}{2}$, which one set
# of notes leaves out).
#
# And with $\lambda = 300$ everything is lost, B too.  The penalty is a parabola of curvature
# $\lambda F_i$ along weight $i$, and gradient descent leaves a parabola for good if the step times
# the curvature is above 2.

# %%
paths["EWC, lambda 10"] = sweep["single examples"][10]
paths["EWC, lambda 10, batch means"] = sweep["batch means"][10]
figure, axes = plt.subplots(1, 2, figsize=(8.6, 3.2), layout="constrained", sharey=True)
figure.suptitle("Accuracy on test images while task B is learned", fontsize=11)
for task, panel in enumerate(axes):
    for (name, path), colour in zip(paths.items(), ("C7", "C0", "C3")):
        panel.plot(np.arange(len(path)) * 100, path[:, task], color=colour, label=name)
    panel.set(xlabel="steps of learning B", title=f"task {'AB'[task]}", ylim=(0.1, 1.02))
    panel.spines[["top", "right"]].set_visible(False)
axes[1].legend(frameon=False, loc="lower right")
plt.show()

# %% [markdown]
# ## What this page claims
#
# With two other seeds accuracy on A falls to .73 and .60 with nothing held, and to .94 and .93 with
# $\lambda = 10$; the Fisher of batch means is 66 and 58 times too small.

# %%
end = {name: path[-1] for name, path in paths.items()}
assert end["nothing held"][0] < paths["nothing held"][0, 0] - 0.1
assert end["EWC, lambda 10"][0] > end["nothing held"][0] + 0.08
assert end["EWC, lambda 10"][1] > 0.9
assert end["EWC, lambda 10, batch means"][0] < end["EWC, lambda 10"][0] - 0.02
assert closeness < 1e-5 and 40 < ratio < 100
assert abs(moved[0.05][0] / moved[0.05][1] - 1) < 0.1
assert 3 < moved[0.1][0] / moved[0.05][0] < 5
assert sweep["single examples"][300][-1, 1] < 0.2 and 30 < 2 / (LR * steepest) < 300
