"""Every row, and how one is run."""

from __future__ import annotations

from . import rows_activation, rows_conv, rows_image, rows_linear, rows_loss

ROWS = rows_activation.ROWS + rows_loss.ROWS + rows_linear.ROWS + rows_image.ROWS + rows_conv.ROWS
