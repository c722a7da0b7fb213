"""How fast headrace is to be: a goal for each piece of work that the benchmarks measure.

They hold for the full size, on a quiet machine. A figure is a value itself, a ratio to another
one's, or how much longer a node takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import coffee_shop
import connector_parse
import parse
import postgres_run
import sqlite_run
import startup
import testing_run
from connector_load import NODES_PER_TABLE, SHARED_BY
from figures import (
    BEFORE,
    DBT,
    FLOOR,
    HEADRACE,
    Quantity,
    Row,
    more_a_node,
    print_table,
    ratio,
)
from project_load import Kind


class Figure(Enum):
    """What of a measurement is held against the goal."""

    VALUE = "the value itself"
    RATIO = "how many times that of another"
    MORE = "milliseconds a node more than another"


@dataclass(frozen=True)
class Goal:
    """What is to be reached: at most so much. Without a number it is shown and no more."""

    work: str
    quantity: Quantity
    at_most: float | None
    figure: Figure = Figure.VALUE
    against: str = FLOOR
    against_work: str | None = None

    @property
    def base_work(self) -> str:
        """What the other has done."""
        return self.against_work or self.work

    def figure_of(self, row: Row | None, base: Row | None) -> float | None:
        """The figure, where all that it takes was measured."""
        if row is None or row.median(self.quantity) is None:
            return None
        if self.figure is Figure.VALUE:
            return row.median(self.quantity)
        if base is None or base.median(self.quantity) is None:
            return None
        if self.figure is Figure.RATIO:
            return ratio(row, base, self.quantity)
        return more_a_node(row, base, self.quantity)

    def text(self, figure: float | None) -> str:
        """A figure, or the goal, with what it is."""
        if figure is None:
            return "-"
        match self.figure:
            case Figure.VALUE:
                return self.quantity.text(figure)
            case Figure.RATIO:
                return f"{figure:.2f} x {self.against}"
            case Figure.MORE:
                return f"{figure:.2f} ms a node more"


def _goals() -> Iterator[Goal]:
    cpu, memory = Quantity.CPU, Quantity.MEGABYTES
    for work, seconds in ((startup.VERSION, 0.1), (startup.HELP, 0.1), (startup.BUILD_HELP, 0.3)):
        yield Goal(work, cpu, seconds)
    yield Goal(coffee_shop.NEW, cpu, None)
    yield Goal(coffee_shop.WARM, cpu, 0.5)
    yield from _connector_goals()
    for kind in Kind:
        no_code, cold, warm, one = (
            parse.work_of(parse.SMALL, kind, label)
            for label in (parse.COLD_NO_CODE, parse.COLD, parse.WARM, parse.ONE_CHANGED)
        )
        yield Goal(no_code, cpu, 0.8, Figure.RATIO, against_work=cold)
        yield Goal(cold, cpu, 0.8, Figure.RATIO)
        yield Goal(warm, cpu, 0.25)
        yield Goal(one, cpu, None)
    cold, warm, one = (
        parse.work_of(parse.LARGE, Kind.LITERAL, label)
        for label in (parse.COLD, parse.WARM, parse.ONE_CHANGED)
    )
    yield Goal(cold, cpu, 2.0)
    yield Goal(cold, memory, 200)
    yield Goal(warm, cpu, 0.6)
    yield Goal(warm, memory, 200)
    yield Goal(one, cpu, None)
    for work in (testing_run.NEW, testing_run.AGAIN):
        yield Goal(work, cpu, 8.0)
        yield Goal(work, memory, 300)
    for work in (sqlite_run.NEW, sqlite_run.AGAIN):
        yield Goal(work, Quantity.EXECUTING, 0.4, Figure.MORE)
        yield Goal(work, Quantity.BUSY, None, Figure.MORE)
    yield from _postgres_goals()


def _connector_goals() -> Iterator[Goal]:
    cpu, rendered = Quantity.CPU, Quantity.RENDERED
    cold, warm = (
        connector_parse.work_of(connector_parse.COLD),
        connector_parse.work_of(connector_parse.WARM),
    )
    no_code = connector_parse.work_of(connector_parse.COLD_NO_CODE)
    yield Goal(no_code, cpu, 0.12, Figure.RATIO, DBT, against_work=cold)
    yield Goal(cold, cpu, 0.12, Figure.RATIO, DBT)
    yield Goal(warm, cpu, 0.15, Figure.RATIO, DBT)
    tables = connector_parse.NODES // NODES_PER_TABLE
    for label, asking in (
        (connector_parse.WARM, 0),
        (connector_parse.ONE_MODEL, 1),
        (connector_parse.ONE_MACRO, min(SHARED_BY, tables)),
        (connector_parse.A_VARIABLE, tables),
    ):
        work = connector_parse.work_of(label)
        if label != connector_parse.WARM:
            yield Goal(work, cpu, None)
        yield Goal(work, rendered, asking)


def _postgres_goals() -> Iterator[Goal]:
    ratios = {"templated": 1.6, "literal": 1.4, "views": 1.8, "chain": 1.2, "sleeping": 1.3}
    for name, at_most in ratios.items():
        for load in postgres_run.LOADS[name]:
            for when in (postgres_run.NEW, postgres_run.AGAIN):
                yield Goal(load.work(when), Quantity.EXECUTING, at_most, Figure.RATIO)
                yield Goal(load.work(when), Quantity.BUSY, None, Figure.RATIO)


GOALS = tuple(_goals())


def print_goals(rows: Sequence[Row]) -> None:
    """What was measured beside the goals: a line for each goal of which there is a figure."""
    by_work = {(row.work, row.who): row for row in rows}
    others = [who for who in (BEFORE, FLOOR, DBT) if any(row.who == who for row in rows)]
    lines = [_line(goal, by_work, others) for goal in GOALS if _is_shown(goal, by_work)]
    figures = ["figure", "before"] if BEFORE in others else ["figure"]
    print_table(("work", "quantity", HEADRACE, *others, *figures, "goal", "met"), lines)
    met = [line[-1] for line in lines]
    print(f"\n{met.count('yes')} of {met.count('yes') + met.count('NO')} goals are met.")


def _is_shown(goal: Goal, rows: Mapping[tuple[str, str], Row]) -> bool:
    row = rows.get((goal.work, HEADRACE))
    return row is not None and (goal.at_most is not None or bool(row.values(goal.quantity)))


def _line(goal: Goal, rows: Mapping[tuple[str, str], Row], others: Sequence[str]) -> list[str]:
    row = rows[goal.work, HEADRACE]
    base = rows.get((goal.base_work, goal.against))
    cells = [goal.work, goal.quantity.value, _value(goal.quantity, row, row)]
    for who in others:
        work = goal.base_work if who == goal.against else goal.work
        cells.append(_value(goal.quantity, rows.get((work, who)), row))
    figure = goal.figure_of(row, base)
    cells.append(goal.text(figure))
    if BEFORE in others:
        cells.append(goal.text(goal.figure_of(rows.get((goal.work, BEFORE)), base)))
    cells.append("-" if goal.at_most is None else goal.text(goal.at_most))
    cells.append(_verdict(figure, goal.at_most))
    return cells


def _value(quantity: Quantity, row: Row | None, like: Row) -> str:
    """A median; "~" is before what was measured with other nodes, and multiplied."""
    value = row.median(quantity) if row else None
    if row is None or value is None:
        return "-"
    if row.nodes == like.nodes:
        return quantity.text(value)
    return f"~{quantity.text(value * like.nodes / row.nodes)}"


def _verdict(figure: float | None, at_most: float | None) -> str:
    if at_most is None:
        return ""
    if figure is None:
        return "?"
    return "yes" if figure <= at_most else "NO"
