"""A batch cut into blocks that stay in the cache, shared out to the cores.

Memory is slow.  An operation of several steps over a large batch fetches it from main memory at
each step; over a block of a few megabytes, the second step finds in the cache what the first left.
And NumPy computes on one core (only its matrix product, by BLAS, uses all), but lets go of Python's
lock while it does, so that threads can each take a share of the blocks.

Meanwhile BLAS is held to one thread: threads that each start several wait for one another.  Where
BLAS cannot be held (it is not OpenBLAS), there are no threads here, and BLAS has all the cores.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .. import backend

# Bytes.  Measured: half of CPU_BLOCK pays more overhead, and twice as much leaves the cache.
# A GPU has no cache to fit, so GPU_BLOCK only bounds the memory.
CPU_BLOCK, GPU_BLOCK = 1 << 22, 1 << 28
# Bytes a thread; for less it takes longer to wake it, and to wait in turn for Python's lock, than
# to do the work.
SHARE, SHARE_OF_PRODUCTS = 1 << 23, 1 << 18


def block_bytes(like: Any) -> int:
    """How large a block should be, where the array `like` is."""
    return CPU_BLOCK if backend.xp(like) is np else GPU_BLOCK


def in_blocks(
    work: Callable[[Sequence[slice]], Any],
    count: int,
    bytes_each: int,
    like: Any,
    products: bool = False,
) -> list:
    """Have `work(blocks)` done for all blocks of range(count); returns what each share returned.

    bytes_each: the memory that one of the `count` examples takes while it is worked on.
    like: an array; those of a GPU are cut into large blocks, and are all one share.
    products: whether the work is products of matrices, which for the same bytes take far longer.
    """
    cores = _blas.threads() if backend.xp(like) is np else 1
    helpers = min(cores - 1, count * bytes_each // (SHARE_OF_PRODUCTS if products else SHARE))
    fitting = block_bytes(like) // max(1, bytes_each)
    length = max(1, min(fitting, -(-count // (1 + helpers))))
    blocks = [slice(start, min(start + length, count)) for start in range(0, count, length)]
    shares = [blocks[i :: 1 + helpers] for i in range(min(1 + helpers, len(blocks)))]
    if len(shares) < 2 or not _turn.acquire(blocking=False):  # another thread has the cores
        return [work(share) for share in shares]
    try:
        _blas.set_threads(1)
        others = [_pool(cores).submit(work, share) for share in shares[1:]]
        return [work(shares[0]), *(other.result() for other in others)]
    finally:
        _blas.set_threads(cores)
        _turn.release()


_turn = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def _pool(cores: int) -> ThreadPoolExecutor:
    """The threads that help the calling one."""
    if cores not in _pools:
        _pools[cores] = ThreadPoolExecutor(cores - 1, "minidl")
    return _pools[cores]


if hasattr(os, "register_at_fork"):  # a forked process has the pool, but not its threads
    os.register_at_fork(after_in_child=_pools.clear)


class _Blas:
    """The number of threads that NumPy's BLAS uses, if it is OpenBLAS; otherwise 1, for good."""

    def __init__(self) -> None:
        try:  # a symbol of NumPy's extension module is also sought in the libraries that it loads
            library = ctypes.CDLL(np._core._multiarray_umath.__file__)
        except (AttributeError, OSError):
            return
        for prefix, suffix in ("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", ""):
            get = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
            if get is not None:
                self.threads = get
                self.set_threads = getattr(library, f"{prefix}openblas_set_num_threads{suffix}")
                return

    def threads(self) -> int:
        """How many threads a matrix product may use (OMP_NUM_THREADS limits them)."""
        return 1

    def set_threads(self, number: int) -> None:
        """Let a matrix product use `number` threads."""


_blas = _Blas()
