"""What all commands share: the parser, colours, and how a mistake is refused."""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

from ..experiments import Refusal

__all__ = ["Parser", "Refusal", "paint"]


class Parser(argparse.ArgumentParser):
    """argparse, with mistakes reported as all others are."""

    def __init__(self, program: str, summary: str) -> None:
        super().__init__(prog=program, description=summary)

    def error(self, message: str) -> NoReturn:
        raise Refusal(f"{message} (see: {self.prog} --help)")


def paint(text: str, code: str, stream) -> str:
    """`text` in an ANSI style, where `stream` is a terminal and NO_COLOR is not set."""
    plain = not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return text if plain else f"\033[{code}m{text}\033[0m"
