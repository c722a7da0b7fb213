"""Payloads of a template author who wants out: each ends in an error or in something harmless."""

from __future__ import annotations

ESCAPES: dict[str, str] = {
    # Python's own ways from any object to everything.
    "class of a text": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "class by item": "{{ ''['__class__'] }}",
    "class by attr": "{{ ''|attr('__class__') }}",
    "class by map": "{{ ['']|map(attribute='__class__')|list }}",
    "class by sort": "{{ ['', 'a']|sort(attribute='__class__')|list }}",
    "class by groupby": "{{ ['']|groupby('__class__')|list }}",
    "class by sum": "{{ ['']|sum(attribute='__class__') }}",
    "class by unique": "{{ ['']|unique(attribute='__class__')|list }}",
    "class by selectattr": "{{ ['']|selectattr('__class__')|list }}",
    "class by join": "{{ ['']|join(attribute='__class__') }}",
    "class by dotted path": "{{ [this]|map(attribute='render.__func__.__globals__')|list }}",
    "name put together": "{{ ''|attr('__cl' ~ 'ass__') }}",
    "name out of hex": "{{ ''|attr('\\x5f\\x5fclass\\x5f\\x5f') }}",
    "name in bytes": "{{ ''[('__cla' ~ 'ss__').encode().decode()] }}",
    "format field": "{{ '{0.__class__.__mro__}'.format(this) }}",
    "format item": "{{ '{0[__class__]}'.format('') }}",
    "format_map": "{{ '{x.__class__}'.format_map({'x': this}) }}",
    "format by attr": "{{ ('{0.__class__}'|attr('format'))(this) }}",
    "format by item": "{{ '{0.__class__}'['format'](this) }}",
    "format kept": "{% set f = '{0.__class__}'.format %}{{ f(this) }}",
    "format starmapped": (
        "{{ modules.itertools.starmap('{0.__class__.__init__.__globals__}'.format, [[this]])"
        "|list }}"
    ),
    "format of markup": "{{ ('{0.__class__}'|escape).format(this) }}",
    "format conversion": "{{ '{0!r:{1}}'.format(adapter, '') }}",
    "format nested": "{{ '{0.{1}}'.format(this, '__class__') }}",
    "percent by attr": "{{ '%(a.__class__)s' % {'a': 1} }}",
    "enum's format": "{{ api.Relation.View.format.__self__.__class__ }}",
    "mro of a class": "{{ modules.datetime.date.mro() }}",
    # Jinja's own objects.
    "lipsum": "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "cycler": "{{ cycler.__init__.__globals__ }}",
    "joiner": "{{ joiner('x').__init__.__globals__ }}",
    "namespace": "{{ namespace().__class__.__init__.__globals__ }}",
    "namespace set": "{% set ns = namespace() %}{% set ns.__class__ = 1 %}{{ ns.__class__ }}",
    "range": "{{ range.__globals__ }}",
    "dict": "{{ dict.__base__.__subclasses__() }}",
    "self": "{{ self._TemplateReference__context.environment }}",
    "self blocks": "{% block b %}{% endblock %}{{ self.b.__globals__ }}{{ self.b._context }}",
    "caller": (
        "{% macro m() %}{{ caller.__init__.__globals__ }}{{ caller._environment }}"
        "{{ caller._func }}{% endmacro %}{% call m() %}{% endcall %}"
    ),
    "macro": "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}{{ m._environment }}",
    "loop": "{% for a in [1] %}{{ loop._iterator.__class__ }}{{ loop._to_iterator }}{% endfor %}",
    "undefined": "{{ nothing_there.__init__.__globals__ }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'profiles.yml' as p %}{{ p }}",
    "from import": "{% from 'os' import environ %}{{ environ }}",
    "extends": "{% extends '../profiles.yml' %}",
    "super": "{% block b %}{{ super.__class__ }}{{ super() }}{% endblock %}",
    # The language's own objects.
    "adapter": "{{ adapter._adapter.target.keys }}",
    "adapter by item": "{{ adapter['_adapter'] }}{{ adapter['_connection'] }}",
    "adapter by attr": "{{ (adapter|attr('_adapter')).target }}",
    "adapter's method": "{{ adapter.type.__self__._adapter }}{{ adapter.quote.__func__ }}",
    "adapter's globals": "{{ adapter.execute.__func__.__globals__ }}",
    "adapter's dispatch": "{{ adapter.dispatch.__closure__ }}",
    "adapter's coroutine": (
        "{% for c in modules.itertools.starmap(adapter.list_schemas, [[]]) %}"
        "{{ c.cr_await.get_loop() }}{% endfor %}"
    ),
    "adapter's coroutine run": (
        "{% for c in modules.itertools.starmap(adapter.execute, [['select 1']]) %}"
        "{% set f = c.send(none) %}{{ f.get_loop().subprocess_shell }}{% endfor %}"
    ),
    "coroutine's code": (
        "{% for c in modules.itertools.starmap(run_query, [['select 1']]) %}"
        "{{ c.cr_frame.f_globals }}{{ c.cr_code.co_consts }}{{ c.throw }}{% endfor %}"
    ),
    "generator": "{% set g = [1]|map('string') %}{{ g.gi_frame.f_globals }}{{ g.gi_code }}",
    "generator's source": "{% set g = [1]|map('string') %}{{ g.gi_yieldfrom }}{{ g.throw }}",
    "generator sent to": "{% set g = [1]|map('string') %}{{ g.send(none) }}",
    "counted": "{{ modules.itertools.count().gi_frame.f_back.f_globals }}",
    "dispatched macro": "{{ adapter.dispatch('noted')._scope._names }}",
    "context": "{{ context._scope.macros.environment }}{{ context['__class__'] }}",
    "context's environment": "{{ context.environment }}{{ context.eval_ctx }}{{ context.parent }}",
    "package": "{{ shop._scope }}{{ shop['_scope'] }}",
    "config": "{{ config._values }}{{ config.get.__self__ }}{{ config.__init__.__globals__ }}",
    "config's validator": "{{ config.get('materialized', validator=adapter.type.__func__) }}",
    "builtins": "{{ builtins.ref.__self__._manifest }}{{ builtins['__import__']('os') }}",
    "python's builtins": "{{ __builtins__ }}{{ open('/etc/passwd') }}",
    "ref": "{{ ref.__self__._manifest }}{{ ref.__func__.__globals__ }}",
    "source": "{{ source.__self__._relations._adapter }}",
    "relation": "{{ this.__class__.__init__.__globals__ }}{{ this.__dataclass_fields__ }}",
    "column": "{{ api.Column('a', 'b').__class__.__mro__ }}{{ api.Column._adapter }}",
    "api": "{{ api.Relation._adapter.target.keys }}{{ api.__dict__ }}",
    "api's method": "{{ api.Relation.create.__self__._adapter }}",
    "exceptions": "{{ exceptions._warn.__self__ }}{{ exceptions.warn.__globals__ }}",
    "raised": "{{ exceptions.raise_compiler_error(adapter ~ target ~ flags ~ graph) }}",
    "missing relation": "{{ exceptions.missing_relation(adapter) }}",
    "var": "{{ var._variables }}{{ var.has_var.__self__ }}",
    "var's message": "{{ var('nothing') }}",
    "env_var secret": "{{ env_var('DBT_ENV_SECRET_CANARY') }}",
    "env_var secret, default": "{{ env_var('DBT_ENV_SECRET_CANARY', 'none') }}",
    "env_var secret, other name": "{{ env_var('HEADRACE_ENV_SECRET_CANARY') }}",
    "env_var's globals": "{{ env_var.__self__._invocation.environ }}{{ env_var.__globals__ }}",
    "env_var in render": "{{ render('{{ env_var(\"DBT_ENV_SECRET_CANARY\") }}') }}",
    "render": "{{ render('{{ adapter._adapter }}') }}{{ render.__closure__ }}",
    "log": "{{ log.__self__._invocation }}{{ log(adapter ~ context ~ target, info=true) }}",
    "print": "{{ print.__self__ }}{{ print(target ~ flags ~ invocation_args_dict) }}",
    "flags": "{{ flags._values }}{{ flags.PROFILES_DIR.__class__ }}",
    "target": "{{ target.password }}{{ target['pass'] }}{{ target.keys.__self__.__class__ }}",
    "target whole": "{{ target|tojson }}{{ target.items()|list }}",
    "target to yaml": "{{ toyaml(target) }}{{ tojson(target) }}",
    "graph": "{{ graph|tojson }}",
    "model": "{{ model|tojson }}{{ model|pprint }}",
    "invocation arguments": "{{ invocation_args_dict|tojson }}{{ dbt_metadata_envs|tojson }}",
    "results": "{{ load_result('s').table._say.__self__ }}{{ load_result.__self__ }}",
    "table": (
        "{% call statement('s', fetch_result=true) %}select 1 as a{% endcall %}"
        "{{ load_result('s').table._say }}{{ load_result('s').table.where.__globals__ }}"
    ),
    "table's test": (
        "{% call statement('s', fetch_result=true) %}select 1 as a{% endcall %}"
        "{{ load_result('s').table.where(adapter.type.__self__) }}"
    ),
    "datetime": "{{ modules.datetime.datetime.__init__.__globals__ }}{{ modules.datetime.sys }}",
    "datetime's module": "{{ modules.datetime.__spec__.loader.load_module('os') }}",
    "re": "{{ modules.re.sre_compile }}{{ modules.re.enum.sys }}{{ modules.re.__loader__ }}",
    "re's functions": "{{ modules.re.compile.__globals__ }}{{ modules.re.sub.__wrapped__ }}",
    "re's callback": "{{ modules.re.sub('a', adapter.type.__func__, 'a') }}",
    "re's flags": "{{ modules.re.I.__class__.__mro__ }}{{ modules.re.I.__objclass__ }}",
    "itertools": "{{ modules.itertools.__loader__ }}{{ modules.itertools.count.__wrapped__ }}",
    "itertools' callback": "{{ modules.itertools.accumulate([1, 2], this.__class__)|list }}",
    "pytz": "{{ modules.pytz.os }}{{ modules.pytz.open_resource('../../../etc/passwd') }}",
    "pytz's path": "{{ modules.pytz.timezone('../../../../../etc/passwd') }}",
    "pytz's absolute path": "{{ modules.pytz.timezone('/etc/passwd') }}",
    "pytz's globals": "{{ modules.pytz.timezone.__globals__ }}",
    "modules": "{{ modules.__class__ }}{{ modules.os }}{{ modules.sys }}{{ modules['os'] }}",
    "validation": "{{ validation.any['a'].__globals__ }}{{ validation.any.__class__ }}",
    "validation's message": "{{ validation.any['a'](adapter) }}",
    "yaml's tags": "{{ fromyaml('!!python/object/apply:os.system [id]') }}",
    "yaml's names": "{{ fromyaml('!!python/name:os.environ') }}",
    "json of objects": "{{ tojson(adapter) }}{{ tojson({'a': adapter}) }}",
    "jinja's json": "{{ adapter|tojson }}",
    "yaml of objects": "{{ toyaml({'a': adapter, 'b': context}) }}",
    "pprint": "{{ adapter|pprint }}{{ this|pprint }}{{ [context, flags, api]|pprint }}",
    "local_md5": "{{ local_md5(target.password) }}{{ local_md5.__globals__ }}",
    "try_or_compiler_error": "{{ try_or_compiler_error('x', adapter.type.__func__) }}",
    "tried": "{{ try_or_compiler_error('x', ''.__class__) }}",
    "adapter_macro": "{{ adapter_macro('os.system', 'id') }}",
    "write": "{{ write.__globals__ }}{{ write('/tmp/pwned') }}",
    "return": "{{ return.__globals__ }}{{ return(adapter) }}",
    "run_started_at": "{{ run_started_at.__class__.__base__.__subclasses__() }}",
    "run_started_at's zone": "{{ run_started_at.tzinfo.__reduce__() }}",
    "thread_id": "{{ thread_id.__class__ }}",
    "set": "{{ set.__globals__ }}{{ set_strict.__base__ }}{{ zip.__globals__ }}",
}
"""What to render, by what it tries."""

