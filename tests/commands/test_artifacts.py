"""What a run leaves in the target directory, and where that is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from headrace import Options, invoke
from headrace.engine.project.secrets import Redactor
from headrace.engine.reporters.json.json_lines import JsonReporter
from headrace.engine.reporters.style import Style
from headrace.engine.reporters.text.text_reporter import TextReporter

from ..building.support import PROJECT, run, run_results

WriteProject = Callable[[Mapping[str, str]], Path]

SHOP = {
    "seeds/raw.csv": "id\n1\n",
    "models/orders.sql": "{{ config(materialized='table') }} select * from {{ ref('raw') }}",
    "models/broken.sql": "select nonsense from nowhere",
    "models/below.sql": "select * from {{ ref('broken') }}",
    "models/base.sql": "{{ config(materialized='ephemeral') }} select 1 as id",
    "models/schema.yml": "models: [{name: orders, columns: [{name: id, data_tests: [unique]}]}]",
}


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


async def test_sql_of_each_node_is_there_as_compiled_and_as_run(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)

    await run(root, "build")

    compiled, executed = root / "target/compiled/shop", root / "target/run/shop"
    assert (compiled / "models/orders.sql").read_text().strip() == 'select * from "main"."raw"'
    assert "create table" in (executed / "models/orders.sql").read_text()
    assert "create view" in (executed / "models/broken.sql").read_text()
    assert "create table" in (executed / "seeds/raw.csv").read_text()
    assert (
        "having count(*) > 1" in (compiled / "models/schema.yml/unique_orders_id.sql").read_text()
    )
    assert "should_error" in (executed / "models/schema.yml/unique_orders_id.sql").read_text()
    assert not (executed / "models/below.sql").exists()


async def test_ephemeral_model_is_there_as_it_is_by_itself(write_project: WriteProject) -> None:
    root = write_project(
        {
            "models/base.sql": "{{ config(materialized='ephemeral') }}select 1 as id",
            "models/upper.sql": "{{ config(materialized='ephemeral') }}"
            "select id from {{ ref('base') }}",
            "models/below.sql": "select id from {{ ref('upper') }}",
        }
    )

    await run(root)

    compiled = root / "target/compiled/shop/models"
    upper = "with __dbt__cte__base as (\nselect 1 as id\n) select id from __dbt__cte__base"
    assert (compiled / "base.sql").read_text().strip() == "select 1 as id"
    assert (compiled / "upper.sql").read_text().strip() == upper
    nodes = read(root / "target/manifest.json")["nodes"]
    assert nodes["model.shop.upper"]["compiled_code"] == upper


async def test_run_results_hold_every_selected_node(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "build", vars={"since": 2024}, select=("+orders", "broken+"))

    document = read(root / "target" / "run_results.json")
    assert document["metadata"]["dbt_schema_version"].endswith("/run-results/v6.json")
    assert document["elapsed_time"] > 0
    assert document["args"]["which"] == "build"
    results = {result["unique_id"]: result for result in document["results"]}
    assert results.keys() == {result.node.unique_id for result in ran.outcome.results}
    orders = results["model.shop.orders"]
    assert orders.keys() == {
        "status",
        "timing",
        "thread_id",
        "execution_time",
        "adapter_response",
        "message",
        "failures",
        "unique_id",
        "compiled",
        "compiled_code",
        "relation_name",
        "batch_results",
    }
    assert orders["status"] == "success"
    assert [phase["name"] for phase in orders["timing"]] == ["compile", "execute"]
    assert orders["adapter_response"]["rows_affected"] == 1
    assert orders["relation_name"] == '"main"."orders"'
    assert orders["compiled_code"].strip() == 'select * from "main"."raw"'
    assert "nowhere" in results["model.shop.broken"]["message"]
    assert "model.shop.broken" in results["model.shop.below"]["message"]
    (test,) = (result for key, result in results.items() if key.startswith("test."))
    assert (test["status"], test["failures"]) == ("pass", 0)


async def test_run_results_say_how_the_run_was_called(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(root, "seed", vars={"since": 2024}, select=("raw",), full_refresh=True)

    arguments = read(root / "target" / "run_results.json")["args"]
    assert arguments["which"] == "seed"
    assert arguments["select"] == ["raw"]
    assert arguments["vars"] == {"since": 2024}
    assert arguments["full_refresh"] is True


async def test_journal_tells_of_plan_starts_and_results(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(root, "build", threads=1)

    lines = (root / "target" / "run_results.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    kinds = [record["event"] for record in records]
    assert kinds[0] == "header"
    assert kinds[1:6] == ["planned"] * 5
    assert kinds.count("started") == 4
    assert kinds.count("result") == 5
    assert kinds[-1] == "finished"


async def test_manifest_knows_the_compiled_sql(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(root, "run", select=("orders",))

    manifest = read(root / "target" / "manifest.json")
    orders = manifest["nodes"]["model.shop.orders"]
    assert manifest["metadata"]["dbt_schema_version"].endswith("/manifest/v12.json")
    assert manifest["metadata"]["adapter_type"] == "sqlite"
    assert orders["compiled_code"].strip() == 'select * from "main"."raw"'
    assert orders["depends_on"]["nodes"] == ["seed.shop.raw"]
    assert manifest["parent_map"]["model.shop.orders"] == ["seed.shop.raw"]
    assert "model.shop.orders" in manifest["child_map"]["seed.shop.raw"]


async def test_one_invocation_has_one_id_everywhere(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    await run(root, "seed")

    target = root / "target"
    header = json.loads((target / "run_results.jsonl").read_text().splitlines()[0])
    ids = {
        header["invocation_id"],
        read(target / "manifest.json")["metadata"]["invocation_id"],
        read(target / "run_results.json")["metadata"]["invocation_id"],
    }
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("options", "environ", "project", "expected"),
    [
        ({}, {}, "", "target"),
        ({"target_path": Path("out")}, {"DBT_TARGET_PATH": "no"}, "target-path: never\n", "out"),
        ({}, {"DBT_TARGET_PATH": "from_env"}, "target-path: never\n", "from_env"),
        ({}, {"HEADRACE_TARGET_PATH": "ours", "DBT_TARGET_PATH": "no"}, "", "ours"),
        ({}, {}, "target-path: configured\n", "configured"),
    ],
    ids=["default", "flag", "environment", "own environment", "project"],
)
async def test_target_path_is_the_flags_the_environments_or_the_projects(
    write_project: WriteProject,
    options: dict[str, Any],
    environ: dict[str, str],
    project: str,
    expected: str,
) -> None:
    root = write_project({"dbt_project.yml": PROJECT + project, **SHOP})

    await run(root, "seed", environ=environ, **options)

    found = [path.parent.name for path in root.glob("*/run_results.json")]
    assert found == [expected]


async def test_nothing_is_written_as_json_if_so_wished(write_project: WriteProject) -> None:
    root = write_project(SHOP)

    ran = await run(root, "seed", write_json=False)

    assert ran.exit_code == 0
    assert not list((root / "target").glob("*.json"))


async def test_command_that_runs_no_nodes_keeps_the_results_of_the_last_run(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    await run(root, "seed")

    await run(root, "ls")
    await run(root, "ls", select=("ordrs",))
    await run(root, "parse")

    assert run_results(root) == {"seed.shop.raw": "success"}


async def test_run_of_nothing_has_no_results_and_keeps_the_journal(
    write_project: WriteProject,
) -> None:
    root = write_project(SHOP)
    await run(root, "seed")
    journal = (root / "target/run_results.jsonl").read_bytes()

    ran = await run(root, "run", select=("ordrs",))

    assert ran.exit_code == 0
    written = json.loads((root / "target/run_results.json").read_text())
    assert written["results"] == []
    assert written["args"]["which"] == "run"
    assert (root / "target/run_results.jsonl").read_bytes() == journal


async def test_secrets_in_configuration_are_in_no_artifact(write_project: WriteProject) -> None:
    secret = "hunter2hunter2"
    model = "{{ config(meta={'told': var('who')}) }} select 1 as id"
    root = write_project({"models/orders.sql": model})
    environ = {"DBT_ENV_SECRET_WHO": secret, "DBT_ENV_CUSTOM_ENV_WHO": secret}

    await run(root, environ=environ, vars={"who": secret})

    written = [path for path in (root / "target").rglob("*") if path.is_file()]
    assert {"manifest.json", "run_results.json"} <= {path.name for path in written}
    assert [path for path in written if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("prefix", ["DBT_ENV_SECRET_", "HEADRACE_ENV_SECRET_"])
async def test_secret_variables_are_not_for_models(
    write_project: WriteProject, prefix: str
) -> None:
    root = write_project({"models/orders.sql": f"select '{{{{ env_var('{prefix}X') }}}}' as x"})

    ran = await run(root, environ={f"{prefix}X": "hunter2hunter2"})

    assert ran.exit_code == 2
    assert "secrets are allowed only in profiles.yml and packages.yml" in str(ran.outcome.error)
    assert not list(root.glob("*.db"))  # nothing was run


async def test_secret_variables_are_in_no_artifact(write_project: WriteProject) -> None:
    root = write_project({"models/a.sql": "select '{{ var('who') }}' as who from nowhere"})

    ran = await run(
        root, environ={"DBT_ENV_SECRET_WHO": "hunter2hunter2"}, vars={"who": "hunter2hunter2"}
    )

    assert ran.exit_code == 1
    holding = [
        path.name
        for path in (root / "target").rglob("*")
        if path.is_file() and b"hunter2hunter2" in path.read_bytes()
    ]
    assert holding == []


QUOTED_SECRET = "pa\"ss'w%rd/co``rrect]horse"


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("run", {}),
        ("compile", {}),
        ("show", {"select": ("plain",)}),
        ("generate", {}),
        ("ls", {"output": "json"}),
        ("parse", {}),
        ("run", {"log_format_file": "json"}),
    ],
)
async def test_secret_that_is_used_as_a_name_stands_nowhere(
    write_project: WriteProject, command: str, options: dict[str, Any]
) -> None:
    """Quoted as a name, a quotation mark in it is doubled; and so on, in each file's own way."""
    text = "{{ config(alias=env_var('NAME')) }} select 1 as {{ adapter.quote(env_var('NAME')) }}"
    root = write_project(
        {
            "models/named.sql": text,
            "models/plain.sql": "select * from {{ ref('named') }}",
            "models/broken.sql": "select '{{ env_var('NAME') | replace(\"'\", '\"') }}' from x",
            "models/s.yml": "models: [{name: named, description: \"{{ env_var('NAME') }}\"}]",
        }
    )
    environ = {"DBT_ENV_SECRET_PW": QUOTED_SECRET, "NAME": QUOTED_SECRET}
    out = io.StringIO()
    redact = Redactor(environ)
    await invoke(Options("run"), reporters=[], environ=environ, cwd=root)

    await invoke(
        Options(command, **options),
        reporters=[
            TextReporter(out, Style(scrub=redact), output=out),
            JsonReporter(out, Style(scrub=redact)),
        ],
        redactor=redact,
        environ=environ,
        cwd=root,
    )

    written = {
        str(path.relative_to(root)): path.read_text()
        for directory in ("target", "logs")
        for path in (root / directory).rglob("*")
        if path.is_file() and path.suffix != ".msgpack"
    }
    written["the console"] = out.getvalue()
    assert len(written) > 3
    for name, content in written.items():
        for piece in ("rrect]", "ss'w", "ss''w", "rd/co"):
            assert piece not in content, name


