"""Columns that are quoted: in tests, contracts, comments and snapshots, as a project says."""

from __future__ import annotations

from headrace import Status

from .support import Shop

PROPERTIES = """
models:
  - name: m
    quote_columns: true
    config: {persist_docs: {columns: true}}
    columns:
      - name: Id
        description: Which
        data_tests: [unique, not_null, {accepted_values: {arguments: {values: [1]}}}]
      - {name: order, data_tests: [not_null]}
      - {name: PLAIN, quote: false, description: As it is, data_tests: [not_null]}
  - name: contracted
    config: {contract: {enforced: true}}
    columns:
      - {name: Id, quote: true, data_type: bigint, data_tests: [not_null]}
      - {name: OTHER, data_type: integer}
  - name: versioned
    quote_columns: true
    columns: [{name: Id, data_tests: [not_null]}]
    versions: [{v: 1}]
sources:
  - name: raw
    schema: "{{ target.schema }}"
    quoting: {column: true}
    tables:
      - name: m
        columns:
          - {name: order, data_tests: [not_null]}
          - {name: PLAIN, quote: false, data_tests: [not_null]}
      - name: contracted
        quoting: {column: false}
        columns: [{name: OTHER, data_tests: [not_null]}]
seeds:
  - {name: s, columns: [{name: Id, quote: true, data_tests: [unique]}]}
"""


async def test_columns_are_quoted_in_tests_where_they_their_node_or_their_source_say_so(
    shop: Shop,
) -> None:
    shop.write("models/all.yml", PROPERTIES)
    shop.table("m", 'select 1 as "Id", 2 as "order", 3 as plain')
    shop.table("contracted", 'select 4 as other, 1::bigint as "Id"')
    shop.table("versioned_v1", 'select 1 as "Id"')
    shop.write("seeds/s.csv", "Id\n1\n")

    await shop.build()
    assert (await shop.run("seed")).exit_code == 0

    ran = await shop.run("test")

    assert ran.exit_code == 0, [one.message for one in ran.outcome.results]
    assert {
        name: status for name, status in ran.statuses.items() if "null" in name
    } == dict.fromkeys(
        [
            "not_null_m__Id_",
            "not_null_m__order_",
            "not_null_m_PLAIN",
            "not_null_contracted__Id_",
            "not_null_versioned_v1__Id_",
            "source_not_null_raw_m__order_",
            "source_not_null_raw_m_PLAIN",
            "source_not_null_raw_contracted_OTHER",
        ],
        Status.PASS,
    )
    assert await shop.fetch(
        "select col_description('{schema}.m'::regclass, 1), "
        "col_description('{schema}.m'::regclass, 3)"
    ) == [("Which", "As it is")]
