"""Rows as text, in columns."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence


def text_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], numeric: Collection[int] = ()
) -> str:
    """The rows between bars, below their headings and a rule, as dbt prints tables.

    The columns whose places are `numeric` are set to the right.
    """
    heading, *others = padded([headings, *rows], numeric)
    rule = ["-" * len(cell) for cell in heading]
    return "\n".join("| " + " | ".join(line) + " |" for line in (heading, rule, *others))


def padded(
    lines: Sequence[Sequence[str]], numeric: Collection[int] = ()
) -> Iterator[tuple[str, ...]]:
    """The lines with their cells as wide as the widest of their column."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    put = [str.rjust if place in numeric else str.ljust for place in range(len(widths))]
    for line in lines:
        yield tuple(put[place](cell, widths[place]) for place, cell in enumerate(line))
