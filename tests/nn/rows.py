"""Every row."""

from __future__ import annotations

from . import rows_activation, rows_conv, rows_image, rows_linear, rows_loss, rows_pool, rows_sparse

families = [rows_activation, rows_linear, rows_conv, rows_pool, rows_image, rows_sparse, rows_loss]
ROWS = [row for family in families for row in family.ROWS]
