"""Constructs as macro packages use them. Each must render as in stock, synchronous Jinja."""

# ruff: noqa: E501 # a template keeps its white space best on one line

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from headrace.adapters.base import Rows
from headrace.adapters.column import Column
from headrace.adapters.relation import Relation
from headrace.engine.template.dbt.result_table import ResultTable


@dataclass(frozen=True, slots=True)
class Case:
    """A template, and the macros that it calls."""

    name: str
    template: str
    macros: str = ""


def data() -> dict[str, Any]:
    """What the templates work on. Made anew for each render, since they may change it."""
    return {
        "execute": True,
        "words": ["delta", "alpha", "charlie", "alpha", "Bravo"],
        "numbers": [3, 1, 2, 5, 4],
        "empty": [],
        "pairs": {"b": 2, "a": 1, "C": 3},
        "orders": [
            {"id": 1, "status": "paid", "amount": 10.5, "tags": ["new"]},
            {"id": 2, "status": "open", "amount": 4, "tags": []},
            {"id": 3, "status": "paid", "amount": 1, "tags": ["old", "big"]},
        ],
        "columns": [Column("id", "integer"), Column("at", "timestamp"), Column("total", "integer")],
        "relation": Relation(None, "main", "orders"),
        "tree": [
            {"name": "root", "below": [{"name": "left", "below": []}, {"name": "right"}]},
            {"name": "other"},
        ],
        "day": date(2024, 2, 29),
        "table": ResultTable(Rows(("id", "name"), [(1, "one"), (2, "two"), (3, None)])),
    }


