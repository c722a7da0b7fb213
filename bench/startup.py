"""Start-up: how long `--version` and `--help` take, against a Python that does nothing.

python bench/startup.py [--repeat 7]
"""

from __future__ import annotations

import argparse
import sys

from figures import best_cost, headrace, print_table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=7)
    repeat = parser.parse_args().repeat
    commands = (
        ("python -c pass", [sys.executable, "-c", "pass"], "-"),
        ("headrace --version", headrace("--version"), "0.15 s"),
        ("headrace --help", headrace("--help"), "0.3 s"),
        ("headrace build --help", headrace("build", "--help"), "0.3 s"),
    )
    rows = []
    for label, command, goal in commands:
        cost = best_cost(command, repeat=repeat)
        rows.append((label, f"{cost.wall:.3f} s", f"{cost.cpu:.3f} s", goal))
    print_table(("start-up", "wall", "CPU", "goal"), rows)


if __name__ == "__main__":
    main()
