"""The third blind set: reductions, windows and indexing."""

import numpy as np

from minidl.gradcheck.draws import between, integers, normal

PRODUCT = (
    "product_of_rows",
    lambda x: x.prod(axis=1),
    {"x": between(0.5, 2, "N", "D")},
    lambda g, y, x: (g * y)[:, None] / x,
    [
        (
            "the product itself, x not divided out",
            lambda g, y, x: (g * y)[:, None] * np.ones_like(x),
        ),
        ("divided by the product", lambda g, y, x: g[:, None] * x / y[:, None]),
        ("as of a sum", lambda g, y, x: g[:, None] * np.ones_like(x)),
        ("sum of the others", lambda g, y, x: g[:, None] * (x.sum(axis=1, keepdims=True) - x)),
        ("divided by x squared", lambda g, y, x: (g * y)[:, None] / x**2),
    ],
)


VARIANCE = (
    "variance_of_columns",
    lambda x: x.var(axis=0, ddof=1),
    {"x": normal("N", "D")},
    lambda g, y, x: g * 2 * (x - x.mean(axis=0)) / (len(x) - 1),
    [
        ("N for N - 1", lambda g, y, x: g * 2 * (x - x.mean(axis=0)) / len(x)),
        ("the 2 forgotten", lambda g, y, x: g * (x - x.mean(axis=0)) / (len(x) - 1)),
        ("mean not subtracted", lambda g, y, x: g * 2 * x / (len(x) - 1)),
        ("mean of everything", lambda g, y, x: g * 2 * (x - x.mean()) / (len(x) - 1)),
        ("size of the other axis", lambda g, y, x: g * 2 * (x - x.mean(axis=0)) / (x.shape[1] - 1)),
        ("not divided", lambda g, y, x: g * 2 * (x - x.mean(axis=0))),
    ],
)


def at_extremes(g, x, high, low):
    """`high` where each row is largest and `low` where it is smallest, times g."""
    dx = np.zeros_like(x)
    rows = np.arange(len(x))
    dx[rows, x.argmax(axis=1)] += high * g
    dx[rows, x.argmin(axis=1)] += low * g
    return dx


def range_every_row(g, y, x):
    dx = np.zeros_like(x)
    dx[:, x.argmax(axis=1)] = 1
    dx[:, x.argmin(axis=1)] = -1
    return dx * g[:, None]


RANGE = (
    "range_of_rows",
    lambda x: x.max(axis=1) - x.min(axis=1),
    {"x": normal("N", "D")},
    lambda g, y, x: at_extremes(g, x, 1, -1),
    [
        ("plus at the smallest", lambda g, y, x: at_extremes(g, x, 1, 1)),
        ("the smallest forgotten", lambda g, y, x: at_extremes(g, x, 1, 0)),
        ("every row at the places of all rows", range_every_row),
        (
            "extremes of the whole array",
            lambda g, y, x: g[:, None] * ((x == x.max()) * 1.0 - (x == x.min())),
        ),
        (
            "the extremes' values for 1 and -1",
            lambda g, y, x: at_extremes(g, x, x.max(axis=1), -x.min(axis=1)),
        ),
    ],
)


def moving_average(x):
    return (x[:, :-2] + x[:, 1:-1] + x[:, 2:]) / 3


def moving(offsets, divisor=3, assign=False):
    def backward(g, y, x):
        dx = np.zeros_like(x)
        for offset in offsets:
            for t in range(y.shape[1]):
                dx[:, t + offset] = g[:, t] / divisor + (0 if assign else dx[:, t + offset])
        return dx

    return backward


MOVING_AVERAGE = (
    "moving_average",
    moving_average,
    {"x": normal("N", 8)},
    moving((0, 1, 2)),
    [
        ("not divided by the window", moving((0, 1, 2), divisor=1)),
        ("overlaps overwritten", moving((0, 1, 2), assign=True)),
        ("to the middle of the window only", moving((1,))),
        ("window one place to the left", moving((-1, 0, 1))),
        ("to the middle, g undivided", moving((1,), divisor=1)),
    ],
)


def columns(index, how):
    """The gradient of x[:, index] by `how(dx, index, g)`."""

    def backward(g, y, x, index):
        dx = np.zeros_like(x)
        how(dx, index, g)
        return dx

    return backward


def assigned(dx, index, g):
    dx[:, index] = g