_FILTERS = {
    "map by attribute": "{{ orders | map(attribute='status') | list }}",
    "map by attribute with default": "{{ orders | map(attribute='x', default=0) | list }}",
    "map by a filter": "{{ words | map('upper') | join(',') }}",
    "map by a filter with arguments": "{{ words | map('replace', 'a', '_') | join }}",
    "map of objects": "{{ columns | map(attribute='quoted') | join(', ') }}",
    "map then length": "{{ words | map('lower') | list | length }}",
    "map by position": "{{ [[1, 'a'], [2, 'b']] | map(attribute=0) | list }}{{ table.rows | map(attribute=1) | list }}",
    "membership in a map": "{{ 'DELTA' | lower in words | map('lower') }}{{ 'x' not in words | map('lower') }}",
    "map in a condition": "{% if 'ALPHA' in words | map('upper') %}yes{% endif %}",
    "map in a condition, made a list": "{{ 'x' in (words | map('upper') | list) }}",
    "map into a for": "{% for w in words | map('upper') %}{{ w }}{{ ',' if not loop.last }}{% endfor %}",
    "map looped over twice": "{% set m = words | map('upper') | list %}{{ m }}{{ m }}",
    "map of a dict's items": "{{ pairs.items() | map('first') | sort | join }}",
    "map of keys": "{{ pairs.keys() | map('upper') | list }}",
    "map of a range": "{{ range(4) | map('string') | join('+') }}",
    "map into a python method": "{{ ', '.join(words | map('upper')) }}",
    "map given to a function": "{{ zip(words | map('upper'), numbers) | list }}",
    "map given to set": "{{ set(words | map('lower')) | sort }}",
    "map given to tojson": "{{ tojson(words | map('lower') | list) }}",
    "map extended onto a list": "{% do empty.extend(words | map('upper')) %}{{ empty }}",
    "select of truth": "{{ [0, 1, '', 'a', none] | select | list }}",
    "select by a test": "{{ numbers | select('odd') | list }}",
    "select by a test with an argument": "{{ numbers | select('gt', 2) | list }}",
    "select by equality": "{{ words | select('equalto', 'alpha') | list | length }}",
    "select of definite ones": "{{ [none, 1] | select('none') | list }}",
    "reject by a test": "{{ numbers | reject('in', [1, 2]) | list }}",
    "reject of nothing": "{{ ['a', none, ''] | reject('none') | list }}",
    "selectattr by truth": "{{ orders | selectattr('tags') | map(attribute='id') | list }}",
    "selectattr by equality": "{{ orders | selectattr('status', '==', 'paid') | list | length }}",
    "selectattr by membership": "{{ orders | selectattr('id', 'in', [1, 2]) | map(attribute='id') | sum }}",
    "selectattr of objects": "{{ columns | selectattr('data_type', 'eq', 'integer') | map(attribute='name') | list }}",
    "selectattr, first": "{{ (orders | selectattr('id', 'gt', 1) | first).status }}",
    "rejectattr by equality": "{{ orders | rejectattr('status', 'equalto', 'paid') | map(attribute='id') | list }}",
    "rejectattr by truth": "{{ orders | rejectattr('tags') | list | length }}",
    "groupby": "{% for g in orders | groupby('status') %}{{ g.grouper }}:{{ g.list | length }};{% endfor %}",
    "groupby unpacked": "{% for k, v in orders | groupby('status') %}{{ k }}={{ v | map(attribute='id') | list }}{% endfor %}",
    "groupby then length": "{{ orders | groupby('status') | length }}",
    "unique": "{{ words | unique | list }}",
    "unique with case": "{{ ['a', 'A'] | unique(case_sensitive=true) | list }}",
    "unique by attribute": "{{ orders | unique(attribute='status') | map(attribute='id') | list }}",
    "sum": "{{ numbers | sum }}",
    "sum by attribute": "{{ orders | sum(attribute='amount') }}",
    "sum of a map": "{{ orders | map(attribute='amount') | sum(start=100) }}",
    "join": "{{ words | join(', ') }}",
    "join by attribute": "{{ orders | join(', ', attribute='status') }}",
    "join of numbers": "{{ numbers | join('-') }}",
    "join of a generator": "{{ numbers | select('odd') | join('|') }}",
    "list of a text": "{{ 'abc' | list }}",
    "list of a dict": "{{ pairs | list }}",
    "slice": "{{ numbers | slice(2) | list }}",
    "slice with filling": "{% for part in numbers | slice(3, 0) %}{{ part }}{% endfor %}",
    "batch": "{{ numbers | batch(2) | list }}",
    "batch in a loop": "{% for row in words | batch(2, '-') %}{{ row | join }};{% endfor %}",
    "sort": "{{ words | sort }}{{ words | sort(reverse=true, case_sensitive=true) }}",
    "sort by attribute": "{{ orders | sort(attribute='amount') | map(attribute='id') | list }}",
    "sort of a map": "{{ orders | map(attribute='status') | unique | sort | join }}",
    "dictsort": "{{ pairs | dictsort }}{{ pairs | dictsort(by='value', reverse=true) }}",
    "dictsort in a loop": "{% for k, v in pairs | dictsort %}{{ k }}{{ v }}{% endfor %}",
    "first and last": "{{ words | first }}{{ words | last }}{{ 'xyz' | first }}",
    "first of a generator": "{{ numbers | select('even') | first }}",
    "first of nothing": "{{ (empty | first) is defined }}",
    "last of a list made of a map": "{{ words | map('upper') | list | last }}",
    "length": "{{ words | length }}{{ pairs | length }}{{ 'abc' | length }}{{ empty | count }}",
    "min and max": "{{ numbers | min }}{{ numbers | max }}{{ orders | max(attribute='amount') }}",
    "reverse": "{{ numbers | reverse | list }}{{ 'abc' | reverse }}",
    "default": "{{ nothing | default('d') }}{{ '' | default('d', true) }}{{ none | default(1) }}",
    "items": "{% for k, v in pairs | items %}{{ k }}{{ v }}{% endfor %}",
    "attr": "{{ relation | attr('identifier') }}",
    "trim, replace, indent": "{{ '  a b ' | trim | replace(' ', '_') }}{{ 'a\nb' | indent(2) }}",
    "int, float, string, abs, round": "{{ '3' | int + 1 }}{{ '1.5' | float }}{{ -2 | abs }}{{ 2.567 | round(1) }}",
    "format": "{{ '%s-%03d' | format('a', 7) }}{{ '{}/{x}'.format(1, x=2) }}",
    "tojson and wordcount": "{{ pairs | tojson }}{{ 'a b c' | wordcount }}{{ 'a b' | title }}",
    "chained over a nested list": "{{ orders | map(attribute='tags') | sum(start=[]) | sort | join(',') }}",
}

