"""Rows of recurrent layers."""

from .table import Row


def sequence(*shape):
    """A sequence, the first state being zeros."""
    return lambda d: (d.real(*shape),)


def state(x, h):
    """A sequence and a state h."""
    return lambda d: (d.real(*x), d.real(*h))


def pair(x, h, c):
    """A sequence, and a state of an LSTM."""
    return lambda d: (d.real(*x), (d.real(*h), d.real(*c)))


ROWS = [
    Row("RNN", lambda nn: nn.RNN(3, 4), sequence(5, 2, 3)),
    Row("RNN relu", lambda nn: nn.RNN(3, 2, num_layers=2, nonlinearity="relu", bias=False, batch_first=True), state((2, 4, 3), (2, 2, 2))),
    Row("RNN both", lambda nn: nn.RNN(2, 2, 2, bidirectional=True), state((3, 2, 2), (4, 2, 2))),
    Row("RNN unbatched", lambda nn: nn.RNN(3, 2), state((4, 3), (1, 2))),
    Row("LSTM", lambda nn: nn.LSTM(3, 2), sequence(5, 2, 3)),
    Row("LSTM deep", lambda nn: nn.LSTM(3, 2, num_layers=2, bias=False, batch_first=True), pair((2, 3, 3), (2, 2, 2), (2, 2, 2))),
    Row("LSTM both", lambda nn: nn.LSTM(3, 2, bidirectional=True), pair((3, 2, 3), (2, 2, 2), (2, 2, 2))),
    Row("LSTM projection", lambda nn: nn.LSTM(3, 3, proj_size=2), pair((3, 2, 3), (1, 2, 2), (1, 2, 3))),
    Row("LSTM unbatched", lambda nn: nn.LSTM(3, 2), pair((4, 3), (1, 2), (1, 2))),
    Row("GRU", lambda nn: nn.GRU(3, 2), sequence(5, 2, 3)),
    Row("GRU deep", lambda nn: nn.GRU(3, 2, num_layers=2, bias=False, batch_first=True), state((2, 3, 3), (2, 2, 2))),
    Row("GRU both", lambda nn: nn.GRU(3, 2, bidirectional=True), state((3, 2, 3), (2, 2, 2))),
    Row("GRU dropout", lambda nn: nn.GRU(3, 2, 2, dropout=0.5), sequence(3, 2, 3), noisy=True),
    Row("RNNCell", lambda nn: nn.RNNCell(3, 2), state((4, 3), (4, 2))),
    Row("RNNCell relu", lambda nn: nn.RNNCell(3, 2, False, "relu"), sequence(4, 3)),
    Row("LSTMCell", lambda nn: nn.LSTMCell(3, 2), pair((4, 3), (4, 2), (4, 2))),
    Row("LSTMCell zeros", lambda nn: nn.LSTMCell(3, 2, bias=False), sequence(3)),
    Row("GRUCell", lambda nn: nn.GRUCell(3, 2), state((4, 3), (4, 2))),
    Row("GRUCell unbatched", lambda nn: nn.GRUCell(3, 2), state((3,), (2,))),
]  # fmt: skip
