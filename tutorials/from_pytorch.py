# %% [markdown]
# # Coming from PyTorch
#
# If you know PyTorch, you know most of minidl.  This page shows what is the same, what is spelled
# differently and says so when you forget, and the few places where the same words mean something
# else.  PyTorch itself is not needed to run it.

# %%
import tempfile
import textwrap
from pathlib import Path

import numpy as np

import minidl
from minidl import nn
from minidl.nn import functional as F

# %% [markdown]
# ## What is the same?
#
# Layers, losses, optimisers, initialisation and distributions: names, argument order, defaults.
# For the next cell, read `import torch as minidl`, `from torch import nn` and `from torch.nn
# import functional as F` above, and it runs as it stands.


# %%
class Net(nn.Module):
    """Which way do the stripes go?  x: (N, 1, 8, 8)."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.norm = nn.BatchNorm2d(6)
        self.out = nn.Linear(6 * 4 * 4, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv(x))), 2)
        return self.out(x.reshape(len(x), -1))


def stripes(n, rng):
    """Noisy pictures, (n, 1, 8, 8), with stripes across, up or slanting; which way, (n,)."""
    row, column = np.mgrid[:8, :8]
    kinds = np.stack([row, column, row + column]) % 4 < 2
    labels = rng.integers(0, 3, size=n)
    return kinds[labels, None] + rng.normal(size=(n, 1, 8, 8)), labels


rng = np.random.default_rng(0)
images, labels = stripes(300, rng)
model = Net()
optimizer = minidl.optim.Adam(model.parameters(), lr=0.01)
for _ in range(30):
    x = minidl.tensor(images.astype(np.float32))
    y = minidl.tensor(labels)
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()

model.eval()
with minidl.no_grad():
    new_images, new_labels = stripes(300, rng)
    answers = model(minidl.tensor(new_images.astype(np.float32))).argmax(1)
accuracy = np.mean(answers.numpy() == new_labels)
print(f"loss {loss.item():.3f}, right on {accuracy:.1%} of new pictures")

# %% [markdown]
# The same too are `backward` adding to `.grad`, `autograd.grad`, `create_graph`, `detach`,
# `register_hook`, `autograd.Function`, `gradcheck`; and from `torch.func`: `grad`, `vjp`, `jvp`,
# `hessian`, `functional_call`.
#
# ## What is spelled otherwise?
#
# A tensor's mathematics has NumPy's names: `axis` and `keepdims` in place of `dim` and `keepdim`.
# The rule: what you find in `torch.nn` or `torch.optim` is spelled as there, everything else as in
# NumPy.  You need not learn the list, the errors know it:

# %%
x = minidl.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])
attempts = {
    "x.sum(dim=1)": lambda: x.sum(dim=1),
    "x.view(3, 2)": lambda: x.view(3, 2),
    "x.unsqueeze(0)": lambda: x.unsqueeze(0),
    "x.permute(1, 0)": lambda: x.permute(1, 0),
    "x.transpose(0, 1)": lambda: x.transpose(0, 1),
    "x.masked_fill(x > 1, 0)": lambda: x.masked_fill(x > 1, 0),
    "x.add_(1)": lambda: x.add_(1),
    "minidl.cat([x, x])": lambda: minidl.cat([x, x]),
    "minidl.randn(3)": lambda: minidl.randn(3),
    "minidl.relu(x)": lambda: minidl.relu(x),
    "F.softmax(x, axis=1)": lambda: F.softmax(x, axis=1),
}
answers = {}
for text, attempt in attempts.items():
    try:
        attempt()
    except (AttributeError, TypeError) as error:
        answers[text] = str(error)
        print(text, textwrap.fill(str(error), 92).replace("\n", "\n    "), sep="\n    ")

# %% [markdown]
# ## What means something else, without an error?
#
# These are the traps.  Both libraries know the word, and what minidl does is what NumPy does:
#
# | | PyTorch | minidl, NumPy |
# |---|---|---|
# | `x.std()`, `x.var()` | divides by $n - 1$ | divides by $n$; say `ddof=1` for the other |
# | `split(x, 2)` | pieces of length 2 | 2 pieces |
# | `x.repeat(2)` | the whole twice | each element twice; the whole is `tile` |
# | `x.max(1)`, `x.sort()` | values and indices | values; indices: `argmax`, `argsort` |
# | `x.size` | a method, the shape | a number; the shape is `x.shape` |

# %%
row = minidl.tensor([3.0, 1.0, 2.0, 6.0, 5.0, 4.0])
found = {
    "std": row.std().item(),
    "std, ddof=1": row.std(ddof=1).item(),
    "split in 2": [piece.tolist() for piece in minidl.split(row, 2)],
    "repeat": row.repeat(2).tolist(),
    "tile": minidl.tile(row, 2).tolist(),
    "max": x.max(1).tolist(),
    "sort": row.sort().tolist(),
    "argsort": row.argsort().tolist(),
    "size": x.size,
}
for name, value in found.items():
    print(f"{name:12} {value}")

# %% [markdown]
# ## How do I change a tensor in place?
#
# A plain tensor as you like:  `x[0] = 5.0`.  A leaf that learns under `no_grad`, as in PyTorch.
# What a backward pass still needs must not change, and a change is noticed:

# %%
w = minidl.tensor([1.0, 2.0], requires_grad=True)
loss = (w * w).sum()
with minidl.no_grad():
    w += 1.0
try:
    loss.backward()
except RuntimeError as error:
    changed = str(error)
    print(textwrap.fill(changed, 96))

v = minidl.tensor([1.0, 2.0], requires_grad=True)
try:
    (v * 2)[0] = 10.0
except RuntimeError as error:
    overwritten = str(error)
    print(textwrap.fill(overwritten, 96))
replaced = minidl.index_put(v, 0, 10.0)  # a new tensor, with a history
(replaced**2).sum().backward()
print("v is still", v.tolist(), " its gradient", v.grad.tolist())

# %% [markdown]
# ## Which dtype do I get?
#
# Python's floats become float32, and arrays keep what they have, as in PyTorch.  NumPy's arrays are
# float64 unless you say otherwise, and a float64 input to a float32 layer is refused in both.

# %%
try:
    nn.Linear(3, 2)(minidl.tensor(np.ones((1, 3))))
except TypeError as error:
    mixed = str(error)
    print(textwrap.fill(mixed, 96))
print(minidl.tensor([1.0]).dtype, minidl.tensor(np.array([1.0])).dtype, minidl.tensor([1]).dtype)

# %% [markdown]
# ## Can I bring my weights?
#
# Yes.  The keys of a `state_dict` and the layout of each array are PyTorch's.  What lies where, a
# formula says best; here each is computed with NumPy alone, from the arrays in the `state_dict`:
#
# - Linear, `weight` (out, in): $y = x W^\top + b$.
# - Conv2d, `weight` (out, in, height, width): the kernel is laid on the picture, not flipped.
# - LSTM, `weight_ih_l0` (4 hidden, in): the rows are, in this order, those of the input gate, the
#   forget gate, the candidate and the output gate.


# %%
def arrays(module):
    return {key: value.numpy() for key, value in module.state_dict().items()}


linear, conv, lstm = nn.Linear(3, 2), nn.Conv2d(2, 4, 3), nn.LSTM(3, 5)
for module in (linear, conv, lstm):
    for key, value in arrays(module).items():
        print(f"{type(module).__name__:7} {key:13} {value.shape}")

differences = {}
x = rng.normal(size=(7, 3)).astype(np.float32)
s = arrays(linear)
differences["linear"] = linear(minidl.tensor(x)).detach().numpy() - (x @ s["weight"].T + s["bias"])

picture = rng.normal(size=(1, 2, 6, 6)).astype(np.float32)
s = arrays(conv)
patch = picture[0, :, 1:4, 2:5]  # what output place (1, 2) sees: (2, 3, 3)
by_hand = (s["weight"] * patch).sum(axis=(1, 2, 3)) + s["bias"]
differences["conv"] = conv(minidl.tensor(picture)).detach().numpy()[0, :, 1, 2] - by_hand

sigmoid = lambda z: 1 / (1 + np.exp(-z))
s, h, c = arrays(lstm), np.zeros(5), np.zeros(5)
for x_t in x:  # 7 steps, no batch
    z = s["weight_ih_l0"] @ x_t + s["bias_ih_l0"] + s["weight_hh_l0"] @ h + s["bias_hh_l0"]
    i, f, g, o = np.split(z, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
_, (h_n, c_n) = lstm(minidl.tensor(x))
differences["lstm"] = h_n.detach().numpy()[0] - h
for name, difference in differences.items():
    print(f"{name:7} largest difference {np.abs(difference).max():.0e}")

# %% [markdown]
# Files travel as safetensors.  In PyTorch, `safetensors.torch.save_file(model.state_dict(),
# "net.safetensors")`; here, `minidl.load` and `load_state_dict`.  The pickles that `torch.save`
# writes are not read.

# %%
twin = Net()
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "net.safetensors"
    minidl.save(path, model.state_dict())
    print(f"{path.stat().st_size} bytes;", twin.load_state_dict(minidl.load(path)))
twin.eval()
with minidl.no_grad():
    pictures = minidl.tensor(new_images.astype(np.float32))
    same = np.array_equal(model(pictures).numpy(), twin(pictures).numpy())
print("the twin gives the same outputs:", same)

# %% [markdown]
# ## What is better here, and what is not there?
#
# Every operation can be differentiated again, fused ones and those of recurrent layers included.
# `minidl.explain()` shows a backward pass step by step, `minidl.draw(y)` its graph,
# `minidl.debug()` finds the operation that made a NaN, and each rule is a line that can be read.
#
# There are no complex or sparse tensors, no compiler, no training on several devices, and forward
# mode is made of two reverse passes.  minidl is for understanding; models of a billion weights are
# not its business.
#
# ## What this page claims
#
# The statements above, as checks.

# %%
assert accuracy > 0.9
assert answers.keys() == attempts.keys()
assert "use axis=" in answers["x.sum(dim=1)"] and "reshape" in answers["x.view(3, 2)"]
assert "concatenate" in answers["minidl.cat([x, x])"]
assert np.isclose(found["std"], np.std([3, 1, 2, 6, 5, 4]))
assert np.isclose(found["std, ddof=1"], np.std([3, 1, 2, 6, 5, 4], ddof=1))
assert found["split in 2"] == [[3, 1, 2], [6, 5, 4]]
assert found["repeat"] == [3, 3, 1, 1, 2, 2, 6, 6, 5, 5, 4, 4]
assert found["tile"] == [3, 1, 2, 6, 5, 4] * 2 and found["max"] == [3, 5] and found["size"] == 6
assert found["sort"] == [1, 2, 3, 4, 5, 6] and found["argsort"] == [1, 2, 0, 5, 4, 3]
assert "index_put" in overwritten
assert "changed" in changed and v.tolist() == [1, 2] and v.grad.tolist() == [0, 4]
assert "float64" in mixed
assert max(np.abs(difference).max() for difference in differences.values()) < 1e-5
assert same
