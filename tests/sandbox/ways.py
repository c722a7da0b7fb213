"""Ways to ask an object for a name that it doesn't show, and the objects to ask."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

WAYS: dict[str, str] = {
    "attribute": "{{ OBJ.NAME }}",
    "item": "{{ OBJ['NAME'] }}",
    "item put together": "{{ OBJ['NAME'[:3] ~ 'NAME'[3:]] }}",
    "get": "{{ OBJ.get('NAME') }}",
    "get with a default": "{{ OBJ.get('NAME', OBJ) }}",
    "attr": "{{ OBJ|attr('NAME') }}",
    "attr by a variable": "{% set n = 'NAME' %}{{ OBJ[n] }}",
    "map attribute": "{{ [OBJ]|map(attribute='NAME')|list }}",
    "map attribute with a default": "{{ [OBJ]|map(attribute='NAME', default=0)|list }}",
    "map attr": "{{ [OBJ]|map('attr', 'NAME')|list }}",
    "map path": "{{ [[OBJ]]|map(attribute='0.NAME')|list }}",
    "sort": "{{ [OBJ, OBJ]|sort(attribute='NAME')|list }}",
    "sort by several": "{{ [OBJ, OBJ]|sort(attribute='NAME,NAME')|list }}",
    "groupby": "{{ [OBJ]|groupby('NAME')|list }}",
    "groupby with a default": "{{ [OBJ]|groupby('NAME', default='')|list }}",
    "unique": "{{ [OBJ]|unique(attribute='NAME')|list }}",
    "sum": "{{ [OBJ]|sum(attribute='NAME', start=0) }}",
    "min": "{{ [OBJ]|min(attribute='NAME') }}",
    "max": "{{ [OBJ, OBJ]|max(attribute='NAME') }}",
    "join": "{{ [OBJ]|join(attribute='NAME') }}",
    "selectattr": "{{ [OBJ]|selectattr('NAME')|map(attribute='NAME')|list }}",
    "rejectattr": "{{ [OBJ]|rejectattr('NAME', 'none')|map(attribute='NAME')|list }}",
    "format": "{{ '{0.NAME}'.format(OBJ) }}",
    "format item": "{{ '{0[NAME]}'.format(OBJ) }}",
    "format item of an item": "{{ '{0[0][NAME]}'.format([OBJ]) }}",
    "format by name": "{{ '{o.NAME!r}'.format(o=OBJ) }}",
    "format in a width": "{{ '{0:{1.NAME}}'.format('', OBJ) }}",
    "format map": "{{ '{o[NAME]}'.format_map({'o': OBJ}) }}",
    "format of it as a map": "{{ '{NAME}'.format_map(OBJ) }}",
    "format of Markup": "{{ ('{0[NAME]}'|safe).format(OBJ) }}",
    "format kept for later": "{% set f = ['{0.NAME}'.format] %}{{ f[0](OBJ) }}",
    "format starmapped": "{{ modules.itertools.starmap('{0[NAME]}'.format, [[OBJ]])|list }}",
    "percent": "{{ '%(NAME)s' % OBJ }}",
    "percent of Markup": "{{ ('%(NAME)s'|safe) % OBJ }}",
    "loop": "{% for o in [OBJ] %}{{ o@ }}{% endfor %}",
    "loop's item": "{% for o in [OBJ] %}{{ loop.cycle(o)@ }}{% endfor %}",
    "unpacked": "{% for o, p in [[OBJ, 1]] %}{{ o@ }}{% endfor %}",
    "unpacked deeply": "{% for (o, p), q in [[(OBJ, 1), 2]] %}{{ o@ }}{% endfor %}",
    "set of several": "{% set o, p = OBJ, 1 %}{{ o@ }}",
    "block set": "{% set t %}{{ OBJ@ }}{% endset %}{{ t }}",
    "with": "{% with o = OBJ %}{{ o@ }}{% endwith %}",
    "namespace": "{% set ns = namespace(o=OBJ) %}{{ ns.o@ }}",
    "namespace's attribute": "{% set ns = namespace() %}{% set ns.o = OBJ %}{{ ns.o['NAME'] }}",
    "mapping": "{{ dict(o=OBJ).o@ }}",
    "popped": "{{ {'o': [OBJ].pop()}.popitem()[1]@ }}",
    "cycler": "{{ cycler(OBJ).next()@ }}",
    "macro": "{% macro m(o) %}{{ o@ }}{% endmacro %}{{ m(OBJ) }}",
    "macro's varargs": "{% macro m() %}{{ varargs[0]@ }}{% endmacro %}{{ m(OBJ) }}",
    "macro's kwargs": "{% macro m() %}{{ kwargs.o@ }}{% endmacro %}{{ m(o=OBJ) }}",
    "caller": (
        "{% macro m() %}{{ caller(OBJ) }}{% endmacro %}{% call(o) m() %}{{ o@ }}{% endcall %}"
    ),
    "filter block": "{% filter replace('x', OBJ@) %}x{% endfilter %}",
    "conditional": "{{ (OBJ if true else 1)@ }}",
    "default": "{{ (nothing_there|default(OBJ))@ }}",
    "first and last": "{{ ([[OBJ]|first]|last)@ }}",
    "slice": "{{ ([OBJ][:1]|batch(1)|list)[0][0]@ }}",
    "test": "{{ OBJ is defined and OBJ@ is defined and OBJ@ }}",
    "try": "{{ try_or_compiler_error('no', OBJ.get, 'NAME') }}",
    "try with a format": "{{ try_or_compiler_error('no', '{0[NAME]}'.format, OBJ) }}",
    "starmap": "{{ modules.itertools.starmap(OBJ.get, [['NAME']])|list }}",
    "takewhile": "{{ modules.itertools.takewhile(OBJ.get, ['NAME'])|list }}",
    "filterfalse": "{{ modules.itertools.filterfalse(OBJ.get, ['NAME'])|list }}",
    "iterator's groupby": (
        "{% for k, g in modules.itertools.groupby(['NAME'], OBJ.get) %}{{ k }}{% endfor %}"
    ),
    "accumulate": "{{ modules.itertools.accumulate(['NAME', 1], OBJ.get)|list }}",
    "chain": "{% for o in modules.itertools.chain([OBJ]) %}{{ o@ }}{% endfor %}",
    "zip": "{% for o, p in zip([OBJ], [1]) %}{{ o@ }}{% endfor %}",
    "key of a sort": "{% set l = ['NAME'] %}{% do l.sort(key=OBJ.get) %}{{ l }}",
    "replacement": "{{ modules.re.sub('.+', OBJ.get, 'NAME') }}",
    "pattern's replacement": "{{ modules.re.compile('.+').sub(OBJ.get, 'NAME') }}",
    "json": "{{ tojson({'o': OBJ@}) }}",
    "return": "{{ return(OBJ@) }}",
    "render": '{{ render("{{ this@ }}") }}',
    "log": "{{ log(OBJ@, info=true) }}",
    "raised": "{{ exceptions.raise_compiler_error(OBJ@) }}",
    "validator": "{{ config.get('materialized', validator=OBJ@) }}",
    "context": "{{ context.get('no_such_name', OBJ)@ }}",
    "forced": "{% do context.update({'o': OBJ}) %}{{ context['o']@ }}",
    "stored": ("{{ store_result('o', response=OBJ) }}{{ load_result('o').response@ }}"),
}
"""Templates in which OBJ stands for an object, NAME for what is asked of it, and @ for how."""

OBJECTS: tuple[str, ...] = (
    *("this", "adapter", "context", "api", "api.Relation", "api.Column", "builtins", "config"),
    *("exceptions", "flags", "target", "graph", "model", "modules", "modules.re", "var"),
    *("modules.datetime", "modules.itertools", "modules.pytz", "env_var", "ref", "source"),
    *("log", "print", "render", "return", "load_result", "store_result", "shop", "noted"),
    *("adapter.dispatch('noted')", "adapter.behavior", "adapter.execute", "adapter.type"),
    *("this.include_policy", "this.path", "this.type", "this.render", "api.Column('a', 'text')"),
    *("validation", "validation.any", "validation.any['a']", "run_started_at", "dict", "range"),
    *("invocation_args_dict", "namespace()", "cycler(1)", "joiner()", "lipsum", "self"),
    *("[].append", "''.format", "''.join", "{}.items", "{}.items()", "[1]|map('string')"),
    *("modules.re.compile('a')", "modules.re.match('a', 'a')", "modules.re.I", "('x'|escape)"),
    *("modules.datetime.datetime", "modules.datetime.datetime.now", "modules.pytz.utc"),
    *("modules.pytz.timezone('Europe/Berlin')", "modules.itertools.count()", "nothing_there"),
    *("modules.itertools.chain", "modules.itertools.starmap(this.get, [['name']])", "none", "1"),
    *("run_query", "statement", "graph.nodes", "model.config", "caller", "super", "''", "b"),
    *("selected_resources", "dbt_metadata_envs", "thread_id", "execute", "local_md5", "set"),
    *("load_result('o')", "adapter.get_relation", "adapter.Relation", "adapter.Column.create"),
)
"""What a template may name, or get by a call."""

NAMES: tuple[str, ...] = (
    *("__class__", "__init__", "__globals__", "__dict__", "__self__", "__func__", "__call__"),
    *("__getattribute__", "__reduce__", "__subclasses__", "__mro__", "__base__", "__module__"),
    *("__closure__", "__code__", "__wrapped__", "__doc__", "__defaults__", "__builtins__"),
    *("__struct_fields__", "__annotations__", "__format__", "__getitem__", "__iter__", "__new__"),
    *("_adapter", "_scope", "_values", "_connection", "_cache", "_invocation", "_macro"),
    *("_variables", "_relations", "_manifest", "_named", "_emit", "_warn", "_environment"),
    *("_func", "_Namespace__attrs", "_TemplateReference__context", "_own", "_names", "_lazy"),
    *("gi_frame", "gi_code", "cr_frame", "cr_await", "func", "args", "keywords", "mro"),
    *("environment", "eval_ctx", "target", "template_names", "tb_frame", "f_globals", "send"),
)
"""What a template would like to have."""


ASKED: tuple[str, ...] = (".NAME", "['NAME']", "|attr('NAME')")


def payloads() -> Iterator[tuple[str, str]]:
    """Each way with several objects, each object in several ways, and each name often."""
    names, objects, asked = cycle(NAMES), cycle(OBJECTS), cycle(ASKED)
    for label, way in WAYS.items():
        for _ in range(7):
            object_, name, how = next(objects), next(names), next(asked)
            yield f"{label} of {object_}: {name}", _payload(way, object_, name, how)
    for object_ in OBJECTS:
        for how in ASKED:
            name = next(names)
            yield f"{object_}{how}: {name}", _payload("{{ OBJ@ }}", object_, name, how)


def _payload(way: str, object_: str, name: str, how: str) -> str:
    return way.replace("@", how).replace("OBJ", object_).replace("NAME", name)
