#!/usr/bin/env python3
"""Changes the core in small ways that change what it means, and sees whether the tests notice.

    .ci/mutation/run.py                                  # a sample of each module of core.toml
    .ci/mutation/run.py engine/running/plan.py engine/core/graph.py   # of these
    .ci/mutation/run.py --sample 0 engine/core/atomic_files.py      # every mutant of one
    .ci/mutation/run.py --list engine/core/atomic_files.py          # what would be tried

cosmic-ray makes the mutants. Each is tried in a clone of what is committed, never here, with the
tests that core.toml names for its module. Needs `pip install -e '.[dev,mutation]'`. Ends with 1
where fewer than `at_least` of 100 were caught. See *Mutate* in CONTRIBUTING.md.
"""

from __future__ import annotations

import argparse
import ast
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

Range = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one module: the nth place of an operator."""

    module: str
    operator: str
    occurrence: int
    place: tuple[int, int]


@dataclass(slots=True)
class Tally:
    """What became of a module's mutants."""

    tried: int = 0
    survivors: list[tuple[Mutant, str]] = field(default_factory=list)
    problem: str = ""

    @property
    def caught(self) -> int:
        return self.tried - len(self.survivors)


def main() -> int:
    options = _options()
    table = tomllib.loads((HERE / "core.toml").read_text(encoding="utf-8"))
    modules: dict[str, Any] = table["modules"]
    chosen = options.modules or list(modules)
    if unknown := [name for name in chosen if name not in modules]:
        sys.exit(f"{', '.join(unknown)}: core.toml names no tests for that.")
    plugins.OPERATOR_PROVIDERS["headrace"] = _own_operators()
    sample = table["sample"] if options.sample is None else options.sample
    todo = {
        name: _sampled(_mutants(name, table["operators"]), sample, f"{options.seed}:{name}")
        for name in chosen
    }
    if options.list:
        for name in chosen:
            for mutant in todo[name]:
                print(_shown(mutant, (ROOT / name).read_text(encoding="utf-8")))
        return 0
    same = _let_through()
    todo = {name: [mutant for mutant in todo[name] if not same(mutant)] for name in chosen}
    with tempfile.TemporaryDirectory(prefix="mutation-") as work:
        tallies = _tried(todo, modules, Path(work), options.jobs)
    return _reported(tallies, table["at_least"])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("modules", nargs="*", help="modules of core.toml; all by default")
    parser.add_argument("--sample", type=int, help="mutants of each module; 0 is all of them")
    parser.add_argument("--seed", type=int, default=1, help="which sample")
    parser.add_argument("--jobs", type=int, default=1, help="how many clones to work in at once")
    parser.add_argument("--list", action="store_true", help="show the mutants, and try none")
    return parser.parse_args()


def _own_operators() -> Any:
    sys.path.insert(0, str(HERE))
    from operators import Provider

    return Provider()


# -- which mutants ---------------------------------------------------------------------------


def _mutants(module: str, operators: Sequence[str]) -> Iterator[Mutant]:
    """The mutants of a module, without those that can't change what it does."""
    path = ROOT / module
    tree = get_ast_from_path(path)
    parsed = ast.parse(path.read_text(encoding="utf-8"))
    ignored = list(_without_meaning(parsed))
    # cosmic-ray takes the star of a signature for a multiplication.
    computed = [_range(node) for node in ast.walk(parsed) if isinstance(node, ast.BinOp)]
    for name in plugins.operator_names():
        if not any(name == wanted or name.startswith(f"{wanted}_") for wanted in operators):
            continue
        # Whether equal values are one object is a matter of the interpreter, and not of ours.
        if name.endswith(("_Is", "_IsNot")) and "Operator_Is" not in name:
            continue
        if name.endswith(("_Is_Eq", "_IsNot_NotEq")):
            continue
        operator = plugins.get_operator(name)()
        places = (
            place for node in ast_nodes(tree) for place, _ in operator.mutation_positions(node)
        )
        for occurrence, place in enumerate(places):
            is_ignored = _is_within(place, ignored)
            if "BinaryOperator" in name and not _is_within(place, computed):
                is_ignored = True
            if not is_ignored:
                yield Mutant(module, name, occurrence, place)


