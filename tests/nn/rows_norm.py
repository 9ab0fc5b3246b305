"""Rows of normalisation."""

from .table import Constant, Row


def statistics(d, c):
    """A mean and a variance for each of c channels."""
    return Constant(d.real(c)), Constant(d.positive(c))


ROWS = [
    Row("batch_norm", lambda nn: lambda x, m, v, w, b: nn.functional.batch_norm(x, m, v, w, b), lambda d: (d.real(3, 4, 2), *statistics(d, 4), d.real(4), d.real(4))),
    Row("batch_norm plain", lambda nn: lambda x, m, v: nn.functional.batch_norm(x, m, v, eps=0.1), lambda d: (d.real(3, 4), *statistics(d, 4))),
    Row("batch_norm of-the-batch", lambda nn: lambda x, w, b: nn.functional.batch_norm(x, None, None, w, b, True), lambda d: (d.real(3, 4, 2), d.real(4), d.real(4))),
    Row("batch_norm of-images", lambda nn: lambda x, w: nn.functional.batch_norm(x, None, None, w, None, True, eps=0.1), lambda d: (d.real(2, 3, 4, 2), d.real(3))),
    Row("instance_norm", lambda nn: lambda x, w, b: nn.functional.instance_norm(x, None, None, w, b), lambda d: (d.real(2, 3, 5), d.real(3), d.real(3))),
    Row("instance_norm with-running", lambda nn: lambda x, m, v: nn.functional.instance_norm(x, m, v, use_input_stats=False), lambda d: (d.real(2, 3, 4, 2), *statistics(d, 3))),
    Row("layer_norm", lambda nn: lambda x, w, b: nn.functional.layer_norm(x, (4,), w, b), lambda d: (d.real(2, 3, 4), d.real(4), d.real(4))),
    Row("layer_norm axes", lambda nn: lambda x, w: nn.functional.layer_norm(x, (3, 4), w, eps=0.1), lambda d: (d.real(2, 3, 4), d.real(3, 4))),
    Row("group_norm", lambda nn: lambda x, w, b: nn.functional.group_norm(x, 2, w, b), lambda d: (d.real(2, 4, 3), d.real(4), d.real(4))),
    Row("group_norm plain", lambda nn: lambda x: nn.functional.group_norm(x, 3), lambda d: (d.real(2, 6, 2, 2),)),
    Row("rms_norm", lambda nn: lambda x, w: nn.functional.rms_norm(x, (4,), w, 0.1), lambda d: (d.real(2, 3, 4), d.real(4))),
    Row("rms_norm plain", lambda nn: lambda x: nn.functional.rms_norm(x, (3, 4)), lambda d: (d.real(2, 3, 4),)),
]  # fmt: skip
