"""A template that goes on without end, or makes too much, is stopped, and says where."""

from __future__ import annotations

import asyncio
import time

import pytest
from headrace.engine.core.errors import CompilationError
from headrace.engine.project.native import NativeTemplates
from headrace.engine.sandbox import budget
from headrace.engine.sandbox.budget import TemplateLimitError
from headrace.engine.sandbox.plain_functions import MODULES

from ..building.support import run
from ..conftest import WriteProject
from ..template.support import render_text, scope

TOWER = (
    "{% set ns = namespace(x=['a']) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
    "{% endfor %}"
)
BIG = "{% set big = 'x' * 10 ** 6 %}"

TOO_MUCH = {
    "text times": "{{ 'a' * 10 ** 10 }}",
    "times text": "{{ 10 ** 10 * 'a' }}",
    "list times": "{{ ([0] * 10 ** 10) | length }}",
    "tuple times": "{{ ((1,) * 10 ** 10) | length }}",
    "power": "{{ 10 ** (10 ** 8) }}",
    "power of powers": "{% set x = 10 ** 9000 %}{{ (x * x) % 7 }}",
    "percent width": "{{ '%999999999d' % 1 }}",
    "percent precision": "{{ '%.999999999f' % 1 }}",
    "percent star": "{{ '%*d' % (999999999, 1) }}",
    "percent key": BIG + "{{ ('%(a)s' * 10 ** 3) % {'a': big} }}",
    "format filter": "{{ '%999999999d' | format(1) }}",
    "format width": "{{ '{:>999999999}'.format(1) }}",
    "format nested width": "{{ '{:>{w}}'.format(1, w=999999999) }}",
    "format again and again": BIG + "{{ ('{0}' * 100).format(big) }}",
    "center": "{{ 'a'.center(10 ** 9) }}",
    "center filter": "{{ 'a' | center(10 ** 9) }}",
    "constant center": "{{ 'a' | center(1000000000) }}",
    "ljust": "{{ 'a'.ljust(10 ** 9) }}",
    "zfill": "{{ '1'.zfill(10 ** 9) }}",
    "expandtabs": "{{ '\\t'.expandtabs(10 ** 9) }}",
    "replace": BIG + "{{ big.replace('', big) }}",
    "replace filter": BIG + "{{ big | replace('x', big) }}",
    "join": BIG + "{{ big.join('a' * 1000) }}",
    "join filter": BIG + "{{ range(1000) | join(big) }}",
    "join generator": BIG + "{{ ([1] * 1000) | map('center', 10 ** 6) | join }}",
    "translate": BIG + "{{ big.translate({120: big}) }}",
    "indent": BIG + "{{ ('\\n' * 1000) | indent(big, true, true) }}",
    "indent width": "{{ 'a\\nb' | indent(10 ** 9) }}",
    "wordwrap": BIG + "{{ big | wordwrap(1, wrapstring=big) }}",
    "tojson indent": "{{ [1] | tojson(10 ** 9) }}",
    "lipsum": "{{ lipsum(10 ** 9) }}",
    "batch": "{{ [1] | batch(10 ** 9, 'x') | list | length }}",
    "slice": "{{ [1] | slice(10 ** 9) | list | length }}",
    "round": "{{ 1.5 | round(10 ** 9, 'ceil') }}",
    "sum of lists": "{{ ([[0] * 10 ** 6] * 100) | sum(start=[]) | length }}",
    "to_bytes": "{{ (1).to_bytes(10 ** 10, 'big') }}",
    "range": "{{ range(10 ** 9) | list | length }}",
    "concatenation": "{% set ns = namespace(x='a') %}{% for i in range(60) %}"
    "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "addition": "{% set ns = namespace(x='a') %}{% for i in range(60) %}"
    "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    "block set": "{% set ns = namespace(x='a') %}{% for i in range(60) %}"
    "{% set y %}{{ ns.x }}{{ ns.x }}{% endset %}{% set ns.x = y %}{% endfor %}",
    "extended list": "{% set x = [1] %}{% for i in range(60) %}{% do x.extend(x) %}{% endfor %}",
    "output": BIG + "{% for i in range(1000) %}{{ big }}{% endfor %}",
    "tower": TOWER + "{{ ns.x }}",
    "tower in text": TOWER + "{{ 'a' ~ ns.x }}",
    "tower in format": TOWER + "{{ '{}'.format(ns.x) }}",
    "tower in percent": TOWER + "{{ '%s' % ns.x }}",
    "tower in json": TOWER + "{{ tojson(ns.x) }}",
    "tower in a filter": TOWER + "{{ ns.x | tojson }}",
    "tower as string": TOWER + "{{ ns.x | string }}",
    "count": "{{ modules.itertools.count() | list }}",
    "cycle": "{{ modules.itertools.cycle([1]) | list }}",
    "repeat": "{{ modules.itertools.repeat(1) | list }}",
    "product": "{{ modules.itertools.product(range(100), repeat=9) | list }}",
    "permutations": "{{ modules.itertools.permutations(range(99)) | list }}",
    "accumulate": "{{ modules.itertools.accumulate(['x' * 10 ** 6] * 1000) | list }}",
    "re.sub": BIG + "{{ modules.re.sub('', big, big) }}",
    "re.sub with a function": BIG + "{{ modules.re.compile('x').sub(big.format, big) }}",
    "re of repetitions": "{{ modules.re.match('(a+)+$', 'a' * 50 ~ 'b') }}",
    "endless recursion": "{{ again(1) }}",
}

