# ruff: noqa: E501 # a table, with a line for each case
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
    # What a text of the template's once was asked of: attributes under other names.
    "relation by get": "{{ this.get('__class__').__init__ }}",
    "relation by item": "{{ this['__class__']['__init__']['__globals__'] }}",
    "relation's globals": "{{ this.get('render').__globals__ }}{{ this['render'].__func__ }}",
    "relation as a map": "{{ '%(__class__)s %(render)s' % this }}",
    "relation into format": "{{ '{__class__}'.format_map(this) }}",
    "relation spread": "{{ '{identifier}'.format(**this) }}{{ dict(**this) }}",
    "relation's items": "{{ this|items|list }}{{ dict(this) }}{{ this|list }}{{ this|dictsort }}",
    "relation translated": "{{ 'abc'.translate(this) }}",
    "relation's parts": "{{ this.quote_policy['__class__'] }}{{ this.path.get('__class__') }}",
    "relation replaced": "{{ this.incorporate(path={'__class__': 1, 'rows': 'x'}) }}",
    "relation replaced by name": "{{ this.replace_path(**{'__class__': 'x'}) }}",
    "relation of a class": "{{ api.Relation.create(type=dict, identifier=this.get) }}",
    "column by item": "{{ api.Column('a', 'b')['__class__'] }}{{ api.Column('a', 'b').get('x') }}",
    "flags by item": "{{ flags['__class__'] }}{{ flags['_values'] }}{{ flags.get.__self__ }}",
    "behaviour by item": "{{ adapter.behavior['__class__'] }}{{ adapter.behavior.__class__ }}",
    "exceptions by item": "{{ exceptions['__class__'] }}{{ exceptions.get('__class__') }}",
    "package by item": "{{ shop['__class__'] }}{{ shop.get('__class__') }}{{ shop._scope }}",
    "package's methods": "{{ shop.values.__self__ }}{{ shop.items()|list }}{{ shop|list }}",
    "context spread": "{{ dict(**context) }}{{ context|items|list }}{{ dict(context) }}",
    "context's keys": "{% for k in context.keys() %}{{ context[k].__class__ }}{% endfor %}",
    "context's values": "{% for k in context.keys() %}{{ context.get(k)|string }}{% endfor %}",
    "context overwritten": "{% do context.update({'__class__': 1, 'env_var': 2}) %}{{ env_var }}",
    "builtins' values": "{{ builtins['context']['__class__'] }}{{ builtins.get('__class__') }}",
    "model's class": "{{ model['__class__'] }}{{ model.get.__self__.__class__ }}",
    "graph's class": "{{ graph['__class__'] }}{{ graph.items.__func__.__globals__ }}",
    "config's values": "{{ config['_values'] }}{{ config.get('__class__', default=config._values) }}",
    "var by item": "{{ var['_variables'] }}{{ var.has_var.__func__ }}{{ var('__class__', 1) }}",
    # Functions that call what they are given.
    "starmapped class": "{{ modules.itertools.starmap(this.get('__class__'), [[1]])|list }}",
    "starmapped getattr": "{{ modules.itertools.starmap(getattr, [[this, '__class__']])|list }}",
    "starmapped env_var": (
        "{{ modules.itertools.starmap(env_var, [['DBT_ENV_SECRET_CANARY']])|list }}"
    ),
    "starmapped macro": (
        "{% for c in modules.itertools.starmap(noted, [[1]]) %}{{ c.cr_frame }}{{ c }}{% endfor %}"
    ),
    "starmapped render": (
        "{% for c in modules.itertools.starmap(render, [['{{ adapter._adapter }}']]) %}{{ c }}"
        "{% endfor %}"
    ),
    "coroutine in a list": (
        "{% set c = modules.itertools.starmap(noted, [[1]])|list %}{{ c[0].cr_code }}"
        "{{ c|first }}{{ c|map(attribute='cr_frame')|list }}"
    ),
    "coroutine unpacked": (
        "{% set a, b = modules.itertools.starmap(noted, [[1], [2]]) %}{{ a.send(none) }}"
    ),
    "coroutine tried": "{{ try_or_compiler_error('x', noted, adapter).cr_frame }}",
    "tried class": "{{ try_or_compiler_error('x', dict.fromkeys, [1]).__class__ }}",
    "tried getattr": "{{ try_or_compiler_error('x', this.__getattribute__, '__class__') }}",
    "where's test": "{{ load_result('s').table.where(this.get) }}",
    "sorted by a method": "{% set l = [this] %}{% do l.sort(key=this.get.__call__) %}{{ l }}",
    "replacing by a class": "{{ modules.re.sub('a', dict, 'aa') }}",
    "replacing by print": "{{ modules.re.sub('a', print, 'aa') }}",
    "validating by a class": "{{ config.get('materialized', validator=dict) }}",
    "validating by env_var": "{{ config.require('materialized', validator=env_var) }}",
    "grouped by getattr": "{{ modules.itertools.groupby([this], this.__getattribute__)|list }}",
    "accumulated": "{{ modules.itertools.accumulate([this, '__class__'], this.get)|list }}",
    "callable test": "{{ this.get is callable }}{{ (this.get if this.get is callable).__self__ }}",
    # Values that come with others.
    "loop itself": "{% for a in [this] recursive %}{{ loop.__call__ }}{{ loop }}{% endfor %}",
    "loop's iterable": "{% for a in [1, 2] %}{{ loop['_iterable'] }}{{ loop._current }}{% endfor %}",
    "loop over loop": "{% for a in [1] %}{% for b in loop %}{{ b }}{% endfor %}{% endfor %}",
    "loop's function": "{% for a in [1] recursive %}{{ loop._recurse.__globals__ }}{% endfor %}",
    "macro's arguments": (
        "{% macro m(a=this) %}{{ m.arguments.__class__ }}{{ m.name.__class__ }}{% endmacro %}"
        "{{ m() }}{{ m.arguments }}{{ m.caller }}"
    ),
    "macro by its name within": "{{ dbt_macro__noted }}{{ dbt_macro__noted._func }}",
    "varargs": "{% macro m() %}{{ varargs.__class__ }}{{ kwargs.__class__ }}{% endmacro %}{{ m(1) }}",
    "caller within": (
        "{% macro m() %}{{ caller.arguments }}{{ caller['_func'] }}{% endmacro %}"
        "{% call(x) m() %}{% endcall %}"
    ),
    "self by item": "{{ self['__class__'] }}{{ self['_TemplateReference__context'] }}",
    "block's stack": "{% block b %}{{ self.b._stack }}{{ self['b']['_context'] }}{% endblock %}",
    "block's super": "{% block b %}{{ super._stack }}{{ self.b.super.super }}{% endblock %}",
    "namespace's dict": "{{ namespace(a=1)['_Namespace__attrs'] }}{{ namespace().__init__ }}",
    "namespace's own": "{% set n = namespace(__class__=1) %}{{ n.__class__ }}{{ n['__dict__'] }}",
    "cycler's items": "{{ cycler(this).items }}{{ cycler(1)['__class__'] }}{{ cycler.__init__ }}",
    "joiner's": "{{ joiner(this).sep.__class__ }}{{ joiner().__call__.__func__ }}",
    "undefined's": "{{ nothing_there._undefined_name }}{{ nothing_there['__class__'] }}",
    "undefined within": "{{ this.nothing_there._undefined_obj }}{{ (this.x|d(this)).__class__ }}",
    "undefined's error": "{{ nothing_there._fail_with_undefined_error.__globals__ }}",
    "method's owner": "{{ [].append.__self__ }}{{ {}.get['__self__'] }}{{ ''.join.__class__ }}",
    "method's method": "{{ [].append.__call__.__call__ }}{{ [].append.__reduce__() }}",
    "function's": "{{ log.__kwdefaults__ }}{{ log.__code__.co_consts }}{{ log['__globals__'] }}",
    "partial's": "{{ render.func }}{{ render.args }}{{ render.keywords }}{{ render['func'] }}",
    "partial called": "{{ render.func(render.args[0], '{{ 1 }}') }}",
    "view's mapping": "{{ {}.items().mapping }}{{ {'a': this}.values().mapping.a }}",
    "proxy": "{{ modules.pytz.country_names.copy().__class__ }}{{ modules.pytz.country_names['_'] }}",
    "iterator's state": "{{ modules.itertools.chain([1]).__reduce__() }}{{ [1]|map('abs') }}",
    "iterator's generator": "{% set g = [this]|map(attribute='name') %}{{ g.gi_frame }}{{ g.close() }}",
    "match's": "{{ modules.re.match('a', 'a').re.__class__ }}{{ modules.re.match('a', 'a').string }}",
    "pattern's scanner": "{{ modules.re.compile('a').scanner('a').match().__class__ }}",
    "flag's class": "{{ modules.re.I.__class__ }}{{ modules.re.I.name }}{{ modules.re.RegexFlag }}",
    "enum's members": "{{ this.type.__class__.__members__ }}{{ api.Relation.View.__class__ }}",
    "enum's own": "{{ this.type._value_ }}{{ this.type.__objclass__ }}{{ this.type.name }}",
    "date's class": "{{ modules.datetime.datetime.now.__self__ }}{{ run_started_at.__class__ }}",
    "date's descriptor": "{{ modules.datetime.datetime.year }}{{ modules.datetime.date.mro() }}",
    "date's method": "{{ modules.datetime.datetime.strftime.__objclass__.__subclasses__() }}",
    "date's format": "{{ '{:{x.__class__}}'.format(run_started_at, x=this) }}",
    "zone's": "{{ modules.pytz.utc.__class__ }}{{ modules.pytz.utc._tzinfos }}",
    "zone's list": "{{ modules.pytz.timezone('Europe/Berlin')._utc_transition_times }}",
    "zone by path": "{{ modules.pytz.country_timezones('../../etc/passwd') }}",
    "class's own": "{{ dict.__subclasses__() }}{{ dict['__class__'] }}{{ dict.mro() }}{{ dict.keys }}",
    "class with a parameter": "{{ dict['a'] }}{{ dict[this].__origin__ }}{{ set_strict.__mro__ }}",
    "class into a test": "{{ validation.any[dict, set_strict](this) }}{{ validation.any(dict)({}) }}",
    "bound macro's": "{{ noted['_scope'] }}{{ noted.call_macro.__self__ }}{{ noted.__slots__ }}",
    "dispatched by a path": "{{ adapter.dispatch('../noted') }}{{ adapter.dispatch('_', '__x__') }}",
    "result's": "{{ load_result('o').__class__ }}{{ load_result('o')['__class__'] }}",
    "stored and asked": (
        "{{ store_result('o', response=this) }}{{ load_result('o').response['__class__'] }}"
        "{{ load_result('o').table['_say'] }}{{ load_result('o').table._with.__self__ }}"
    ),
    "row's": (
        "{{ store_raw_result('o', message='m') }}{{ load_result('o').table.rows['__class__'] }}"
        "{{ load_result('o').table.columns._values }}{{ load_result('o').response._message }}"
    ),
    # Filters that ask for attributes, or turn things into text.
    "filter by name": "{{ [this]|map('map', attribute='__class__')|list }}",
    "filter of filters": "{{ [[this]]|map('map', 'attr', '__class__')|map('list')|list }}",
    "select by attr": "{{ [this]|select('attr', '__class__')|list }}",
    "filter pprint": "{{ {'a': this, 'b': adapter, 'c': context}|pprint }}",
    "filter xmlattr": "{{ {'a': adapter, 'b': context}|xmlattr }}",
    "filter tojson": "{{ {'a': this.type, 'b': run_started_at}|tojson }}",
    "filter string": "{{ adapter|string }}{{ context|string }}{{ [log, render]|string }}",
    "filter dictsort": "{{ {'a': this}|dictsort(by='__class__') }}",
    "filter random": "{{ [this]|random|attr('__class__') }}",
    "filter groupby, twice": "{{ [this]|groupby('type')|map(attribute='list.0.__class__')|list }}",
    "filter batch": "{{ ([this]|batch(2, adapter)|list)[0][1]._adapter }}",
    "filter default": "{{ this.nothing|default(adapter)|attr('_adapter') }}",
    "filter called by item": "{{ this|attr('get')('__class__') }}{{ (this|attr('get')).__self__ }}",
    "test by name": "{{ [this]|selectattr('__class__', 'defined')|list|length > 5 }}",
    "escaped": "{{ (this|e).__class__ }}{{ ('a'|safe).__html__ }}{{ ('a'|safe)['format']('x') }}",
    "Markup's methods": "{{ ('{0.__class__}'|safe).format_map({'0': this}) }}{{ ('a'|e).unescape }}",
    "Markup's class": "{{ ('a'|safe).escape('x').__class__ }}{{ ('a'|safe).escape.__func__ }}",
    "format's index": "{{ '{0[0].__class__}{0[0][__class__]}'.format([this]) }}",
    "format's conversion": "{{ '{0!r} {1!s} {2!a}'.format(adapter, context, render) }}",
    "format by a generator": "{{ '{0.gi_frame}'.format([1]|map('abs')) }}",
    "format through percent": "{{ '%r %s' % (adapter, context) }}{{ '%(a)r' % {'a': log} }}",
    "templates in templates": "{{ render('{{ render(\"{{ this.get('__class__') }}\") }}') }}",
    "name with a mark": "{{ this['__class__\u200b'] }}{{ this['\uff3f_class__'] }}",
    "name as bytes": "{{ this['__class__'.encode()] }}",
    "name as Markup": "{{ this['__class__'|safe] }}{{ adapter|attr('_adapter'|e) }}",
    "name as an enum": "{{ {}[this.type] }}{{ this[this.type] }}{{ adapter[this.type] }}",
    "name as a list": "{{ this[['__class__']] }}{{ this[{}] }}{{ adapter[none] }}{{ this[1] }}",
    "filter's name as code": "{{ [1]|map('__import__', 'os')|list }}",
    "keyword as code": "{{ dict(**{'__class__': 1, 'a b': 2}).__class__ }}",
    "argument by name": "{{ log(**{'self': 1, 'msg': 'x', '__class__': 2}) }}",
    "block variables": "{{ log('a', _block_vars={'b': this}, _loop_vars={'c': adapter}) }}",
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
