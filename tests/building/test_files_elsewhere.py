"""A project whose files are links, or stand in directories that it names elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

from ..conftest import WriteProject
from .support import PROJECT, rows, run


async def test_project_with_files_elsewhere_is_built_in_its_own_target_directory(
    write_project: WriteProject, tmp_path: Path
) -> None:
    common = {
        "models/staging/a.sql": "select {{ one() }} as id",
        "models/s.yml": "models: [{name: a, columns: [{name: id, data_tests: [not_null]}]}]",
        "seeds/people.csv": "id\n1\n2\n",
        "macros/m.sql": "{% macro one() %}1{% endmacro %}",
        "one.sql": "select id from {{ ref('a') }} union all select id from {{ ref('people') }}",
    }
    for name, text in common.items():
        path = tmp_path / "common" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    paths = "model-paths: [../common/models, models]\nmacro-paths: [../common/macros]\n"
    root = write_project({"dbt_project.yml": PROJECT + paths, "models/b.yml": ""})
    (root / "seeds").symlink_to(tmp_path / "common" / "seeds")
    (root / "models" / "linked.sql").symlink_to(tmp_path / "common" / "one.sql")

    ran = await run(root, "build")

    assert ran.exit_code == 0, ran.outcome.error
    assert ran.warnings == []
    assert rows(root, "select count(*) from linked") == [(3,)]
    nodes = json.loads((root / "target/manifest.json").read_text())["nodes"]
    model = nodes["model.shop.a"]
    assert (model["fqn"], model["original_file_path"]) == (
        ["shop", "staging", "a"],
        "../common/models/staging/a.sql",
    )
    (test,) = (node for node in nodes.values() if node["resource_type"] == "test")
    assert test["fqn"] == ["shop", "common", "models", "not_null_a_id"]
    assert (root / "target/compiled/shop/__/common/models/staging/a.sql").is_file()
    assert sorted(path.name for path in (tmp_path / "common").rglob("*.sql")) == [
        "a.sql",
        "m.sql",
        "one.sql",
    ]


async def test_project_may_name_a_target_directory_elsewhere(
    write_project: WriteProject, tmp_path: Path
) -> None:
    named = f"target-path: {tmp_path / 'made'}\nlog-path: ../told\n"
    root = write_project({"dbt_project.yml": PROJECT + named, "models/a.sql": "select 1 as id"})

    ran, cleaned = await run(root), await run(root, "clean")

    assert ran.exit_code == 0, ran.outcome.error
    assert (tmp_path / "made" / "run_results.json").is_file()
    assert not (root / "target").exists()
    # What stands elsewhere isn't deleted unless that is said.
    assert cleaned.exit_code == 2
    assert (tmp_path / "made" / "compiled" / "shop" / "models" / "a.sql").is_file()