ENDLESS = {
    "loops": "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "loops with loop": "{% for i in range(100000) %}{% for j in range(100000) %}{{ loop.index }}"
    "{% endfor %}{% endfor %}",
    "small loops": "{% for i in range(100000) %}{% for j in range(50) %}{% for k in range(50) %}"
    "{% endfor %}{% endfor %}{% endfor %}",
    "filtered loops": "{% for i in range(100000) %}{% for j in range(100000) if j > i %}"
    "{% endfor %}{% endfor %}",
    "growing list": "{% set x = [1] %}{% for i in x %}{% do x.append(i) %}{% endfor %}",
    "macros": "{{ doubling(60) }}",
    "iterator": "{% for i in modules.itertools.count() %}{% endfor %}",
}

MACROS = {
    "macros/m.sql": "{% macro again(n) %}{{ again(n + 1) }}{% endmacro %}\n"
    "{% macro doubling(n) %}{% if n %}{{ doubling(n - 1) }}{{ doubling(n - 1) }}{% endif %}"
    "{% endmacro %}"
}


def names() -> dict[str, object]:
    return {"modules": MODULES}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", TOO_MUCH.values(), ids=TOO_MUCH)
async def test_template_that_makes_too_much_is_stopped(text: str) -> None:
    with pytest.raises((CompilationError, OverflowError, ValueError)):
        await render_text(text, scope(MACROS, names()))


KEPT = (
    *("l[:]", "l[::-1]", "l | list", "l.copy()", "l | sort", "l | reverse | list", "set(l)"),
    *("zip(l, l) | list", "l | map('abs') | list", "l | batch(2) | list", "l + [i]"),
    *("modules.itertools.chain(l) | list", "big[1:]", "big | upper", "big.upper()", "big ~ i"),
    *("big | replace('x', 'y')", "big | trim ~ i", "big.encode()", "big | list"),
    "modules.re.sub('x', 'y', big)",
)


@pytest.mark.parametrize("kept", KEPT)
async def test_template_that_keeps_many_copies_is_stopped(
    kept: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mebibyte = 1024 * 1024
    monkeypatch.setattr(budget, "MAX_GROWTH", 8 * mebibyte)
    monkeypatch.setattr(budget, "_MADE_TO_BLAME", mebibyte)
    monkeypatch.setattr(budget, "_MADE_PER_LOOK", mebibyte)
    monkeypatch.setattr(budget, "used_memory", lambda: None)
    text = (
        "{% set l = range(20000) | list %}{% set big = 'x' * 200000 %}{% set kept = [] %}"
        f"{{% for i in range(300) %}}{{% do kept.append({kept}) %}}{{% endfor %}}"
    )

    with pytest.raises(TemplateLimitError, match="fills the memory"):
        await render_text(text, scope(MACROS, names()))


async def test_list_of_lists_is_not_added_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 200_000)

    with pytest.raises(TemplateLimitError, match="without end"):
        await render_text(
            "{{ ([[1] * 4000] * 4000) | sum(start=[]) | length }}", scope(MACROS, names())
        )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ 'abcdef'[1:4] ~ 'abc'[::-1] ~ [1, 2, 3][-2:] ~ (1, 2)[:1] }}", "bcdcba[2, 3](1,)"),
        ("{{ [[1], [2, 3]] | sum(start=[]) }}{{ [[1]] | sum(start=(0,)) if false }}", "[1, 2, 3]"),
        ("{% set x = 'abc' %}{{ x[x.index('b'):] }}{{ x[:-1][0:1] }}", "bca"),
    ],
)
async def test_slices_and_sums_are_as_in_python(text: str, expected: str) -> None:
    assert await render_text(text, scope(MACROS, names())) == expected


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", ENDLESS.values(), ids=ENDLESS)
async def test_template_without_end_is_stopped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 200_000)

    with pytest.raises(CompilationError, match="without end"):
        await render_text(text, scope(MACROS, names()))