_LOOPS = {
    "index": "{% for w in words %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }} {% endfor %}",
    "first, last, length": "{% for w in words %}{{ w }}{{ loop.first }}{{ loop.last }}{{ loop.length }} {% endfor %}",
    "previtem and nextitem": "{% for w in numbers %}{{ loop.previtem }}<{{ w }}<{{ loop.nextitem }};{% endfor %}",
    "previtem in a condition": "{% for n in numbers %}{% if loop.previtem is defined and n < loop.previtem %}!{% endif %}{{ n }}{% endfor %}",
    "nextitem in a condition": "{% for n in numbers %}{% if loop.nextitem is not defined %}end{% endif %}{% endfor %}",
    "changed": "{% for o in orders %}{{ loop.changed(o.status) }}{% endfor %}",
    "cycle": "{% for w in words %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "depth of a recursive loop": "{% for n in tree recursive %}{{ loop.depth }}{{ n.name }}{% if n.below %}({{ loop(n.below) }}){% endif %}{% endfor %}",
    "recursive loop with last": "{% for n in tree recursive %}{{ n.name }}{% if n.below %}[{{ loop(n.below) }}]{% endif %}{{ ',' if not loop.last }}{% endfor %}",
    "with a condition": "{% for n in numbers if n > 2 %}{{ n }}{{ loop.index }}/{{ loop.length }}{{ loop.last }} {% endfor %}",
    "else": "{% for n in empty %}{{ n }}{% else %}none{% endfor %}",
    "else after a condition": "{% for n in numbers if n > 9 %}{{ n }}{% else %}none{% endfor %}",
    "over a dict": "{% for k in pairs %}{{ k }}{{ pairs[k] }}{% endfor %}",
    "over items": "{% for k, v in pairs.items() %}{{ loop.index }}{{ k }}{{ v }}{{ loop.last }}{% endfor %}",
    "over a range": "{% for i in range(1, 4) %}{{ i }}{{ loop.last }}{% endfor %}",
    "over a text": "{% for c in 'abc' %}{{ c }}-{% endfor %}",
    "over a generator": "{% for n in numbers | select('odd') %}{{ n }}{{ loop.last }}{{ loop.index }}{% endfor %}",
    "nested, with the outer loop kept": "{% for o in orders %}{% set outer = loop %}{% for t in o.tags %}{{ outer.index }}{{ t }}{{ loop.last }}{{ outer.last }}{% endfor %}{% endfor %}",
    "given to a macro": "{% for w in words %}{{ comma(w, loop) }}{% endfor %}",
    "over zip": "{% for a, b in zip(words, numbers) %}{{ a }}{{ b }}{% endfor %}",
    "with unpacking of three": "{% for (a, b), c in [((1, 2), 3)] %}{{ a + b + c }}{% endfor %}",
    "with set inside": "{% set found = [] %}{% for n in numbers %}{% if n is odd %}{% do found.append(n) %}{% endif %}{% endfor %}{{ found }}",
    "with a namespace": "{% set ns = namespace(sum=0, seen=[]) %}{% for n in numbers %}{% set ns.sum = ns.sum + n %}{% do ns.seen.append(n) %}{% endfor %}{{ ns.sum }}{{ ns.seen | length }}",
    "with white space control": "{%- for n in numbers -%}\n  {{- n }}{{ ', ' if not loop.last -}}\n{%- endfor -%}",
    "over rows of a table": "{% for row in table %}{{ row[0] }}{{ row['name'] }}{{ row.name }} {% endfor %}",
    "over columns of a table": "{% for c in table.columns %}{{ c.name }}{{ c.values() | list }}{% endfor %}",
}

