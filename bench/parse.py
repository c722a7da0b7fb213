"""Parsing: cold, warm, and against a naive loop that does nothing else.

    python bench/parse.py [--models 1000 10000] [--repeat 3]

Floor: for each file, in a process of its own: read it, compile and render it with Jinja and stub
functions, load each YAML file with PyYAML's C loader. headrace: `parse`, which also resolves
configuration and dependencies and writes manifest.json. "cold" is after the target directory was
deleted, "warm" right after with nothing changed, "one changed" after one model was edited.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from figures import best_cost, cost_of, headrace, print_table
from project_load import write_load

FLOOR = """
import sys
from pathlib import Path
import jinja2, yaml
environment = jinja2.Environment(extensions=["jinja2.ext.do"])
stubs = {
    "ref": lambda *a, **k: "ref", "source": lambda *a: "source", "config": lambda **k: "",
    "var": lambda *a: "var", "scaled": lambda *a: "scaled", "columns_of": lambda *a: "columns",
}
root = Path(sys.argv[1])
for path in sorted(root.glob("models/**/*.sql")):
    environment.from_string(path.read_text()).render(**stubs)
for path in sorted(root.glob("models/**/*.yml")):
    yaml.load(path.read_text(), yaml.CSafeLoader)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, nargs="+", default=[1000])
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    rows = []
    for count in arguments.models:
        with tempfile.TemporaryDirectory() as name:
            project = Path(name) / "load"
            write_load(project, count)
            floor = best_cost([sys.executable, "-c", FLOOR, str(project)], repeat=arguments.repeat)
            parse = headrace("parse", "--target", "sqlite")
            colds = []
            for _ in range(arguments.repeat):
                shutil.rmtree(project / "target", ignore_errors=True)
                colds.append(cost_of(parse, cwd=project))
            cold = min(colds, key=lambda cost: cost.cpu)
            warm = best_cost(parse, cwd=project, repeat=arguments.repeat)
            listed = best_cost(
                headrace("ls", "--target", "sqlite", "--select", "+model_00500"),
                cwd=project,
                repeat=arguments.repeat,
            )
            changed = next((project / "models" / "layer_5").glob("*.sql"))
            changed.write_text(changed.read_text() + "-- changed\n")
            one = cost_of(parse, cwd=project)
            for label, cost in (
                ("floor", floor),
                ("cold", cold),
                ("warm", warm),
                ("one changed", one),
                ("ls --select, warm", listed),
            ):
                rows.append(
                    (
                        f"{count:,} models, {label}",
                        f"{cost.wall:.2f} s",
                        f"{cost.cpu:.2f} s",
                        f"{cost.cpu / floor.cpu:.2f} x",
                        f"{cost.megabytes:.0f} MB",
                    )
                )
    print_table(("parse", "wall", "CPU", "of the floor", "peak"), rows)


if __name__ == "__main__":
    main()
