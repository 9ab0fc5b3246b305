"""Memory that is freed is kept for the next step, which will ask for the same again.

A training step frees all that its graph held.  GNU's allocator then gives the top of its memory
back to the system, and the next step gets it anew, page by page, each filled with zeros first: in
a small GPT a quarter of the time.  So here it is told to keep up to a gigabyte, and to take blocks
below 32 MB, the most that it allows, from what it keeps.  Where the allocator is another, or the
environment has settings for it, nothing is done.
"""

import ctypes
import os

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # of mallopt(3)
KEPT, LARGEST = 1 << 30, 1 << 25  # bytes


def keep_freed_memory() -> None:
    """Tell GNU's allocator to keep what is freed."""
    if "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl and macOS; Windows
        return
    mallopt(M_TRIM_THRESHOLD, KEPT)
    mallopt(M_MMAP_THRESHOLD, LARGEST)
