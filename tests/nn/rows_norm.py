"""Rows of normalisation."""

from .table import Constant, Row


def statistics(d, c):
    """A mean and a variance for each of c channels."""
    return Constant(d.real(c)), Constant(d.positive(c))


def alone(*shape):
    """The input."""
    return lambda d: (d.real(*shape) * 2 + 1,)


FUNCTIONS = [
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

MODULES = [
    Row("BatchNorm1d", lambda nn: nn.BatchNorm1d(3), alone(4, 3), modal=True),
    Row("BatchNorm1d sequence", lambda nn: nn.BatchNorm1d(3, eps=0.1, momentum=None), alone(2, 3, 4), modal=True),
    Row("BatchNorm1d plain", lambda nn: nn.BatchNorm1d(3, affine=False, momentum=0.4), alone(4, 3), modal=True),
    Row("BatchNorm1d no-bias", lambda nn: nn.BatchNorm1d(3, bias=False), alone(4, 3), modal=True),
    Row("BatchNorm1d untracked", lambda nn: nn.BatchNorm1d(3, track_running_stats=False), alone(4, 3)),
    Row("BatchNorm2d", lambda nn: nn.BatchNorm2d(2), alone(2, 2, 3, 2), modal=True),
    Row("BatchNorm3d", lambda nn: nn.BatchNorm3d(2), alone(2, 2, 1, 2, 2), modal=True),
    Row("InstanceNorm1d", lambda nn: nn.InstanceNorm1d(3), alone(2, 3, 4)),
    Row("InstanceNorm1d unbatched", lambda nn: nn.InstanceNorm1d(3, affine=True), alone(3, 4)),
    Row("InstanceNorm1d tracked", lambda nn: nn.InstanceNorm1d(3, momentum=0.3, track_running_stats=True), alone(2, 3, 4), modal=True),
    Row("InstanceNorm2d", lambda nn: nn.InstanceNorm2d(2, 0.1, affine=True, bias=False), alone(2, 2, 3, 2)),
    Row("InstanceNorm3d", lambda nn: nn.InstanceNorm3d(2), alone(2, 1, 2, 3)),
    Row("GroupNorm", lambda nn: nn.GroupNorm(2, 4), alone(2, 4, 3)),
    Row("GroupNorm plain", lambda nn: nn.GroupNorm(1, 4, affine=False), alone(2, 4, 3)),
    Row("LayerNorm", lambda nn: nn.LayerNorm(4), alone(2, 3, 4)),
    Row("LayerNorm shape", lambda nn: nn.LayerNorm([3, 4], eps=0.1, bias=False), alone(2, 3, 4)),
    Row("LayerNorm plain", lambda nn: nn.LayerNorm(4, elementwise_affine=False), alone(3, 4)),
    Row("RMSNorm", lambda nn: nn.RMSNorm(4), alone(2, 3, 4)),
    Row("RMSNorm eps", lambda nn: nn.RMSNorm((3, 4), eps=0.1, elementwise_affine=False), alone(2, 3, 4)),
]  # fmt: skip

ROWS = FUNCTIONS + MODULES
