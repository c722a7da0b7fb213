"""A project with something of each kind that adds rows, and a way to lose its connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .proxy import Proxy, proxy_to
from .support import Shop

INCREMENTAL = "{{{{ config(materialized='incremental'{more}) }}}}\n"
SLOW = "create function {schema}.slow() returns trigger language plpgsql as $$ "
SLOW += "begin perform pg_sleep(coalesce((select seconds from {schema}.naps), 0)); "
SLOW += "return null; end $$"

# What each of them adds to its table in a run.
ADDING = {
    "appended": "select {n} as id",
    "merged": "select {n} as id",
    "deleted_and_inserted": "select {n} as id",
    "in_batches": "select {n} as id, timestamp '2024-05-0{n} 12:00' as at",
    "history": "select 1 as id, {n} as version",
    "seeded": "",
    "made_by_macro": "select {n} as id",
    "hooked": "select 1 as id",
}
CUSTOM = """
{% materialization appending, default %}
  {% set there = adapter.get_relation(this.database, this.schema, this.identifier) %}
  {% if there is none %}
    {% call statement('main') %} create table {{ this }} as {{ sql }} {% endcall %}
  {% else %}
    {% call statement('main') %} insert into {{ this }} {{ sql }} {% endcall %}
  {% endif %}
  {{ return({'relations': [this]}) }}
{% endmaterialization %}
"""


def write_models(shop: Shop, n: int) -> None:
    """A model of each kind that adds rows, at its n-th run."""
    sql = {name: text.replace("{n}", str(n)) for name, text in ADDING.items()}
    keyed = {"merged": "merge", "deleted_and_inserted": "delete+insert"}
    shop.write("models/appended.sql", INCREMENTAL.format(more="") + sql["appended"])
    for name, strategy in keyed.items():
        more = f", incremental_strategy='{strategy}', unique_key='id'"
        shop.write(f"models/{name}.sql", INCREMENTAL.format(more=more) + sql[name])
    shop.write(
        "models/in_batches.sql",
        "{{ config(materialized='incremental', incremental_strategy='microbatch', "
        "event_time='at', batch_size='day', begin='2024-05-01') }}\n" + sql["in_batches"],
    )
    shop.write(
        "snapshots/history.sql",
        "{% snapshot history %}{{ config(unique_key='id', strategy='check', check_cols='all') }}"
        + sql["history"]
        + "{% endsnapshot %}",
    )
    shop.write("seeds/seeded.csv", "id\n" + "".join(f"{i}\n" for i in range(1, n + 1)))
    shop.write("macros/appending.sql", CUSTOM)
    shop.write(
        "models/made_by_macro.sql", "{{ config(materialized='appending') }}" + sql["made_by_macro"]
    )
    hook = f"insert into {shop.schema}.audit values ({n})"
    shop.write(
        "models/hooked.sql",
        "{{ config(materialized='table', post_hook=\"" + hook + '") }}' + sql["hooked"],
    )


def window(n: int) -> dict[str, str]:
    """The one batch of the n-th run."""
    return {"event_time_start": f"2024-05-0{n}", "event_time_end": f"2024-05-0{n + 1}"}


TABLES = [name for name in ADDING if name != "hooked"] + ["audit"]


async def counts(shop: Shop) -> dict[str, int]:
    """How many rows each table has."""
    found = {}
    for table in TABLES:
        ((found[table],),) = await shop.fetch(f"select count(*) from {{schema}}.{table}")
    return found


@asynccontextmanager
async def lossy(shop: Shop, **keys: object) -> AsyncIterator[Proxy]:
    """A way to the server that can be cut: the project's from now on."""
    async with proxy_to(shop.server) as proxy:
        shop.write("profiles.yml", proxy.front.profile(shop.schema, sslmode="disable", **keys))  # type: ignore[arg-type] # one of them may be threads
        yield proxy


async def make_slow(shop: Shop, seconds: float) -> None:
    """Have each COMMIT that has added a row take a while."""
    await shop.execute(f"create table {{schema}}.naps as select {seconds} as seconds")
    await shop.execute(SLOW)
    for table in TABLES:
        await shop.execute(
            f"create constraint trigger slow after insert on {{schema}}.{table} "
            "deferrable initially deferred for each row execute function {schema}.slow()"
        )
