"""What somebody may hang on a relation by hand, and how to see whether it is there."""

from __future__ import annotations

from typing import NamedTuple

from .support import Shop


class Hanging(NamedTuple):
    """Something that was made by hand. `{schema}` in the SQL is the schema's name.

    `look` gives what there is of it, as rows; `title` is what an error calls it.
    """

    name: str
    make: str
    look: str
    title: str


def _of_column(what: str, column: str) -> str:
    return (
        f"select {what} from pg_attribute where attrelid = '{{schema}}.orders'::regclass "
        f"and attname = '{column}'"
    )


def _of_relation(what: str) -> str:
    return f"select {what} from pg_class where oid = '{{schema}}.orders'::regclass"


def _constraint(name: str) -> str:
    return (
        "select pg_get_constraintdef(oid), obj_description(oid) from pg_constraint "
        f"where conrelid = '{{schema}}.orders'::regclass and conname = '{name}'"
    )


def _index(name: str) -> str:
    return (
        "select indexdef from pg_indexes where schemaname = '{schema}' and tablename = 'orders' "
        f"and indexname = '{name}'"
    )


_TABLE = "alter table {schema}.orders "

INDEX = Hanging(
    "index",
    "create index by_kind on {schema}.orders (kind desc) where id > 0; "
    "comment on index {schema}.by_kind is 'Ours'",
    _index("by_kind") + " union all select obj_description('{schema}.by_kind'::regclass)",
    "index by_kind",
)
STATISTICS = Hanging(
    "extended statistics",
    "create statistics {schema}.linked (ndistinct) on id, kind from {schema}.orders; "
    "alter statistics {schema}.linked set statistics 50",
    "select pg_get_statisticsobjdef(oid), stxstattarget from pg_statistic_ext "
    "where stxrelid = '{schema}.orders'::regclass",
    "statistics linked",
)
FILLFACTOR = Hanging(
    "storage parameters",
    _TABLE + "set (fillfactor = 70, autovacuum_enabled = false, toast.autovacuum_enabled = false)",
    "select o from pg_class c join pg_class t on t.oid = c.reltoastrelid, "
    "unnest(c.reloptions || t.reloptions) o where c.oid = '{schema}.orders'::regclass order by 1",
    "option fillfactor",
)
TARGET = Hanging(
    "a column's statistics target",
    _TABLE + "alter kind set statistics 500",
    _of_column("attstattarget", "kind"),
    "statistics target of column kind",
)
GRANTS = Hanging(
    "grants and revokes",
    "alter default privileges in schema {schema} grant select, insert on tables to {schema}_reader;"
    "revoke all on {schema}.orders from {schema}_reader; "
    "grant select (id) on {schema}.orders to {schema}_reader; "
    "grant update on {schema}.orders to {schema}_writer with grant option",
    "select has_table_privilege('{schema}_reader', c.oid, 'select'), "
    "has_table_privilege('{schema}_reader', c.oid, 'insert'), "
    "has_column_privilege('{schema}_reader', c.oid, 'id', 'select'), "
    "has_table_privilege('{schema}_writer', c.oid, 'update with grant option'), "
    "(select array_agg(a::text order by a::text) from unnest(relacl) a) "
    "from pg_class c where oid = '{schema}.orders'::regclass",
    "",
)
COMMENT = Hanging(
    "comments",
    "comment on column {schema}.orders.kind is 'What kind'",
    "select col_description('{schema}.orders'::regclass, attnum) from pg_attribute "
    "where attrelid = '{schema}.orders'::regclass and attname = 'kind'",
    "",
)
ON_TABLES = [
    INDEX,
    STATISTICS,
    FILLFACTOR,
    TARGET,
    GRANTS,
    COMMENT,
    Hanging(
        "row level security",
        _TABLE + "enable row level security; " + _TABLE + "force row level security",
        _of_relation("relrowsecurity, relforcerowsecurity"),
        "row level security",
    ),
    Hanging(
        "a policy",
        "create policy own on {schema}.orders as restrictive for select to {schema}_reader, "
        "{schema}_writer using (id < (select max(o.id) from {schema}.orders as o)); "
        "comment on policy own on {schema}.orders is 'Theirs'",
        "select polname, polpermissive, polcmd::text, pg_get_expr(polqual, polrelid), "
        "(select array_agg(rolname::text order by 1) from pg_roles where oid = any(polroles)), "
        "obj_description(oid) from pg_policy where polrelid = '{schema}.orders'::regclass",
        "policy own",
    ),
    Hanging(
        "a publication",
        "create publication {schema}_news for table only {schema}.orders (id, kind) where (id > 0)",
        "select attnames, rowfilter from pg_publication_tables where pubname = '{schema}_news'",
        "publication",
    ),
    Hanging(
        "an index of a replica identity",
        "create unique index by_id on {schema}.orders (id); "
        + _TABLE
        + "alter id set not null; "
        + _TABLE
        + "replica identity using index by_id",
        _of_relation("relreplident::text") + " union all select indexrelid::regclass::text "
        "from pg_index where indrelid = '{schema}.orders'::regclass and indisreplident",
        "replica identity",
    ),
    Hanging(
        "a primary key, deferrable",
        _TABLE + "add constraint its_key primary key (id) with (fillfactor = 60) deferrable",
        _constraint("its_key") + " union all select 'options', reloptions::text from pg_class "
        "where oid = '{schema}.its_key'::regclass",
        "constraint its_key",
    ),
    Hanging(
        "a check",
        _TABLE + "add constraint is_positive check (id > 0) not valid; "
        "comment on constraint is_positive on {schema}.orders is 'So it is'",
        _constraint("is_positive"),
        "constraint is_positive",
    ),
    Hanging(
        "a unique constraint",
        _TABLE + "add constraint once unique nulls not distinct (kind, id)",
        _constraint("once"),
        "constraint once",
    ),
    Hanging(
        "an exclusion",
        _TABLE + "add constraint apart exclude using btree (id with =)",
        _constraint("apart"),
        "constraint apart",
    ),
    Hanging(
        "foreign keys",
        "create table {schema}.kinds (kind text primary key); insert into {schema}.kinds "
        "values ('a'), ('b'); "
        + _TABLE
        + "add constraint of_kind foreign key (kind) references {schema}.kinds; "
        + _TABLE
        + "add constraint of_itself foreign key (kind, id) references {schema}.orders (kind, id)",
        _constraint("of_kind") + " union all " + _constraint("of_itself"),
        "constraint of_kind",
    ),
    Hanging(
        "NOT NULL",
        _TABLE + "alter kind set not null",
        _of_column("attnotnull", "kind"),
        "NOT NULL of column kind",
    ),
    Hanging(
        "a default",
        "create sequence {schema}.counter owned by {schema}.orders.id; "
        + _TABLE
        + "alter id set default nextval('{schema}.counter')",
        "select pg_get_expr(adbin, adrelid), pg_get_serial_sequence('{schema}.orders', 'id') "
        "from pg_attrdef where adrelid = '{schema}.orders'::regclass",
        "sequence of column id",
    ),
    Hanging(
        "triggers",
        "create function {schema}.look() returns trigger language plpgsql as "
        "'begin return new; end'; "
        "create trigger watch before update of kind on {schema}.orders for each row "
        "when (new.id > 3) execute function {schema}.look(); "
        "create trigger off before insert on {schema}.orders for each row "
        "execute function {schema}.look(); "
        + _TABLE
        + "disable trigger off; "
        + _TABLE
        + "enable always trigger watch",
        "select pg_get_triggerdef(oid), tgenabled::text from pg_trigger "
        "where tgrelid = '{schema}.orders'::regclass and not tgisinternal order by 1",
        "trigger watch",
    ),
    Hanging(
        "a rule",
        "create rule noted as on delete to {schema}.orders do also select 1; "
        + _TABLE
        + "disable rule noted",
        "select pg_get_ruledef(oid), ev_enabled::text from pg_rewrite "
        "where ev_class = '{schema}.orders'::regclass",
        "rule noted",
    ),
    Hanging(
        "the mark of CLUSTER",
        "create index in_order on {schema}.orders (id, kind); " + _TABLE + "cluster on in_order",
        "select indexrelid::regclass::text from pg_index "
        "where indrelid = '{schema}.orders'::regclass and indisclustered",
        "CLUSTER",
    ),
    Hanging(
        "a column's storage",
        _TABLE + "alter kind set storage external; " + _TABLE + "alter kind set compression pglz; "
        "alter table {schema}.orders alter kind set (n_distinct = 5)",
        _of_column("attstorage::text, attcompression::text, attoptions", "kind"),
        "storage of column kind",
    ),
]
"""All that can hang on one table at the same time."""