def _without_meaning(tree: ast.AST) -> Iterator[Range]:
    """Where nothing runs, or nobody can tell: annotations, the type checker's imports, `frozen`."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.AnnAssign(annotation=annotation) | ast.arg(annotation=ast.expr() as annotation)
            ):
                yield _range(annotation)
            case (
                ast.FunctionDef(returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(returns=ast.expr() as annotation)
            ):
                yield _range(annotation)
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                yield _range(node)
            case ast.Call(func=ast.Name(id="zip"), keywords=[ast.keyword(value=strict)]):
                yield _range(strict)  # a check of what is so
        if isinstance(node, ast.ClassDef):
            # `frozen`, `slots`: what they are for is that nobody tries.
            yield from (_range(keyword.value) for keyword in node.keywords)
            yield from (_range(decorator) for decorator in node.decorator_list)


def _is_within(place: tuple[int, int], ranges: Sequence[Range]) -> bool:
    return any(start <= place < end for start, end in ranges)


def _range(node: ast.expr | ast.stmt) -> Range:
    end = (node.end_lineno or node.lineno, node.end_col_offset or node.col_offset)
    return (node.lineno, node.col_offset), end


def _sampled(mutants: Iterator[Mutant], size: int, seed: str) -> list[Mutant]:
    """Some of the mutants, and of each place one only, whatever could be put there."""
    by_place: dict[tuple[tuple[int, int], str], list[Mutant]] = defaultdict(list)
    everything = list(mutants)
    if size == 0:
        return everything
    for mutant in everything:
        by_place[mutant.place, mutant.operator.split("_")[0]].append(mutant)
    choice = random.Random(seed)
    places = sorted(by_place)
    places = sorted(choice.sample(places, min(size, len(places))))
    return [choice.choice(by_place[place]) for place in places]


def _mutated(mutant: Mutant, source: str) -> str | None:
    operator = plugins.get_operator(mutant.operator)()
    try:
        code: str | None = mutate_code(source, operator, mutant.occurrence)
    except AttributeError:  # cosmic-ray's own, of an exception whose name has a dot
        return None
    return code


def _shown(mutant: Mutant, source: str) -> str:
    """A mutant in two lines, as it was and as it is."""
    line, old, new = _changed_line(mutant, source)
    return f"{mutant.module}:{line}\n    - {old}\n    + {new}"


def _changed_line(mutant: Mutant, source: str) -> tuple[int, str, str]:
    """The number of the first line that a mutant changes, the line, and what it becomes."""
    mutated = _mutated(mutant, source) or source
    old, new = source.splitlines(), mutated.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
    return first + 1, old[first].strip(), new[first].strip()


def _let_through() -> Callable[[Mutant], bool]:
    """Whether a mutant is known to mean the same: let_through.toml says why."""
    known: list[dict[str, str]] = tomllib.loads((HERE / "let_through.toml").read_text("utf-8"))[
        "mutant"
    ]

    def is_known(mutant: Mutant) -> bool:
        ours = [each for each in known if each["module"] == mutant.module]
        if not ours:
            return False
        _, old, new = _changed_line(mutant, (ROOT / mutant.module).read_text(encoding="utf-8"))
        return any(
            re.fullmatch(each["line"], new) and re.fullmatch(each.get("was", ".*"), old)
            for each in ours
        )

    return is_known


# -- trying them -----------------------------------------------------------------------------


class Clone:
    """A copy of what is committed, in which one mutant at a time is tried."""

    def __init__(self, directory: Path) -> None:
        self._root = directory / "checkout"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(self._root)], check=True)
        # The repository's root is the package, and this finds it before what is installed.
        (directory / "path").mkdir()
        (directory / "path" / "headrace").symlink_to(self._root)
        # Bytecode that is known by the source's content: a mutant may be as old and as long.
        self._environment = os.environ | {
            "PYTHONPATH": str(directory / "path"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode=checked-hash"]
        subprocess.run([*compiling, "engine", "adapters", "tests"], cwd=self._root, check=False)

    def source(self, module: str) -> str:
        return (self._root / module).read_text(encoding="utf-8")

    def is_noticed(self, module: str, code: str, tests: Sequence[str], timeout: float) -> bool:
        """Whether the tests fail, or don't end, with this text as the module's."""
        path = self._root / module
        original = path.read_text(encoding="utf-8")
        try:
            path.write_text(code, encoding="utf-8")
            return self.run(tests, timeout) != ""
        finally:
            path.write_text(original, encoding="utf-8")

    def run(self, tests: Sequence[str], timeout: float) -> str:
        """Run tests; what went wrong, and nothing if they pass."""
        pytest = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            *tests,
        ]
        process = subprocess.Popen(
            pytest,
            cwd=self._root,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.communicate()
            return f"no end within {timeout:.0f} s"
        return output[-2000:] or "failed" if process.returncode else ""


def _tried(
    todo: Mapping[str, Sequence[Mutant]], modules: Mapping[str, Any], work: Path, jobs: int
) -> dict[str, Tally]:
    clones: SimpleQueue[Clone] = SimpleQueue()
    for number in range(jobs):
        (work / str(number)).mkdir()
        clones.put(Clone(work / str(number)))

    def one(name: str) -> Tally:
        clone = clones.get()
        try:
            return _tried_module(clone, name, todo[name], modules[name])
        finally:
            clones.put(clone)

    with ThreadPoolExecutor(jobs) as pool:
        return dict(zip(todo, pool.map(one, todo), strict=True))


def _tried_module(clone: Clone, name: str, mutants: Sequence[Mutant], tests: Any) -> Tally:
    tally = Tally()
    source = clone.source(name)
    started = time.monotonic()
    if problem := clone.run(tests, timeout=900):
        tally.problem = problem
        print(f"{name}: its tests fail without a mutation:\n{problem}", flush=True)
        return tally
    # A mutant that loops is caught, one that is only slowed on a busy machine isn't.
    timeout = 60 + 5 * (time.monotonic() - started)
    for mutant in mutants:
        code = _mutated(mutant, source)
        if code is None or code == source:
            continue
        tally.tried += 1
        if not clone.is_noticed(name, code, tests, timeout):
            tally.survivors.append((mutant, _shown(mutant, source)))
    seconds = time.monotonic() - started
    print(f"{name}: {tally.caught} of {tally.tried} caught ({seconds:.0f} s)", flush=True)
    for _, shown in tally.survivors:
        print(f"  let through: {shown}", flush=True)
    return tally


def _reported(tallies: Mapping[str, Tally], at_least: float) -> int:
    tried = sum(tally.tried for tally in tallies.values())
    caught = sum(tally.caught for tally in tallies.values())
    share = 100 * caught / tried if tried else 100.0
    print(f"\n{caught} of {tried} mutants were caught: {share:.1f} % (at least {at_least} %)")
    broken = [name for name, tally in tallies.items() if tally.problem]
    if broken:
        print(f"not tried, since their tests fail as it is: {', '.join(broken)}")
    return 1 if broken or share < at_least else 0


if __name__ == "__main__":
    sys.exit(main())