_MACROS = {
    "comma": "{% macro comma(w, loop) %}{{ w }}{{ ',' if not loop.last }}{% endmacro %}",
    "shout": "{% macro shout(x, mark='!') %}{{ x | upper }}{{ mark }}{% endmacro %}",
    "total": "{% macro total(xs) %}{{ return(xs | sum) }}{% endmacro %}",
    "listed": "{% macro listed(n=3) %}{{ return(range(n) | list) }}{% endmacro %}",
    "mapped": "{% macro mapped() %}{{ return({'k': listed(2), 'n': none}) }}{% endmacro %}",
    "nothing_at_all": "{% macro nothing_at_all() %}{{ return(none) }}{% endmacro %}",
    "bare": "{% macro bare() %}{{ return() }}{% endmacro %}",
    "truth": "{% macro truth(x) %}{{ return(x is string) }}{% endmacro %}",
    "wrap": "{% macro wrap(before='<', after='>') %}{{ before }}{{ caller() }}{{ after }}{% endmacro %}",
    "each": "{% macro each(xs) %}{% for x in xs %}{{ caller(x, loop.index) }}{% endfor %}{% endmacro %}",
    "maybe": "{% macro maybe() %}{{ caller() if caller is defined else 'alone' }}{% endmacro %}",
    "spread": "{% macro spread(first) %}{{ first }}|{{ varargs | list }}|{{ kwargs | dictsort }}{% endmacro %}",
    "passing": "{% macro passing() %}{{ spread(*varargs, **kwargs) }}{% endmacro %}",
    "apply": "{% macro apply(f, x) %}{{ f(x) }}{% endmacro %}",
    "returned": "{% macro returned(f, x) %}{{ return(f(x)) }}{% endmacro %}",
    "chosen": "{% macro chosen(name) %}{{ return({'shout': shout, 'total': total}[name]) }}{% endmacro %}",
    "defaulted": "{% macro defaulted(a=listed(2), b=a | length) %}{{ a }}{{ b }}{% endmacro %}",
    "factorial": "{% macro factorial(n) %}{{ return(1 if n < 2 else n * factorial(n - 1)) }}{% endmacro %}",
    "walk": "{% macro walk(nodes) %}{% for n in nodes %}{{ n.name }}{{ '(' ~ walk(n.below) ~ ')' if n.below }}{% endfor %}{% endmacro %}",
    "early": "{% macro early(xs) %}{% for x in xs %}{% if x > 2 %}{{ return(x) }}{% endif %}{% endfor %}none{% endmacro %}",
    "outer": "{% macro outer() %}{% set body = caller() %}{% call wrap('(', ')') %}{{ body }}{% endcall %}{% endmacro %}",
    "kept": "{% macro kept() %}{% set body = caller() %}{{ body | upper }}{{ body | length }}{% endmacro %}",
    "in_block": "{% macro in_block() %}{% set text %}a{{ return('left') }}{% endset %}{{ text }}{% endmacro %}",
    "with_inner": "{% macro with_inner(x) %}{% macro inner(y) %}[{{ y }}]{% endmacro %}{{ inner(x) }}{{ inner(x) | upper }}{% endmacro %}",
    "asked": "{% macro asked(x) %}{% set got = fetch(x) %}{{ return(got) }}{% endmacro %}",
    "run": "{% macro run(name) %}{% set got = fetch(caller()) %}{{ name }}:{{ got | trim }}{% endmacro %}",
    "two": "{% macro two() %}{{ return((1, [2, 3])) }}{% endmacro %}",
    "gather": "{% macro gather(x, into=[]) %}{% do into.append(x) %}{{ return(into) }}{% endmacro %}",
    "looked": "{% macro looked() %}{{ kwargs.get('a', 'none') }}{{ kwargs.b is mapping }}{% endmacro %}",
    "power": "{% macro power(n) %}{% for _ in range(1, 9) %}{% if n <= 2 ** loop.index %}{{ return(loop.index) }}{% endif %}{% endfor %}{% endmacro %}",
    "unset": "{% macro unset(x=none) %}{% set x = [] if not x %}{{ return(x) }}{% endmacro %}",
}

