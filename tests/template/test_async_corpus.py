"""The asynchronous environment renders what stock, synchronous Jinja renders.

`enable_async` changes what filters return and when a call gives its value. Macro packages were
written without it, and must not notice.
"""

from __future__ import annotations

import inspect

import pytest
from headrace.engine.sandbox.filters import limited_filters
from headrace.engine.template.template_environment import CodeCache, TemplateEnvironment
from jinja2.sandbox import SandboxedEnvironment

from .corpus import CASES, Case, data
from .support import fetch, fetch_now, render_stock, render_text, scope


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_construct_renders_as_in_stock_jinja(case: Case) -> None:
    expected = render_stock(case.template, case.macros, {**data(), "fetch": fetch_now})

    text = await render_text(
        case.template, scope({"macros/corpus.sql": case.macros}, {**data(), "fetch": fetch})
    )

    assert text == expected
    assert "object at 0x" not in text


def test_no_filter_or_test_is_left_asynchronous() -> None:
    environment = TemplateEnvironment(CodeCache())

    for registry in (environment.filters, environment.tests):
        for name, function in registry.items():
            assert not getattr(function, "jinja_async_variant", False), name
            assert not inspect.iscoroutinefunction(function), name
            assert not inspect.isasyncgenfunction(function), name


def test_every_filter_that_jinja_makes_asynchronous_is_put_back() -> None:
    stock = SandboxedEnvironment(enable_async=True)
    changed = {
        name
        for name, function in stock.filters.items()
        if getattr(function, "jinja_async_variant", False)
    }

    environment = TemplateEnvironment(CodeCache())
    ours = environment.filters
    limited = limited_filters(stock.filters)

    assert {"map", "select", "reject", "groupby", "sum", "join", "list", "first"} <= changed
    assert all(
        ours[name] is inspect.unwrap(stock.filters[name]) for name in changed - limited.keys()
    )
    assert not any(hasattr(ours[name], "jinja_async_variant") for name in changed)
