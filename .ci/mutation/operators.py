"""Mutations that cosmic-ray doesn't have: a step that is left out.

Most faults that a suite lets through are of this kind: a cache that isn't refreshed, a file
that isn't synced, a transaction that isn't rolled back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import parso
from cosmic_ray.operators.operator import Example, Operator

Positions = Iterable[tuple[tuple[int, int], tuple[int, int]]]

_STEPS = ("atom_expr", "power", "await_expr")


class RemoveStep(Operator):
    """Puts `pass` in the place of a call, or of an assignment that adds to something."""

    def mutation_positions(self, node: Any) -> Positions:
        for step in _steps(node):
            yield step.start_pos, step.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        step = list(_steps(node))[index]
        node.children[node.children.index(step)] = parso.parse(f"{_prefix(step)}pass")
        return node

    @classmethod
    def examples(cls) -> Iterable[Example]:
        return (
            Example("sync(file)\n", "pass\n"),
            Example("count += 1\n", "pass\n"),
        )


def _steps(node: Any) -> Iterator[Any]:
    if node.type != "simple_stmt":
        return
    for child in node.children:
        is_call = child.type in _STEPS and child.get_code().rstrip().endswith(")")
        sign = getattr(child.children[1], "value", "") if child.type == "expr_stmt" else ""
        is_addition = len(sign) > 1 and sign.endswith("=")
        if is_call or is_addition:
            yield child


def _prefix(node: Any) -> str:
    prefix: str = node.get_first_leaf().prefix
    return prefix


class Provider:
    """This file's operators, as cosmic-ray asks for them."""

    def __iter__(self) -> Iterator[str]:
        return iter(("RemoveStep",))

    def __getitem__(self, name: str) -> type[Operator]:
        return {"RemoveStep": RemoveStep}[name]
