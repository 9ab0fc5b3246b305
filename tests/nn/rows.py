"""Every row."""

from __future__ import annotations

from . import rows_activation as activation
from . import rows_attention as attention
from . import rows_conv as conv
from . import rows_image as image
from . import rows_linear as linear
from . import rows_loss as loss
from . import rows_norm as norm
from . import rows_pool as pool
from . import rows_recurrent as recurrent
from . import rows_sparse as sparse

ROWS = [
    *(activation.ROWS + linear.ROWS + conv.ROWS + pool.ROWS + norm.ROWS),
    *(image.ROWS + sparse.ROWS + recurrent.ROWS + attention.ROWS + loss.ROWS),
]