ON_MATERIALIZED_VIEWS = [INDEX, STATISTICS, TARGET, GRANTS, COMMENT, FILLFACTOR]

ON_VIEWS = [
    Hanging(
        "a view's options",
        "alter view {schema}.orders set (security_invoker = true, security_barrier = true, "
        "check_option = cascaded)",
        "select option_name, option_value from pg_class, pg_options_to_table(reloptions) "
        "where oid = '{schema}.orders'::regclass order by 1",
        "option security_invoker",
    ),
    Hanging(
        "a view's trigger",
        "create function {schema}.look() returns trigger language plpgsql as "
        "'begin return new; end'; create trigger inserting instead of insert on {schema}.orders "
        "for each row execute function {schema}.look()",
        "select pg_get_triggerdef(oid) from pg_trigger where tgrelid = '{schema}.orders'::regclass",
        "trigger inserting",
    ),
    Hanging(
        "a view's default and rule",
        "alter view {schema}.orders alter kind set default 'a'; "
        "create rule noted as on delete to {schema}.orders do instead nothing",
        "select pg_get_expr(adbin, adrelid), pg_get_ruledef(r.oid) from pg_attrdef, pg_rewrite r "
        "where adrelid = '{schema}.orders'::regclass and ev_class = adrelid "
        "and rulename = 'noted'",
        "",
    ),
    GRANTS,
    COMMENT,
]


async def hang(
    shop: Shop, hangings: list[Hanging], maker: str | None = None
) -> dict[str, list[tuple[object, ...]]]:
    """Hang things on `orders`, as a role, and look at them."""
    for role in ("reader", "writer"):
        await shop.execute(f"create role {{schema}}_{role}")
    for hanging in hangings:
        await shop.execute(f"set role {maker}; {hanging.make}" if maker else hanging.make)
    seen = await look(shop, hangings)
    assert all(seen.values()), "a look that sees nothing would see no loss"
    return seen


async def look(shop: Shop, hangings: list[Hanging]) -> dict[str, list[tuple[object, ...]]]:
    """What there is of each."""
    return {hanging.name: await shop.fetch(hanging.look) for hanging in hangings}


async def clear(shop: Shop) -> None:
    """Take away what doesn't go with the schema."""
    await shop.execute("drop publication if exists {schema}_news")
    for role in ("reader", "writer"):
        await shop.execute(f"drop owned by {{schema}}_{role}; drop role {{schema}}_{role}")
