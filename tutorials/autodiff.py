# %% [markdown]
# # Automatic differentiation from scratch
#
# Training a network needs the slope of one number, the loss, along each of its weights, of which
# there may be a million.  Here we write a program that finds them all in one sweep: first in forty
# lines of plain Python, where every number can be followed.  Then we answer what everybody asks who
# has written one: in which order must the sweep go, and why?

# %%
import math

import matplotlib.pyplot as plt
import numpy as np

import minidl

# %% [markdown]
# ## What does a program know of its own slopes?
#
# A program computes with small operations, and of each we know the slope.  If $y = a b$, then
# $\partial y / \partial a = b$: known at the moment when $y$ is computed.  So let each number
# remember what it was made from, and these local slopes.


# %%
class Value:
    """A number that remembers what it was made from."""

    made = 0  # how many there are so far

    def __init__(self, data, inputs=(), slopes=()):
        self.data = data
        self.inputs = inputs  # the Values it was computed from
        self.slopes = slopes  # d(this) / d(input), for each of them
        self.grad = 0.0  # d(result) / d(this), once a sweep has been through
        self.number = Value.made = Value.made + 1

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        return Value(self.data * other.data, (self, other), (other.data, self.data))

    def tanh(self):
        y = math.tanh(self.data)
        return Value(y, (self,), (1 - y * y,))


x = Value(3.0)
y = x * x + x
print("y =", y.data, "  made from", [v.data for v in y.inputs], "  with the slopes", y.slopes)

# %% [markdown]
# ## How do local slopes become the slope of the result?
#
# By the chain rule.  Where $x$ is used by $u_1, u_2, \dots$, and these lead to the result $r$,
#
# $$\frac{\partial r}{\partial x} = \sum_k \frac{\partial r}{\partial u_k}
#   \frac{\partial u_k}{\partial x} .$$
#
# Read from the result backwards: what arrives at $u$ is handed on to its inputs, multiplied by the
# local slope, and what arrives at $x$ along several ways is added up.  The shortest program that
# does this follows every path from the result to the beginning:


# %%
def along_all_paths(result):
    """Add up the product of slopes along every path; returns how many values were visited."""
    visits = 0

    def visit(value, arriving):
        nonlocal visits
        visits += 1
        value.grad += arriving
        for x, slope in zip(value.inputs, value.slopes):
            visit(x, arriving * slope)

    visit(result, 1.0)
    return visits


along_all_paths(y)
slope_at_3 = x.grad
print("slope of x^2 + x at 3:", slope_at_3, "  by hand: 2x + 1 =", 2 * 3 + 1)

# %% [markdown]
# It is right, and useless.  Double a number $n$ times, $b = a + a$, $c = b + b$, and so on: there
# are $n$ operations, but $2^n$ paths.

# %%
visits = {}
for n in (4, 8, 12, 16):
    value = Value(1.0)
    for _ in range(n):
        value = value + value
    visits[n] = along_all_paths(value)
    print(f"{n:2d} operations: {visits[n]:7,d} visits")

# %% [markdown]
# ## Why not hand on at once?
#
# The program that most people write first looks nearly the same: whenever something arrives at a
# value, the value hands on all that it has.


# %%
def at_once(value):
    for x, slope in zip(value.inputs, value.slopes):
        x.grad += value.grad * slope
        at_once(x)


x = Value(1.0)
y = Value(3.0) * x
result = Value(2.0) * y + Value(5.0) * y
result.grad = 1.0
at_once(result)
slope_at_once = x.grad
print("slope of 2y + 5y with y = 3x:", slope_at_once, "  by hand:", 7 * 3)

# %% [markdown]
# First 2 arrives at $y$, and is handed on.  Then 5 arrives, $y$ has 7, and hands on 7: the 2 has
# been handed on twice, and $x$ gets $3 \cdot 2 + 3 \cdot 7 = 27$.
#
# ## Can every value be visited only once?
#
# Yes: wait until everything has arrived at a value, and hand on the sum.  So the sweep itself is
# easy, given a list of the values in some order.  The question is which.


# %%
def sweep(result, order):
    """Visit each value once, in this order; returns what each of them handed on."""
    handed_on, result.grad = {}, 1.0
    for value in order(result):
        handed_on[value] = value.grad
        for x, slope in zip(value.inputs, value.slopes):
            x.grad += value.grad * slope
    return handed_on


def breadth_first(result):
    """The result, then what it was made from, then what that was made from, ..."""
    found = [result]
    for value in found:  # the list grows as we go along it
        found += [x for x in dict.fromkeys(value.inputs) if x not in found]
    return found


def depth_first(result):
    """A value, then its first input and all behind it, then its second input, ..."""
    found = []

    def visit(value):
        if value not in found:
            found.append(value)
            for x in value.inputs:
                visit(x)

    visit(result)
    return found


