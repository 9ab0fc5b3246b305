"""A diagnosis as text for a terminal, and as HTML for a notebook."""

from __future__ import annotations

import html
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from .view import View

if TYPE_CHECKING:
    from .diagnosis import Diagnosis
    from .student import Finding

SHOWN = 6
HEAD = ("entry", "yours", "numeric", "ratio")


def as_text(diagnosis: Diagnosis) -> str:
    """One paragraph a finding, and its worst entries."""
    if diagnosis:
        return f"{diagnosis.title}: right\n" + "\n".join(_errors(diagnosis))
    parts = [f"{diagnosis.title}: wrong"]
    for finding in diagnosis.findings:
        subject = _subject(finding)
        lines = f"{subject}{finding.text}".splitlines()
        parts.append("\n".join(
            line for long in lines
            for line in textwrap.wrap(long, 96, initial_indent="  ", subsequent_indent="  ")
        ))  # fmt: skip
        view = diagnosis.view(finding)
        if view is not None:
            parts.append(_columns([HEAD, *worst(view)]))
        parts.append(f"  [{finding.code}]  {finding.trial}")
    return "\n".join(parts)


def as_html(diagnosis: Diagnosis) -> str:
    """The same as a small page fragment, without scripts, for light and dark pages."""
    title = f"<b>{html.escape(diagnosis.title)}</b>"
    if diagnosis:
        rows = "<br>".join(html.escape(line.strip()) for line in _errors(diagnosis))
        return f"<div>{badge('right', GREEN)} {title}<br><small>{rows}</small></div>"
    parts = [f"{badge('wrong', RED)} {title}"]
    for finding in diagnosis.findings:
        text = html.escape(f"{_subject(finding)}{finding.text}").replace("\n", "<br>")
        parts.append(f'<p style="max-width: 48em">{text}</p>')
        view = diagnosis.view(finding)
        if view is not None:
            parts.append(_table([HEAD, *worst(view)]))
        parts.append(
            f"<small><code>{finding.code}</code> {html.escape(str(finding.trial))}</small>"
        )
    return f"<div>{''.join(parts)}</div>"


# white on a colour can be read on a page of any background
GREEN, RED, GREY = "#1a7f37", "#c0362c", "#6e7781"


def badge(text: str, colour: str) -> str:
    """A word on a coloured ground."""
    style = f"background: {colour}; color: #fff; padding: .1em .5em; border-radius: .6em"
    return f'<span style="{style}">{text}</span>'


def _table(rows: list[tuple[str, ...]]) -> str:
    """Rows of numbers, to the right under their heads."""
    cell = "padding: .15em .8em; text-align: right; border-bottom: 1px solid #8886"
    lines = [
        "<tr>" + "".join(f'<{tag} style="{cell}">{html.escape(c)}</{tag}>' for c in row) + "</tr>"
        for tag, row in zip(["th"] + ["td"] * len(rows), rows)
    ]
    style = "border-collapse: collapse; color: inherit; font-variant-numeric: tabular-nums"
    return f'<table style="{style}">{"".join(lines)}</table>'


def worst(view: View) -> list[tuple[str, str, str, str]]:
    """Index, claimed, measured and ratio of the entries that are most wrong."""
    difference = np.where(view.wrong, np.abs(view.claimed - view.true), -1.0)
    difference = np.nan_to_num(difference, nan=np.inf)
    rows = []
    for flat in np.argsort(-difference, axis=None, kind="stable")[:SHOWN]:
        index = np.unravel_index(flat, difference.shape)
        if difference[index] >= 0:
            a, n = float(view.claimed[index]), float(view.true[index])
            ratio = f"{a / n:.4f}" if abs(n) > 1e-9 else "-"
            rows.append((str([int(i) for i in index]), f"{a:.6g}", f"{n:.6g}", ratio))
    return rows


def _subject(finding: Finding) -> str:
    if not finding.names:
        return ""
    several = len(finding.names) > 1
    names = " and ".join(
        [", ".join(finding.names[:-1]), finding.names[-1]] if several else finding.names
    )
    return f"the gradient{'s'[:several]} of {names}: "


def _errors(diagnosis: Diagnosis) -> list[str]:
    """What was compared, and the largest error."""
    lines = []
    for name in diagnosis.trials[0].names:
        views = [View(t, name, g[name]) for t, g in zip(diagnosis.trials, diagnosis.gradients)]
        error = max(np.abs((v.claimed - v.true)[v.steady]).max(initial=0) for v in views)
        compared = sum(int(v.steady.sum()) for v in views)
        lines.append(f"  {name}: {compared} entries in {len(views)} draws, error {error:.1e}")
    return lines


def _columns(rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths)) for row in rows]
    return "\n".join(f"    {line}" for line in lines)