async def test_json_log_says_whose_a_node_is_and_what_is_tested(
    write_project: WriteProject,
) -> None:
    properties = """
groups: [{name: finance, owner: {name: Ann, email: ann@x.y}}]
models:
  - name: orders
    config: {group: finance, meta: {tier: 1}}
    columns: [{name: id, data_tests: [{unique: {config: {meta: {why: keys}}}}]}]
"""
    root = write_project({"models/s.yml": properties, "models/orders.sql": "select 1 as id"})
    out = io.StringIO()

    await invoke(
        Options("build"),
        reporters=[JsonReporter(out)],
        environ={"DBT_ENV_CUSTOM_ENV_JOB": "nightly"},
        cwd=root,
    )

    records = [json.loads(line) for line in out.getvalue().splitlines()]
    assert all(record["info"]["extra"] == {"JOB": "nightly"} for record in records)
    by_name = {record["info"]["name"]: record["data"] for record in records}
    model, test = by_name["LogModelResult"], by_name["LogTestResult"]
    owner = {"name": "Ann", "email": "ann@x.y"}
    for told in (model, test):
        assert told["group"] == {"name": "finance", "package_name": "shop", "owner": owner}
    assert test["attached_node"] == "model.shop.orders"
    assert test["node_info"]["meta"] == {"why": "keys"}
    assert model["node_info"]["meta"] == {"tier": 1}
    assert model["node_info"]["node_path"] == "orders.sql"
    assert model["node_info"]["node_relation"]["alias"] == "orders"
    assert len(model["node_info"]["node_checksum"]) == 64