def topological(result):
    """Note a value when all behind it are noted; then read the list from its end."""
    found = []

    def visit(value):
        if value not in found:
            for x in value.inputs:
                visit(x)
            found.append(value)

    visit(result)
    return found[::-1]


# %% [markdown]
# All three visit each value once.  Here are five small programs, each of which uses some value
# twice, and what each order makes of them.

# %%
two, three, five = Value(2.0), Value(3.0), Value(5.0)


def square(x):
    return x * x


def doubled_twice(x):
    b = x + x
    return b + b


def diamond(x):
    y = three * x
    return two * y + five * y


def diamond_and_past_it(x):
    y = three * x
    return (two * y) * y + x


def near_and_far(x):
    y = x * x
    return y * (two * y)


programs = {  # where the slope is wanted, and what it is by hand
    square: (3.0, 6.0),  # 2x
    doubled_twice: (1.0, 4.0),
    diamond: (1.0, 21.0),  # 7 y, y = 3x
    diamond_and_past_it: (2.0, 73.0),  # 18 x^2 + x: 36x + 1
    near_and_far: (1.0, 8.0),  # 2 x^4: 8 x^3
}
orders = [breadth_first, depth_first, topological]
slopes = {}
print(f"{'':20}" + "".join(f"{order.__name__:>15}" for order in orders), f"{'by hand':>12}")
for program, (at, by_hand) in programs.items():
    for order in orders:
        x = Value(at)
        sweep(program(x), order)
        slopes[program, order] = x.grad
    row = "".join(f"{slopes[program, order]:15.0f}" for order in orders)
    print(f"{program.__name__:20}{row} {by_hand:12.0f}")

# %% [markdown]
# Breadth first passes four of the five: whoever tests an engine on those believes that it works.
# The fifth shows what goes wrong.  The result $r = y u$ is made from $y$ and from $u = 2 y$.  Both
# are one step behind $r$, and breadth first comes to $y$ before it comes to $u$.


# %%
def picture(axes, order):
    """The graph of near_and_far, and in which turn each value hands on what."""
    x = Value(1.0)
    y = x * x
    u = two * y
    r = y * u
    handed_on = sweep(r, order)
    shown = {r: ("r = y u", 1, 3), u: ("u = 2 y", 2, 2), y: ("y = x x", 1, 1), x: ("x", 1, 0)}
    for turn, value in enumerate((value for value in handed_on if value in shown), start=1):
        name, across, up = shown[value]
        late = value.grad - handed_on[value]
        text = f"{turn}. {name}\nhands on {handed_on[value]:.0f}"
        text += f"\n{late:.0f} comes too late" if late else ""
        box = {"boxstyle": "round,pad=0.4", "facecolor": "#f6cdc6" if late else "#d9ead9"}
        axes.text(across, up, text, ha="center", va="center", fontsize=9, bbox=box)
        for z in {*value.inputs} & {*shown}:
            _, z_across, z_up = shown[z]
            axes.plot([across, z_across], [up, z_up], color="0.5", zorder=0)
            middle = (across + z_across) / 2, (up + z_up) / 2
            arrow = {"arrowstyle": "-|>", "color": "0.5"}
            axes.annotate("", middle, (across, up), arrowprops=arrow, zorder=0)
    axes.set_title(f"{order.__name__}: slope {x.grad:.0f}", fontsize=11)
    axes.set(xlim=(0.3, 2.6), ylim=(-0.4, 3.4))
    axes.axis("off")


figure, (left, right) = plt.subplots(1, 2, figsize=(7, 4))
picture(left, breadth_first)
picture(right, topological)
plt.show()

# %% [markdown]
# ## Which orders are right?
#
# Those in which every value comes after all values that use it.  Then, when its turn comes,
# everything has arrived.  Such an order is called topological.  It need not even be searched for:
# a value can only be used after it was made.  So *the latest made first* is one.
#
# Believe nothing that was tested on five programs.  Here are 200 random ones, each of twelve sums
# and products of random earlier values, and the sum along all paths to compare with.


# %%
def latest_first(result):
    """The reverse of the order in which the values were made."""
    found, waiting = {result}, [result]
    while waiting:
        new = {*waiting.pop().inputs} - found
        found |= new
        waiting += new
    return sorted(found, key=lambda value: value.number, reverse=True)


def random_program(seed):
    """A Value made by twelve random operations, and the Value that all began with."""
    rng = np.random.default_rng(seed)
    values = [start := Value(1.0)]
    for _ in range(12):
        a, b = rng.choice(values), rng.choice(values[-3:])
        values.append(a * b if rng.random() < 0.5 else a + b)
    return values[-1], start


