"""Ask dbt what it selects, many times in one process: `python dbt_ls.py <project> < flags`.

It is run by the Python that dbt is installed in. Flags come as JSON, a list of arguments for
each selection, and so do the answers, a list of unique ids each.
"""

from __future__ import annotations

import json
import os
import sys

_ALWAYS = ("--project-dir", sys.argv[1], "--profiles-dir", sys.argv[1], "--target", "postgres")


def main() -> None:
    os.environ["DBT_SEND_ANONYMOUS_USAGE_STATS"] = "false"
    from dbt.cli.main import dbtRunner  # type: ignore[import-not-found] # in its own environment

    os.chdir(sys.argv[1])
    manifest = dbtRunner().invoke(["--quiet", "parse", *_ALWAYS]).result
    answers = []
    for flags in json.load(sys.stdin):
        asked = ["--quiet", "--no-print", "ls", "--output", "json", "--output-keys", "unique_id"]
        done = dbtRunner(manifest=manifest).invoke([*asked, *_ALWAYS, *flags])
        if not done.success:
            sys.exit(f"{flags}: {done.exception}")
        answers.append([json.loads(line)["unique_id"] for line in done.result or ()])
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
