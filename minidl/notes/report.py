"""What `minidl notes` prints: how far each family is, a family's rows, or one row whole."""

from __future__ import annotations

from . import errata, lookup
from .lookup import DOCUMENTS, Row


def report(name: str | None = None) -> str:
    """The coverage of all families; or the family or the rows called `name`; or what contains it.

    Raises LookupError, with the nearest names, if there is nothing.
    """
    if name is None:
        return _coverage()
    if name in lookup.families():
        return _listed(lookup.families()[name])
    try:
        return "\n\n".join(_whole(row) for row in lookup.where(name))
    except LookupError:
        if not lookup.search(name):
            raise
        return _listed(lookup.search(name))


def _coverage() -> str:
    lines = []
    for family, (done, total) in lookup.coverage().items():
        bar = "#" * round(20 * done / total)
        lines.append(f"{family:<16} {done:>3} of {total:<3} {bar:<20} {100 * done // total:>3}%")
    done, total = (sum(counts) for counts in zip(*lookup.coverage().values()))
    documents = "\n".join(f"{letter:<3} {title}" for letter, title in DOCUMENTS.items())
    return "\n".join(
        [
            *(line.rstrip() for line in lines),
            f"\n{done} of {total} rows have code and a test.  `minidl notes NAME` shows a family,",
            f"a row, or what contains NAME.  Rows begin with where they stand:\n\n{documents}",
        ]
    )


def markdown() -> str:
    """The coverage as a table of Markdown: that of README.md."""
    lines = [
        "| family | rows | with code and test | printed wrongly, shown by an experiment |",
        "| --- | --- | --- | --- |",
    ]
    totals = [0, 0, 0]
    for family, members in lookup.families().items():
        done, total = lookup.coverage()[family]
        shown = sum(row.id in errata.names() for row in members)
        totals = [a + b for a, b in zip(totals, (total, done, shown))]
        lines.append(f"| {family} | {total} | {done or ''} | {shown or ''} |")
    total, done, shown = totals
    return "\n".join([*lines, f"| **all** | **{total}** | **{done}** | **{shown}** |"])


def _listed(rows: list[Row]) -> str:
    """A line for each row: its name, whether it is done, its subject."""
    width = max(len(row.id) for row in rows)
    return "\n".join(
        f"{'x' if row.implementation else ' '} {row.id:<{width}}  {row.what}" for row in rows
    )


def _whole(row: Row) -> str:
    """Everything about a row; its executable erratum is run."""
    erratum = errata.find(row.id)
    if erratum is None:
        return str(row)
    return f"{row}\n\n{erratum.__doc__.strip()}\n\n{errata.table(erratum.experiment())}"
