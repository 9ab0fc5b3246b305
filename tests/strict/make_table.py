"""Write cupy_table.tsv: what CuPy offers of NumPy's and SciPy's interface, read from CuPy itself.

CuPy imports without a GPU (it only cannot make an array there), so its names, its signatures and
the methods its ufuncs answer to can be asked of it anywhere:

    pip install cupy-cuda12x
    python tests/strict/make_table.py

A row is a dotted name, its kind and a detail, separated by tabs:

    ufunc       inputs->outputs, then the ufunc methods that do not raise NotImplementedError
    gufunc      the signature of a call
    function    the signature
    method      the signature after self; empty for special methods
    attribute   of a class
    numpy       NumPy's own object under CuPy's name: a dtype, a constant, a helper

Only names that NumPy or SciPy have too are listed, since the double computes with those, and a few
of CuPy's own that minidl may need.
"""

from __future__ import annotations

import importlib
import inspect
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import scipy
import scipy.special

TABLE = Path(__file__).with_name("cupy_table.tsv")
OWN = {  # CuPy's own names, by module
    "cupy": ("asnumpy", "get_array_module"),
    "cupyx": ("errstate", "rsqrt", "scatter_add", "scatter_max", "scatter_min"),
    "cupy.random": ("default_rng",),
}
MODULES = {  # CuPy's module -> the one whose names it takes over
    "cupy": np,
    "cupy.fft": np.fft,
    "cupy.lib.stride_tricks": np.lib.stride_tricks,
    "cupy.linalg": np.linalg,
    "cupy.random": SimpleNamespace(),
    "cupyx": SimpleNamespace(),
    "cupyx.scipy.special": scipy.special,
}


def lines() -> list[str]:
    """The whole table, its heading included."""
    cupy = importlib.import_module("cupy")
    rows = [row for name, model in MODULES.items() for row in module_rows(name, model)]
    rows += class_rows("cupy.ndarray", cupy.ndarray)
    rows += class_rows("cupy.random.Generator", cupy.random.Generator)
    heading = f"# CuPy {cupy.__version__}, names shared with NumPy {np.__version__} and SciPy "
    return [heading + f"{scipy.__version__}; written by make_table.py", *sorted(rows)]


def module_rows(module_name: str, model: Any) -> Iterator[str]:
    """The rows of one of CuPy's modules, for the names that `model` has as well."""
    module = importlib.import_module(module_name)
    for name in sorted({*dir(model), *OWN.get(module_name, ())}):
        if name.startswith("_") or not hasattr(module, name):
            continue
        entry = getattr(module, name)
        if isinstance(entry, ModuleType):
            continue
        if entry is getattr(model, name, ...):
            kind, detail = "numpy", ""
        elif type(entry).__name__ == "ufunc":
            kind, detail = "ufunc", ufunc_detail(entry)
        elif type(entry).__name__ == "_GUFunc":
            kind, detail = "gufunc", signature_of(entry)
        elif inspect.isroutine(entry):
            kind, detail = "function", signature_of(entry)
        else:
            continue  # classes and index tricks (poly1d, mgrid): minidl does not use them
        yield f"{module_name}.{name}\t{kind}\t{detail}"


def class_rows(class_name: str, cls: type) -> Iterator[str]:
    """The rows of a class: special methods by name only, public methods with their signature."""
    for name in dir(cls):
        special = name.startswith("__") and name.endswith("__")
        routine = callable(getattr(cls, name))
        if name in dir(object) or (name.startswith("_") and not (special and routine)):
            continue
        detail = signature_of(getattr(cls, name), method=True) if routine and not special else ""
        yield f"{class_name}.{name}\t{'method' if routine else 'attribute'}\t{detail}"


def ufunc_detail(ufunc: Any) -> str:
    """Inputs, outputs and the methods that work: CuPy raises NotImplementedError in the others."""

    class Probe:  # stands where an array would; each method hands over to one of the array's
        def answer(self, *args: Any) -> None:
            pass

        sum = prod = cumsum = cumprod = _add_reduceat = _scatter_op = answer

    methods = ["outer"]  # needs an array on the device to try; written once for every ufunc
    for name, arguments in {"reduce": 1, "accumulate": 1, "reduceat": 2, "at": 3}.items():
        try:
            getattr(ufunc, name)(*[Probe()] * arguments)
        except NotImplementedError:
            continue
        methods.append(name)
    return " ".join([f"{ufunc.nin}->{ufunc.nout}", *sorted(methods)])


def signature_of(function: Any, method: bool = False) -> str:
    """The signature without annotations; Cython's functions carry theirs in the docstring."""
    try:
        signature = inspect.signature(function)
    except ValueError:
        text = function.__doc__.splitlines()[0].partition("(")[2].rpartition(")")[0]
        parts = [re.sub(r"^\w+ (?=\w)", "", part) for part in text.split(", ")]  # `int axis=-1`
    else:
        parts = str(
            signature.replace(
                parameters=[
                    p.replace(annotation=p.empty, default=spelled(p.default))
                    for p in signature.parameters.values()
                ],
                return_annotation=signature.empty,
            )
        )[1:-1].split(", ")
    return f"({', '.join(parts[1:] if method and parts[:1] == ['self'] else parts)})"


def spelled(default: Any) -> Any:
    """A default as a reader would type it: <class 'numpy.float64'> is 'float64'."""
    is_type = isinstance(default, type) and default is not inspect.Parameter.empty
    return default.__name__ if is_type else default


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # CuPy warns that it finds no CUDA
    TABLE.write_text("\n".join(lines()) + "\n")
    print(f"{TABLE}: {len(lines()) - 1} rows")