def buffered(dx, index, g):
    dx[:, index] += g


def averaged(dx, index, g):
    np.add.at(dx.T, index, g.T)
    dx /= np.maximum(np.bincount(index, minlength=dx.shape[1]), 1)


def off_by_one(dx, index, g):
    np.add.at(dx.T, index - 1, g.T)


TAKE_COLUMNS = (
    "take_columns",
    lambda x, index: x[:, index],
    {"x": normal("N", "D"), "index": integers("D", 9)},
    columns(None, lambda dx, index, g: np.add.at(dx.T, index, g.T)),
    [
        ("assigned, so that the last use wins", columns(None, assigned)),
        ("+= with repeated indices", columns(None, buffered)),
        ("averaged over the uses", columns(None, averaged)),
        ("one column to the left", columns(None, off_by_one)),
        ("g returned in its own shape", lambda g, y, x, index: g),
        ("ones, whatever g", columns(None, lambda dx, i, g: np.add.at(dx.T, i, 1))),
    ],
)


def bag(how):
    def backward(g, y, table, index):
        dt = np.zeros_like(table)
        share = np.broadcast_to(g[:, None] / index.shape[1], (*index.shape, g.shape[1]))
        how(dt, index, g, share)
        return dt

    return backward


def bag_assigned(dt, index, g, share):
    dt[index] = share


def bag_buffered(dt, index, g, share):
    dt[index] += share


def bag_first_word(dt, index, g, share):
    np.add.at(dt, index[:, 0], g)


EMBEDDING_BAG = (
    "mean_of_embeddings",
    lambda table, index: table[index].mean(axis=1),
    {"table": normal("V", "D"), "index": integers("V", "N", "T")},
    bag(lambda dt, index, g, share: np.add.at(dt, index, share)),
    [
        ("assigned", bag(bag_assigned)),
        ("+= with repeated words", bag(bag_buffered)),
        (
            "not divided by the length",
            bag(lambda dt, i, g, share: np.add.at(dt, i, share * i.shape[1])),
        ),
        ("divided by the batch", bag(lambda dt, i, g, s: np.add.at(dt, i, g[:, None] / len(i)))),
        ("to the first word only", bag(bag_first_word)),
    ],
)


def pad(x):
    return np.pad(x, ((0, 0), (2, 1)))


PAD = (
    "pad_two_left_one_right",
    pad,
    {"x": normal("N", "T")},
    lambda g, y, x: g[:, 2:-1],
    [
        ("the sides swapped", lambda g, y, x: g[:, 1:-2]),
        ("cut on the left only", lambda g, y, x: g[:, 2:]),
        ("cut on the right only, by all three", lambda g, y, x: g[:, :-3]),
        ("not cut", lambda g, y, x: g),
        ("cut, and padded again", lambda g, y, x: pad(g[:, 2:-1])),
    ],
)


EXPONENTIAL_RATE = 0.9


def exponential_average(x):
    y = np.zeros_like(x)
    last = np.zeros(len(x))
    for t in range(x.shape[1]):
        last = EXPONENTIAL_RATE * last + (1 - EXPONENTIAL_RATE) * x[:, t]
        y[:, t] = last
    return y


def exponential(order=-1, keep=EXPONENTIAL_RATE, enter=1 - EXPONENTIAL_RATE):
    def backward(g, y, x):
        dx = np.zeros_like(x)
        carried = np.zeros(len(x))
        for t in range(x.shape[1])[::order]:
            carried = keep * carried + g[:, t]
            dx[:, t] = enter * carried
        return dx

    return backward


EXPONENTIAL_AVERAGE = (
    "exponential_average",
    exponential_average,
    {"x": normal("N", "T")},
    exponential(),
    [
        ("forwards in time", exponential(order=1)),
        ("1 - rate forgotten", exponential(enter=1)),
        ("rate for 1 - rate", exponential(enter=EXPONENTIAL_RATE)),
        ("not carried back", exponential(keep=0)),
        ("carried back undamped", exponential(keep=1)),
        ("damped by 1 - rate", exponential(keep=1 - EXPONENTIAL_RATE)),
    ],
)


REDUCTIONS = [
    PRODUCT,
    VARIANCE,
    RANGE,
    MOVING_AVERAGE,
    TAKE_COLUMNS,
    EMBEDDING_BAG,
    PAD,
    EXPONENTIAL_AVERAGE,
]
