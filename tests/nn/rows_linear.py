"""Rows of linear layers, shapes and containers."""

from .table import Row

ROWS = [
    Row("linear", lambda nn: nn.functional.linear, lambda d: (d.real(5, 4), d.real(3, 4), d.real(3))),
    Row("linear no-bias", lambda nn: nn.functional.linear, lambda d: (d.real(4), d.real(3, 4))),
    Row("linear many", lambda nn: nn.functional.linear, lambda d: (d.real(2, 3, 4), d.real(5, 4), d.real(5))),
    Row("Linear", lambda nn: nn.Linear(4, 3), lambda d: (d.real(5, 4),)),
    Row("Linear no-bias", lambda nn: nn.Linear(4, 3, bias=False), lambda d: (d.real(2, 3, 4),)),
    Row("bilinear", lambda nn: nn.functional.bilinear, lambda d: (d.real(5, 4), d.real(5, 2), d.real(3, 4, 2), d.real(3))),
    Row("bilinear many", lambda nn: nn.functional.bilinear, lambda d: (d.real(2, 3, 4), d.real(2, 3, 2), d.real(3, 4, 2))),
    Row("Bilinear", lambda nn: nn.Bilinear(4, 2, 3), lambda d: (d.real(5, 4), d.real(5, 2))),
    Row("Identity", lambda nn: nn.Identity(54, unused=True), lambda d: (d.real(2, 3),)),
    Row("Flatten", lambda nn: nn.Flatten(), lambda d: (d.real(2, 3, 4),)),
    Row("Flatten part", lambda nn: nn.Flatten(0, -2), lambda d: (d.real(2, 3, 4),)),
    Row("Unflatten", lambda nn: nn.Unflatten(1, (2, 3)), lambda d: (d.real(4, 6),)),
    Row("Sequential", lambda nn: nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 2)), lambda d: (d.real(5, 4),)),
    Row("Linear weight-norm", lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)), lambda d: (d.real(5, 4),)),
    Row("Linear weight-norm1", lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=1), lambda d: (d.real(5, 4),)),
    Row("Linear weight-norm-all", lambda nn: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3), dim=None), lambda d: (d.real(5, 4),)),
    Row("Linear spectral-norm", lambda nn: nn.utils.parametrizations.spectral_norm(nn.Linear(4, 3), n_power_iterations=2), lambda d: (d.real(5, 4),), moving=True),
]  # fmt: skip