async def test_template_without_end_lets_others_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 1_000_000)
    endless = asyncio.create_task(render_text(ENDLESS["loops"], scope({}, {})))
    rounds = 0

    while not endless.done():
        await asyncio.sleep(0)
        rounds += 1

    assert isinstance(endless.exception(), TemplateLimitError)
    assert rounds > 3


async def test_template_without_end_can_be_cancelled() -> None:
    endless = asyncio.create_task(render_text(ENDLESS["loops"], scope({}, {})))
    await asyncio.sleep(0)

    endless.cancel()

    with pytest.raises(asyncio.CancelledError):
        await endless


async def test_time_that_a_template_waits_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr(budget, "perf_counter", lambda: clock)

    async def query() -> str:
        nonlocal clock
        await asyncio.sleep(0)
        return ""

    async def wait() -> str:
        future = asyncio.get_running_loop().create_future()

        def answer() -> None:
            nonlocal clock
            clock += 1000
            future.set_result("x")

        asyncio.get_running_loop().call_soon(answer)
        return str(await future)

    text = "{% for i in range(200) %}{{ wait() }}{% endfor %}"

    assert await render_text(text, scope({}, {"wait": wait})) == "x" * 200


async def test_time_that_others_have_the_processor_is_not_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = 0.0
    monkeypatch.setattr(budget, "perf_counter", lambda: clock)

    def stand_still() -> str:
        nonlocal clock
        clock += 1000
        return "x"

    text = "{% for i in range(200) %}{{ stand_still() }}{% endfor %}"

    assert await render_text(text, scope({}, {"stand_still": stand_still})) == "x" * 200


async def test_time_of_its_own_work_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = 0.0
    monkeypatch.setattr(budget, "perf_counter", lambda: clock)
    monkeypatch.setattr(budget, "thread_time", lambda: clock)

    def work() -> str:
        nonlocal clock
        clock += 1
        return ""

    with pytest.raises(TemplateLimitError, match="60 s"):
        await render_text(
            "{% for i in range(200) %}{{ work() }}{% endfor %}", scope({}, {"work": work})
        )


def test_value_of_yaml_without_end_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 100_000)

    with pytest.raises(TemplateLimitError, match="without end"):
        NativeTemplates({}).evaluate(f"a {ENDLESS['loops']}")


async def test_run_with_endless_template_names_file_and_line_and_builds_the_rest(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 200_000)
    root = write_project(
        {
            "models/endless.sql": "select 1 as id\n{% if execute %}\n"
            + ENDLESS["loops"]
            + "{% endif %}",
            "models/huge.sql": "select 1 as id\n\n{% if execute %}{{ 'a' * 10 ** 10 }}{% endif %}",
            "models/fine.sql": "select 1 as id",
        }
    )
    started = time.monotonic()

    ran = await run(root)

    assert ran.exit_code == 1
    assert {name: status.value for name, status in ran.statuses.items()} == {
        "endless": "error",
        "huge": "error",
        "fine": "success",
    }
    assert "models/endless.sql:3: the template goes on without end" in ran.error("endless")
    assert "models/huge.sql:3: the template makes a text of" in ran.error("huge")
    assert time.monotonic() - started < 60


async def test_endless_template_is_stopped_while_parsing(
    write_project: WriteProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget, "MAX_STEPS", 200_000)
    root = write_project({"models/endless.sql": "select 1\n" + ENDLESS["loops"] + "{{ nope.x() }}"})

    ran = await run(root, "parse")

    assert ran.exit_code == 2
    assert "models/endless.sql:2: the template goes on without end" in str(ran.outcome.error)
