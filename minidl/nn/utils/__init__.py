"""What is done to a model's parameters or gradients as a whole."""

from ...transforms import functional_call
from . import parametrizations, parametrize
from .averaging import AveragedModel, get_ema_avg_fn, get_swa_avg_fn
from .gradients import clip_grad_norm_, clip_grad_value_, get_total_norm
from .vectors import parameters_to_vector, vector_to_parameters
