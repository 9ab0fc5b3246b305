"""A strict double of CuPy: arrays that keep CuPy's rules and compute with NumPy.

Code that runs on NumPy arrays can break on a GPU in ways no NumPy test shows: a function that CuPy
lacks, a keyword it does not know, a NumPy array mixed in, a reduction taken for a Python number.
The double refuses all that without a GPU:

    from tests.strict import StrictArray, cupy

    x = cupy.asarray(np.arange(3.0))
    np.tanh(x).sum()                # a 0-d StrictArray, as CuPy returns a 0-d array
    x + np.ones(3)                  # TypeError: a NumPy array on the host
    np.maximum.reduce(x)            # NotImplementedError: CuPy offers reduce for add and multiply
    np.max(x, initial=0.0)          # TypeError: CuPy's max has no `initial`

What exists, with which signature and which ufunc methods, stands in cupy_table.tsv, which
make_table.py writes by asking CuPy itself.  How arrays behave follows CuPy 14's own source.

Where CuPy leaves a result undefined, the double returns one that NumPy would not, so that nobody
relies on it: assignment to a place named twice keeps the first value, a failed factorisation is
NaN, and a seed gives other random numbers than NumPy's.  It is stricter than CuPy in two things:
functions refuse lists and NumPy arrays as arrays, of which some of CuPy's would upload them without
a word, and a view that `broadcast_to` returns is read-only.

It cannot show speed, the order in which atomic operations add, rounding of CUDA's functions, device
memory, streams, or kernels written in CUDA; `pytest --backend cupy` runs the same tests on a GPU.
"""

from .namespace import cupy, cupyx
from .strict_array import StrictArray

__all__ = ["StrictArray", "cupy", "cupyx"]