_SECRET = "(target.password or target.pass or target.token or 'none')"

TRANSFORMED: dict[str, str] = {
    "reversed": "{{ " + _SECRET + "|reverse }}",
    "joined": "{{ " + _SECRET + "|list|join('-') }}",
    "each character": "{% for c in " + _SECRET + " %}{{ c }}.{% endfor %}",
    "encoded": "{{ " + _SECRET + ".encode().hex() }}",
    "upper": "{{ " + _SECRET + "|upper }}",
    "url": "{{ " + _SECRET + "|urlencode }}",
    "all of target": "{{ target.values()|join('/')|list|join('-') }}",
    "all of flags": "{{ (flags.VARS ~ flags.PROFILE ~ flags.TARGET)|list|join('-') }}",
    "all arguments": "{{ (invocation_args_dict|string)|list|join('-') }}",
    "all of graph": "{{ (graph|string)|list|join('-') }}",
    "digest": "{{ local_md5(" + _SECRET + ") }}",
    "translated": "{{ " + _SECRET + ".translate({97: 'b'}) }}",
    "behaviour": "{{ (adapter.behavior ~ adapter ~ api)|list|join('-') }}",
    "environment": "{{ (dbt_metadata_envs|string)|list|join('-') }}",
}
"""What to render to have a secret in another form, past anything that strikes it out."""