_CALLS = {
    "text": "{{ shout('a') }}{{ shout('b', '?') }}{{ shout(mark='.', x='c') }}",
    "number": "{{ total(numbers) + 1 }}",
    "list indexed": "{{ listed()[1] }}{{ listed(5)[-1] }}{{ listed(5)[1:3] }}",
    "list filtered": "{{ listed(4) | map('string') | join('/') }}{{ listed() | length }}{{ listed() | sum }}",
    "dict looked into": "{{ mapped().k[1] }}{{ mapped()['k'] | last }}{{ mapped().n is none }}",
    "none": "{{ nothing_at_all() is none }}{{ bare() is none }}{{ nothing_at_all() }}",
    "none as a default": "{{ nothing_at_all() or 'else' }}",
    "in a condition": "{% if truth('a') and not truth(1) %}yes{% elif truth(2) %}no{% endif %}",
    "in an inline if": "{{ 'yes' if truth('a') else 'no' }}{{ shout('x') if truth(1) }}",
    "in a comparison": "{{ total(numbers) == 15 }}{{ 1 < total([2]) < 3 }}{{ 2 in listed() }}",
    "in arithmetic and concatenation": "{{ total([1]) * 2 ~ shout('a') ~ listed(1) }}",
    "in a test": "{{ listed() is iterable }}{{ total([4]) is divisibleby 2 }}{{ shout('a') is string }}",
    "in a set": "{% set x = total(numbers) %}{{ x / 3 }}",
    "unpacked in a set": "{% set a, b = two() %}{{ a }}{{ b[1] }}",
    "in a set block": "{% set x %}{{ shout('a') }} {{ shout('b') }}{% endset %}{{ x | length }}{{ x.split() }}",
    "in a set block with a filter": "{% set x | trim | upper %}  {{ shout('a', '') }} b {% endset %}[{{ x }}]",
    "in a for": "{% for x in listed() %}{{ x }}{{ loop.last }}{% endfor %}",
    "in a for with a condition": "{% for x in listed(5) if truth(x) or x > 2 %}{{ x }}{% endfor %}",
    "in do": "{% do empty.append(total(numbers)) %}{% do pairs.update(mapped()) %}{{ empty }}{{ pairs.k }}",
    "in a list and a dict": "{{ [total([1]), listed(1)] }}{{ {'a': total([2]), 'b': shout('x')} }}",
    "in a method": "{{ 'a,b'.split(shout(',', '')) }}{{ shout('a').lower().replace('!', '?') }}",
    "in arguments": "{{ shout(shout(shout('a'))) }}{{ shout(x=shout('b'), mark=total([1])) }}",
    "in arguments of a filter": "{{ 'a-b' | replace('-', shout('x')) }}{{ numbers | select('gt', total([2])) | list }}",
    "in a with": "{% with x = total([1, 2]) %}{{ x }}{% endwith %}",
    "in a filter block": "{% filter upper | replace('A', '4') %}a{{ shout('ba') }}{% endfilter %}",
    "in a namespace": "{% set ns = namespace(x=listed(2)) %}{% set ns.x = ns.x + listed(1) %}{{ ns.x }}",
    "in a slice": "{{ words[total([1]):listed(4) | length] }}{{ 'abcdef'[total([1])::2] }}",
    "in a subscript": "{{ words[total([1])] }}{{ pairs[shout('b', '') | lower] }}",
    "defaults that call": "{{ defaulted() }}{{ defaulted([1]) }}{{ defaulted(b=9) }}",
    "varargs and kwargs": "{{ spread(1) }}{{ spread(1, 2, 3, z=1, a=2) }}{{ spread(*listed(), **{'k': 1}) }}",
    "varargs and kwargs passed on": "{{ passing(1, 2, x=3) }}",
    "defaults that are changed": "{{ gather(1) }}{{ gather(2) }}{{ gather(3, [0]) }}",
    "kwargs looked into": "{{ looked(a=1, b={}) }}{{ looked() }}",
    "return out of a loop with a condition": "{{ power(5) + 1 }}{{ power(2) }}",
    "return of a value that a branch left undefined": "{{ unset() }}{{ unset([1]) is defined }}",
    "return in a call block": "{% call wrap() %}a{{ return('b') }}{% endcall %}",
    "call block": "{% call wrap() %}body{{ total([1]) }}{% endcall %}",
    "call block with arguments": "{% call wrap('(', after=')') %}{{ shout('x') }}{% endcall %}",
    "call block that is given values": "{% call(x, i) each(words) %}{{ i }}{{ x | upper }};{% endcall %}",
    "call block with a default": "{% call(x, i, sep=':') each([7]) %}{{ i }}{{ sep }}{{ x }}{% endcall %}",
    "call block in a call block": "{% call wrap() %}{% call wrap('[', ']') %}in{% endcall %}{% endcall %}",
    "call block that sees the outer names": "{% set y = 3 %}{% call wrap() %}{{ y }}{% endcall %}",
    "call block that may be absent": "{{ maybe() }}{% call maybe() %}here{% endcall %}",
    "call block whose caller is passed on": "{% call outer() %}deep{% endcall %}",
    "call block kept in a variable": "{% call kept() %}{{ shout('a') }}{% endcall %}",
    "call block of a macro in a variable": "{% set w = wrap %}{% call w('(') %}x{% endcall %}",
    "call block with return in it": "{% call wrap() %}{{ listed(2) | join }}{% endcall %}",
    "call block around a query": "{% call run('q') %} select {{ total([1]) }} {% endcall %}",
    "macro as an argument": "{{ apply(shout, 'a') }}{{ returned(total, [1, 2]) + 1 }}",
    "macro chosen by name": "{{ chosen('shout')('a') }}{{ chosen('total')([1]) + 1 }}",
    "macro put into a variable": "{% set f = shout %}{{ f('a') }}{% set fs = [shout, total] %}{{ fs[1]([5]) }}",
    "macro in a dict": "{% set d = {'f': shout} %}{{ d.f('a') }}{{ d['f']('b') }}",
    "recursion": "{{ factorial(6) }}",
    "recursion over a tree": "{{ walk(tree) }}",
    "return out of a loop": "{{ early(numbers) + 1 }}{{ early([1]) }}",
    "return out of a set block": "{{ in_block() }}",
    "macro in a macro": "{{ with_inner('a') }}",
    "macro of the model's own": "{% macro own(x) %}<{{ x }}{{ shout('y') }}>{% endmacro %}{{ own(1) }}{{ own(x=2) | length }}",
    "macro of a coroutine": "{{ asked([1, 2])[0] }}{{ asked('a') | upper }}{{ asked(none) is none }}",
}

