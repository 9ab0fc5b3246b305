# %% [markdown]
# # From NumPy to CuPy
#
# CuPy is a library of arrays that live on a GPU, with NumPy's names. minidl's operations are
# written once, with NumPy, and run on both.  This page shows how that can be, what you have to
# change, and what a GPU makes cheap or dear.  It runs without a GPU, and uses one where CuPy finds
# it.

# %%
import statistics
import time

import numpy as np

import minidl
from minidl import nn
from minidl.nn import functional as F

device = "cuda" if minidl.cuda_is_available() else "cpu"
print("this page was computed on:", device)

# %% [markdown]
# ## How can `np.tanh` be given an array of another library?
#
# NumPy asks first.  Before it computes, it looks whether an argument has a method
# `__array_ufunc__` (for functions like `tanh` and `+`) or `__array_function__` (for others, like
# `sum`), and if so, hands the call over.  CuPy's arrays have both, and answer by computing on the
# GPU.  Ours only take notes:


# %%
class Witness:
    """An array that writes down which of NumPy's functions it was given to."""

    calls = []

    def __init__(self, data):
        self.data = data

    def __array_ufunc__(self, function, method, *inputs, **options):
        return self.note(function, inputs, options)

    def __array_function__(self, function, types, inputs, options):
        return self.note(function, inputs, options)

    @classmethod
    def note(cls, function, inputs, options):
        cls.calls.append(function.__name__)
        plain = [x.data if isinstance(x, cls) else x for x in inputs]
        return cls(function(*plain, **options))


def softmax(x):
    e = np.exp(np.subtract(x, np.max(x, axis=1, keepdims=True)))
    return np.divide(e, np.sum(e, axis=1, keepdims=True))


logits = np.array([[1.0, 2.0, 3.0], [0.0, 0.0, 10.0]])
witness = softmax(Witness(logits))
print(Witness.calls)
print("equal to NumPy's:", np.array_equal(witness.data, softmax(logits)))

# %% [markdown]
# The function `softmax` knows nothing of `Witness`.  In the same way minidl's operations call
# NumPy's functions and leave it to the array who computes.  What is not handed over, such as making
# arrays and random numbers, is in `minidl/backend.py`.
#
# ## What must I change in my program?
#
# Make your tensors on the device, and move the model there.  The rest stays.


# %%
def spirals(n, rng):
    """Points on two spiral arms, (2n, 2), and on which arm each of them lies, (2n,)."""
    turn = rng.uniform(0.5, 2.5, size=2 * n) * np.pi
    arm = np.repeat([0, 1], n)
    angle = turn + np.pi * arm
    points = np.stack([turn * np.cos(angle), turn * np.sin(angle)], axis=1) / 5
    return (points + 0.02 * rng.normal(size=points.shape)).astype(np.float32), arm


def train(device, steps=400):
    """A network that tells the arms apart; how often it is right on other points."""
    rng = np.random.default_rng(0)
    (x, labels), (new_x, new_labels) = spirals(100, rng), spirals(100, rng)
    x, labels = minidl.tensor(x, device=device), minidl.tensor(labels, device=device)
    minidl.seed(0)
    model = nn.Sequential(
        nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2)
    )
    model.to(device=device)
    optimiser = minidl.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(steps):
        optimiser.zero_grad()
        loss = F.cross_entropy(model(x), labels)
        loss.backward()
        optimiser.step()
    with minidl.no_grad():
        answers = model(minidl.tensor(new_x, device=device)).argmax(axis=1)
    return loss.item(), float(np.mean(answers.cpu().numpy() == new_labels))


loss, accuracy = train(device)
loss_on_cpu, _ = train("cpu")
print(f"on {device}: loss {loss:.4f}, right on {accuracy:.1%} of new points")
print(f"on cpu:  loss {loss_on_cpu:.4f}")

# %% [markdown]
# The weights were drawn on the CPU and then moved, so that both runs begin with the same ones.
# They need not end with the same digits: a GPU adds in another order, and its random numbers for a
# given seed are others than NumPy's.
#
# ## What does not move by itself?
#
# | | on the CPU | on a GPU |
# |---|---|---|
# | `x + numpy_array` | works | raises: say where it should live, `minidl.tensor(a, device=...)` |
# | `x.numpy()` | shares memory | raises: `x.cpu().numpy()` copies, and you see that it does |
# | `np.zeros(3)` | on the CPU | on the CPU too; `minidl.zeros(3, device=x.device)` is not |
# | `minidl.seed(0)` | NumPy's numbers | other numbers, the same in each run |
# | adding to places named twice | in order | in any order: the last digits vary from run to run |
#
# The first two raise on purpose.  A copy between the two memories is slow, and should be visible in
# the program.

