"""A progress bar: tqdm's where it is installed, a plain one otherwise, lines where no one watches.

    with Progress(len(loader) * epochs, "CNN") as bar:
        bar.step(loss=0.41, accuracy=0.85)

On a terminal a line is redrawn; into a file or a pipe ten lines are written in all.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Counts `total` steps and shows how far they are, with the latest figures."""

    def __init__(self, total: int, label: str, stream: TextIO | None = None) -> None:
        self.total, self.label = total, label
        self.stream = sys.stderr if stream is None else stream
        self.done, self.shown, self.start = 0, 0.0, time.monotonic()
        self.live = self.stream.isatty()
        self.bar = _tqdm_bar(total, label, self.stream) if self.live else None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()
        elif self.live:
            print(file=self.stream)

    def step(self, amount: int = 1, /, **figures: float) -> None:
        """`amount` more steps are done; `figures` are shown beside the bar, e.g. loss=0.41."""
        self.done += amount
        text = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=False)
            self.bar.update(amount)
        elif self.live:
            self._redraw(text)
        elif self.done * 10 // self.total > (self.done - amount) * 10 // self.total:
            share, seconds = self.done / self.total, time.monotonic() - self.start
            print(
                f"{self.label} {share:4.0%}  {seconds:4.0f} s  {text}", file=self.stream, flush=True
            )

    def _redraw(self, text: str) -> None:
        now = time.monotonic()
        if now - self.shown < 0.1 and self.done < self.total:
            return
        self.shown = now
        share = self.done / self.total
        bar = f"{'#' * round(30 * share):<30}"
        left = (now - self.start) * (self.total / max(self.done, 1) - 1)
        print(f"\r{self.label} [{bar}] {share:4.0%}  {left:3.0f} s left  {text}  ",
              end="", file=self.stream, flush=True)  # fmt: skip


def _tqdm_bar(total: int, label: str, stream: TextIO):
    try:
        from tqdm import tqdm
    except ImportError:
        return None
    layout = "{desc} {percentage:3.0f}% |{bar}| {remaining} left  {postfix}"
    return tqdm(total=total, desc=label, file=stream, dynamic_ncols=True, bar_format=layout)