_COROUTINES = {
    "printed": "{{ fetch(1) }}{{ fetch('a') ~ fetch('b') }}",
    "filtered": "{{ fetch([3, 1]) | sort }}{{ fetch(words) | map('upper') | list }}{{ fetch([]) | length }}",
    "indexed": "{{ fetch([1, 2])[0] }}{{ fetch({'a': 1}).a }}{{ fetch({'a': 1})['a'] }}{{ fetch([1, 2])[1:] }}",
    "called further": "{{ fetch('abc').upper() }}{{ fetch({'a': 1}).items() | list }}",
    "compared": "{{ fetch(1) == 1 }}{{ fetch(2) in [1, 2] }}{{ 1 in fetch([1]) }}{{ not fetch(0) }}",
    "in a condition": "{% if fetch(0) %}a{% elif fetch(1) %}b{% endif %}{{ 'y' if fetch(1) else 'n' }}{{ 'y' if fetch(0) }}",
    "in and and or": "{{ fetch(0) or fetch(5) }}{{ fetch(1) and fetch(2) }}",
    "in a for": "{% for x in fetch(words) %}{{ x }}{{ loop.last }}{% endfor %}",
    "in a condition of a for": "{% for n in numbers if fetch(n) > 3 %}{{ n }}{% endfor %}",
    "unpacked": "{% set a, b = fetch((1, 2)) %}{{ a }}{{ b }}",
    "in arguments": "{{ '-'.join(fetch(words)) }}{{ range(fetch(3)) | list }}{{ dict(a=fetch(1)) }}",
    "as a default of a filter": "{{ nothing | default(fetch(3)) }}",
    "in do": "{% do empty.append(fetch(1)) %}{% do empty.extend(fetch([2])) %}{{ empty }}",
    "in a set block": "{% set x %}{{ fetch(1) }}{% endset %}{{ x }}",
    "in a namespace": "{% set ns = namespace(x=fetch(1)) %}{% set ns.x = fetch(ns.x + 1) %}{{ ns.x }}",
    "of a table": "{% set t = fetch(table) %}{{ t.columns[0].values() | list }}{{ t.columns['name'].values()[1] }}{{ t.rows[1]['name'] }}{{ t.rows | length }}{{ t.column_names | join }}",
    "of a table, chained": "{{ fetch(table).columns[1].values() | reject('none') | map('upper') | join(',') }}",
    "of a table's rows": "{% for id, name in fetch(table).rows %}{{ id }}{{ name }}{% endfor %}",
    "in a test": "{{ fetch(none) is none }}{{ fetch([]) is iterable }}{{ fetch(4) is divisibleby fetch(2) }}",
}