wrong = {order.__name__: 0 for order in (*orders, latest_first)}
for seed in range(200):
    result, start = random_program(seed)
    along_all_paths(result)
    for order in (*orders, latest_first):
        again, beginning = random_program(seed)
        sweep(again, order)
        wrong[order.__name__] += not math.isclose(beginning.grad, start.grad)
print("wrong slopes in 200 random programs:")
for name, count in wrong.items():
    print(f"  {name:14} {count:3d}")

# %% [markdown]
# ## What does a sweep cost?
#
# Each operation is visited once, so going back costs about as much as going forward, however many
# inputs there are.  Nudging the inputs one after the other would run the whole program once more
# for each of them.
#
# The price is memory: every value must be kept until the sweep has been there.
#
# ## Can a network learn with it?
#
# A network is a program, its weights are inputs, and a small step against the slopes makes the loss
# smaller.  Six tanh units, and sixteen points of $\sin 3t$:
#
# $$\hat y(t) = \sum_k v_k \tanh(w_k t + b_k), \qquad
#   L = \frac{1}{16} \sum_i (\hat y(t_i) - \sin 3 t_i)^2 .$$

# %%
rng = np.random.default_rng(0)
units = 6
start = {name: rng.normal(size=units) for name in ("w", "b", "v")}
times = np.linspace(-1, 1, 16)
targets = np.sin(3 * times)


def predicted(t, w, b, v):
    total = Value(0.0)
    for w_k, b_k, v_k in zip(w, b, v):
        total = total + v_k * (w_k * Value(t) + b_k).tanh()
    return total


def loss_of(w, b, v):
    total = Value(0.0)
    for t, target in zip(times, targets):
        difference = predicted(t, w, b, v) + Value(-target)
        total = total + difference * difference
    return total * Value(1 / len(times))


weights = {name: [Value(number) for number in start[name]] for name in start}
history, first_slopes = [], None
for _ in range(300):
    before = Value.made
    loss = loss_of(**weights)
    operations = Value.made - before
    sweep(loss, latest_first)
    first_slopes = first_slopes or {n: [v.grad for v in weights[n]] for n in weights}
    history.append(loss.data)
    weights = {n: [Value(v.data - 0.3 * v.grad) for v in weights[n]] for n in weights}
print(f"each step makes {operations} values for {3 * units} weights")
print(f"loss: {history[0]:.3f} at first, {history[-1]:.4f} after {len(history)} steps")
print(f"the best constant has {targets.var():.3f}")

# %%
fine = np.linspace(-1, 1, 100)
before = {name: [*map(Value, start[name])] for name in start}
figure, axes = plt.subplots(figsize=(6, 3.2))
axes.plot(fine, [predicted(t, **before).data for t in fine], "--", color="0.6", label="at first")
axes.plot(fine, [predicted(t, **weights).data for t in fine], label=f"after {len(history)} steps")
axes.plot(times, targets, "k.", label="the points")
axes.set(xlabel="t", title="Six tanh units, trained with forty lines of Python")
axes.legend(frameon=False)
plt.show()

# %% [markdown]
# ## What is different in minidl?
#
# Its values are arrays, so that one operation does what 96 of ours did (six units, sixteen points),
# and a local slope becomes a *rule*: a line that says what is handed on.  That of tanh is
# `x=lambda g, y: g * (1.0 - y * y)`, where `g` is what has arrived.  The sweep is the same, latest
# first.  So are the slopes:

# %%
w, b, v = (minidl.tensor(start[name], requires_grad=True) for name in ("w", "b", "v"))
prediction = minidl.tanh(times[:, None] * w + b) @ v  # (16, 1) * (6,) -> (16, 6) -> (16,)
array_loss = ((prediction - targets) ** 2).mean()
drawing = minidl.draw(array_loss)
array_loss.backward()
difference = max(
    np.abs(tensor.grad.numpy() - first_slopes[name]).max()
    for name, tensor in {"w": w, "b": b, "v": v}.items()
)
print(f"largest difference between its slopes and ours: {difference:.0e}")
drawing

# %% [markdown]
# The picture shows the few operations that stand for all those values.  Data flows down, and the
# sweep goes up.
#
# ## What this page claims
#
# The statements above, as checks.

# %%
assert slope_at_3 == 7.0
assert visits == {n: 2 ** (n + 1) - 1 for n in (4, 8, 12, 16)}
assert slope_at_once == 27
for program, (_, by_hand) in programs.items():
    assert slopes[program, topological] == by_hand
    assert (slopes[program, breadth_first] == by_hand) == (program != near_and_far)
assert wrong["topological"] == wrong["latest_first"] == 0
assert wrong["breadth_first"] > 20 and wrong["depth_first"] > 20  # of 200: not a rare accident
assert history[-1] < targets.var() / 10
assert difference < 1e-12  # sums in another order: some 1e-16 each