KEYS = """
models:
  - name: parent
    config: {contract: {enforced: true}, materialized: table}
    columns: [{name: id, data_type: integer, constraints: [{type: primary_key}]}]
  - name: child
    config: {contract: {enforced: true}, materialized: table}
    constraints: [{type: foreign_key, columns: [parent_id], to: ref('parent'), to_columns: [id]}]
    columns:
      - name: parent_id
        data_type: integer
        constraints: [{type: foreign_key, to: ref('parent'), to_columns: [id]}]
"""


async def test_manifest_of_compiled_nodes_names_the_relations_that_foreign_keys_lead_to(
    write_project: WriteProject,
) -> None:
    root = write_project(
        {
            "models/parent.sql": "select 1 as id",
            "models/child.sql": "select 1 as parent_id",
            "models/keys.yml": KEYS,
        }
    )

    def referred() -> list[str]:
        child = read(root / "target/manifest.json")["nodes"]["model.shop.child"]
        column = child["columns"]["parent_id"]
        return [key["to"] for key in (*child["constraints"], *column["constraints"])]

    await run(root, "parse")
    parsed = referred()
    ran = await run(root, "compile")
    built = referred()

    assert ran.exit_code == 0, ran.outcome
    assert parsed == ["ref('parent')"] * 2
    assert built == ['"main"."parent"'] * 2


async def test_key_that_a_state_names_by_its_relation_is_not_lost(
    write_project: WriteProject,
) -> None:
    more = "      - {name: more, data_type: integer}\n"
    root = write_project(
        {
            "models/parent.sql": "select 1 as id",
            "models/child.sql": "select 1 as parent_id",
            "models/keys.yml": KEYS,
        }
    )
    await run(root, "compile")
    (root / "target").rename(root / "state")
    (root / "models/child.sql").write_text("select 1 as parent_id, 2 as more")
    (root / "models/keys.yml").write_text(KEYS + more)
    added = await run(root, "ls", select=("state:modified.contract",), state=Path("state"))

    assert added.lines == ["shop.child"]
    assert "lost its constraint" not in str(added.events)