# %%
x = minidl.tensor([1.0, 2.0, 3.0], device=device)
y = minidl.zeros(3, device=x.device) + x
print("made beside x:", y.device == x.device, "  brought home:", y.cpu().numpy())
if device != "cpu":
    try:
        x + np.ones(3)
    except TypeError as error:
        print(error)

# %% [markdown]
# ## Why is my program not faster?  Waiting
#
# A GPU works while Python goes on: a call returns as soon as the work is queued.  Only when a
# number is needed, in `loss.item()`, `print(loss)`, `if loss < 1` or `.cpu()`, Python waits until
# everything queued before is done, and then the GPU waits for Python's next call.  So read the loss
# rarely.  For the same reason a clock that is read after the call measures the queueing; wait on
# both sides of what you time:


# %%
def wait():
    """Until the device has done all that it was told."""
    if device.startswith("cuda"):
        import cupy

        cupy.cuda.Device().synchronize()


def seconds(f, repeats=7):
    """The median time of f(), after a first call, which on a GPU compiles what is needed."""
    f()
    times = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        f()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


print(f"on {device}:   n    x * x of n x n       x @ x    operations a number in x @ x")
for n in (4, 32, 256):
    x = minidl.random.normal(size=(n, n), dtype="float32", device=device)
    elementwise, product = seconds(lambda x=x: x * x), seconds(lambda x=x: x @ x)
    print(f"{n:12}{elementwise * 1e6:12.0f} us{product * 1e6:12.0f} us{2 * n**3 // n**2:14}")

# %% [markdown]
# The times are those of the device on which this page was computed.  On any device, the first rows
# differ little, although the work grows 64-fold: what is paid for there is the call.  On a GPU a
# call costs more, and the work far less, so small arrays lose and large ones gain.  Let one call do
# much: large batches, one product in place of a loop.
#
# ## What does it cost to send data?
#
# A GPU in a slot of PCI Express 4.0 is fed through 16 lanes of 16 billion bits a second, of which
# 128 in 130 are data.  That is the most there can be.  Compare what goes through it in training on
# 60,000 pictures of 28 x 28 bytes for 20 epochs:

# %%
lanes, bits_per_second = 16, 16e9
bandwidth = lanes * bits_per_second * 128 / 130 / 8  # bytes a second
pictures = 60_000 * 28 * 28  # bytes, one each pixel
ways = {
    "float32, sent again in each epoch": 4 * pictures * 20,
    "bytes, sent again in each epoch": pictures * 20,
    "bytes, sent once and kept there": pictures,
}
print(f"at most {bandwidth / 1e9:.1f} GB/s")
for name, size in ways.items():
    print(f"{name:36}{size / 1e6:8.0f} MB, at least {size / bandwidth * 1e3:6.1f} ms")

# %% [markdown]
# So: send small types and cast on the device, keep there what fits, and never send a result back
# and forth to do on the CPU what the GPU could do.  For a product of $n \times n$ matrices $8 n^2$
# bytes are sent and $2 n^3$ operations done, $n / 4$ a byte: sending pays where $n$ is large.
#
# ## How do I know, without a GPU, that it would run on one?
#
# Programs break there in few ways: a NumPy array is mixed in, a function is called that CuPy lacks,
# an array is turned into a NumPy array without a word.  minidl's tests run all operations, layers
# and algorithms on an array type that refuses these as CuPy does, and computes with NumPy inside
# (`tests/strict/`).  Our witness can be made to refuse, too:


# %%
class Strict(Witness):
    def __array__(self, *args, **options):
        raise TypeError("this array lives on a GPU: bring it home with .get()")


careless = lambda x: np.tanh(np.array(x))  # np.array makes a NumPy array of anything
careful = lambda x: np.tanh(x)
np_version = careful(Strict(logits)).data
try:
    careless(Strict(logits))
except TypeError as error:
    refusal = str(error)
    print(refusal)

# %% [markdown]
# ## What this page claims
#
# The statements above, as checks.

# %%
assert Witness.calls[:5] == ["max", "subtract", "exp", "sum", "divide"]
assert np.array_equal(witness.data, softmax(logits))
assert accuracy > 0.9 and abs(loss - loss_on_cpu) <= (1e-5 if device == "cpu" else 0.05)
assert y.device == x.device and np.array_equal(y.cpu().numpy(), [1, 2, 3])
assert round(bandwidth / 1e9, 1) == 31.5
assert ways["float32, sent again in each epoch"] == 80 * ways["bytes, sent once and kept there"]
assert np.array_equal(np_version, np.tanh(logits)) and "GPU" in refusal