_VALUES = {
    "inline if without else": "[{{ 'a' if false }}]{{ ('a' if false) is defined }}",
    "slices": "{{ words[1:3] }}{{ words[-1] }}{{ 'abcdef'[::-1] }}{{ numbers[:2] + numbers[3:] }}",
    "string methods": "{{ 'a_b'.split('_') }}{{ ' x '.strip() }}{{ 'Ab'.lower() }}{{ 'a'.startswith('a') }}{{ 'x'.join(words) }}{{ 'a{}'.format(1) }}{{ '%s' % 1 }}",
    "dict methods": "{{ pairs.get('zz', 0) }}{{ pairs.keys() | list }}{{ pairs.values() | sum }}{{ pairs.pop('a') }}{{ pairs }}",
    "list methods": "{% do words.append('z') %}{% do words.insert(0, 'y') %}{{ words.index('alpha') }}{{ words.pop() }}{{ words }}",
    "undefined in a condition": "{% if nothing %}a{% else %}b{% endif %}{{ nothing is defined }}[{{ nothing }}]",
    "arithmetic": "{{ 7 // 2 }}{{ 7 % 2 }}{{ 2 ** 3 }}{{ 7 / 2 }}{{ -1 + 2 }}{{ 'a' * 3 }}",
    "json": "{{ fromjson('{\"a\": [1, 2]}')['a'][1] }}{{ tojson({'b': 1, 'a': none}) }}",
    "yaml": "{{ fromyaml('a: [1, x]')['a'] }}{{ toyaml({'a': 1}) }}",
    "joiner and cycler": "{% set c = cycler('a', 'b') %}{% set j = joiner(',') %}{% for n in numbers %}{{ j() }}{{ c.next() }}{% endfor %}",
    "dates": "{{ day.strftime('%Y-%m') }}{{ day.year + 1 }}",
    "raw and comments": "{% raw %}{{ not_me }}{% endraw %}{# nor me #}",
    "white space control": "a\n{%- if true %}\n  b\n{%- endif -%}\n c {{- ' d' -}} \n",
    "tuple and nested": "{{ (1, 2)[0] }}{{ {'a': [{'b': 2}]}['a'][0].b }}{{ [[1], [2]][1][0] }}",
    "import of names in with": "{% with a=1, b=2 %}{{ a + b }}{% endwith %}",
    "set in a branch": "{% if true %}{% set x = 1 %}{% endif %}{{ x }}",
    "update kept in a variable": "{% set _ = pairs.update({'z': 1}) %}{{ pairs.z }}",
    "relation as a key": "{% set d = {} %}{% do d.update({relation: [1]}) %}{{ d[relation] }}",
    "relation taken apart": "{{ (relation | string).split('.') | last }}",
    "multiple set": "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
    "tests of kinds": "{{ 'a' is string }}{{ 1 is number }}{{ pairs is mapping }}{{ words is sequence }}{{ none is none }}{{ shout is callable }}",
    "relation": "{{ relation }}{{ relation.identifier | upper }}{{ relation.include(schema=false) }}",
    "diff_of_two_dicts": "{{ diff_of_two_dicts({'a': ['X', 'y']}, {'A': ['x']}) }}",
}

_GROUPS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "filter": _FILTERS,
        "loop": _LOOPS,
        "macro": _CALLS,
        "coroutine": _COROUTINES,
        "value": _VALUES,
    }
)

CASES = tuple(
    Case(f"{group}: {name}", template, "\n".join(_MACROS.values()))
    for group, templates in _GROUPS.items()
    for name, template in templates.items()
)
