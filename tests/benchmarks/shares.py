"""What a step's time goes into: matrix products, other work of NumPy, Python.

Python's tracer stops before every bytecode instruction, of minidl's and of NumPy's Python code; the
time from one stop to the next is that of an instruction.  Most take next to nothing, so that their
median is what a stop costs, and is taken off.  Of those that apply an operator or an index, or call
a function with a name of NumPy's, the long ones are NumPy at work.  Their sums are compared with a
step that nobody watches, and what is left of it is Python.  Small arrays are slower while a tracer
uses the processor's caches too: where a step is all Python, its share comes out too low.
"""

from __future__ import annotations

import dis
import sys
import time
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import numpy as np

from .harness import Step

LONG = 0.3e-6  # seconds; NumPy's shortest calls take about as long, Python's own operators less
PRODUCTS = ("@", "@=", "matmul", "dot", "vdot", "inner")
NAMES = {*dir(np), *dir(np.ndarray)}
INSIDE = str(Path(np.__file__).parent)
OPERATORS = ("BINARY_", "COMPARE_OP", "UNARY_NEGATIVE", "UNARY_INVERT", "STORE_SUBSCR")
LOADING = ("LOAD_METHOD", "LOAD_ATTR", "LOAD_GLOBAL")


def shares(step: Step, times: int = 8) -> tuple[float, float, float]:
    """The shares of matrix products, other work of NumPy, and Python, from the least of `times`."""
    step()
    plain = min(_seconds(step) for _ in range(2 * times))
    watches = [Watch() for _ in range(times)]
    for watch in watches:
        watch.run(step)
    alike = [w for w in watches if w.kinds == watches[-1].kinds]  # instruction by instruction
    least = np.min([watch.times for watch in alike], axis=0)
    kinds = np.array(watches[-1].kinds)
    least -= np.median(least[kinds == PYTHON])
    products, others = (
        float(least[(kinds == kind) & (least > LONG)].sum()) / plain for kind in (PRODUCT, OTHER)
    )
    return products, others, max(0.0, 1 - products - others)


def _seconds(step: Step) -> float:
    start = time.process_time()  # a whole step seldom has a core to itself
    step()
    return time.process_time() - start


PYTHON, PRODUCT, OTHER = range(3)


class Watch:
    """How long each instruction of a step took, and of what kind it was."""

    known: dict[CodeType, dict[int, int]] = {}  # of the code looked at, the kind at each offset

    def __init__(self) -> None:
        self.times: list[float] = []
        self.kinds: list[int] = []

    def run(self, step: Step) -> None:
        """Run the step under this watch."""
        before = sys.gettrace()
        self.kind, self.since = PYTHON, time.perf_counter()
        sys.settrace(self._stop)
        try:
            step()
        finally:
            sys.settrace(before)

    def _stop(self, frame: FrameType, event: str, _: Any) -> Any:
        self.times.append(time.perf_counter() - self.since)
        # an instruction after which another frame begins has called Python, not NumPy
        self.kinds.append(PYTHON if event == "call" else self.kind)
        self.kind = PYTHON
        if event == "call":
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
        elif event == "opcode":
            code = frame.f_code
            if code not in self.known:
                self.known[code] = kinds_of(code)
            self.kind = self.known[code][frame.f_lasti]
        self.since = time.perf_counter()
        return self._stop


def kinds_of(code: CodeType) -> dict[int, int]:
    """The kind of each instruction, by its offset."""
    found, called = {}, {}
    for instruction in dis.get_instructions(code):
        # a call begins in the text where the loading of what is called begins, the last one there
        place = instruction.positions.lineno, instruction.positions.col_offset
        kind = PYTHON
        if instruction.opname in LOADING:
            called[place] = instruction.argval
        elif instruction.opname.startswith(OPERATORS):
            kind = PRODUCT if instruction.argrepr in PRODUCTS else OTHER
        elif instruction.opname.startswith("CALL"):
            name = called.get(place, "")
            if name in NAMES or code.co_filename.startswith(INSIDE):
                kind = PRODUCT if name in PRODUCTS else OTHER
        found[instruction.offset] = kind
    return found
