"""docs/flags.md, made of the table of flags: `python -m pytest` says when it is out of date, and
`python tests/settings/reference_page.py` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from headrace.engine.commands.all_commands import COMMANDS
from headrace.engine.settings.flag import BEFORE, Effect, Flag, Kind, Known
from headrace.engine.settings.flags import EACH, FLAGS, GROUPS, SELECTING

PAGE = Path(__file__).parents[2] / "docs" / "flags.md"

_OPENING = """\
# Flags

Every flag, with the places where it may be set. A flag on the command line beats an environment
variable; that beats `flags:` of dbt_project.yml; and that beats the default. Of several variables
the one that stands first here is the strongest, and before each `DBT_X` there is a stronger one,
`HEADRACE_X`. An empty variable counts as none, and of a yes or no `1`, `true`, `t`,
`yes`, `y`, `on` are the one and `0`, `false`, `f`, `no`, `n`, `off` the other, in any case.

A variable of dbt's that nothing comes of is warned of (`NotThereYet`), and so is a flag of dbt's
that this version has nothing for. `headrace COMMAND --help` says which flags a command takes.

In the tables, **in** says where else a flag is set or seen: `flags:` for the project's, *templates*
for `flags` in templates, *retry* for those that `retry` has from the run that it repeats.

This page is made of the code: `python tests/settings/reference_page.py` writes it.
"""

_CLOSING = """
## Where headrace differs from dbt
- `--selector` can't go together with `--select` or `--exclude`, which dbt then passes over. Use
  `--select selector:nightly,tag:core`.
- `compile` goes on after a node that can't be compiled, writes the results of all, and ends with
  exit code 1. dbt stops at the first, with 2.
- `show` and `docs generate` leave the results of the last run, for `retry`. dbt writes its own.
- `clone --full-refresh` keeps what the state has under the very name that it has here, such as a
  snapshot with a `target_schema`. dbt drops it.
- A node that is built anew keeps what depends on it: dbt drops a materialized view with the table
  that it reads.
- `--threads` is a whole number from 1 to 1,000, for each command. Below 1, dbt fails with a
  traceback once it has parsed.
- `show --no-introspect` shows rows: the flag is about templates. dbt fails.
- A unit test that is selected without its model is run by `build` as well, as by `test`:
  `build --select unit_test:*`, `build --resource-type unit_test`. dbt does nothing there.
- The window of `--sample` may be of dates: `{start: 2025-01-01, end: 2025-06-01}`.
- What templates print is shown with `--log-level none` as well; for silence there is `--no-print`.
- Under `flags:` of dbt_project.yml `quiet`, `print`, `target_path`, `log_path` and
  `single_threaded` count as well.
- An invocation that could not run says so in run_results.json: see
  [state.md](state.md#results-of-an-invocation-that-could-not-run).
"""


def page() -> str:
    return _OPENING + "".join(_sections()) + _CLOSING


def _sections() -> Iterator[str]:
    for group in GROUPS:
        flags = [flag for flag in FLAGS.values() if flag.group == group and _takers(flag)]
        yield f"\n## {group}\n| Flag | What it does | Default | Variables | Commands | In |\n"
        yield "|---|---|---|---|---|---|\n"
        yield from (_row(flag) for flag in flags)


def _row(flag: Flag) -> str:
    cells = (
        _names(flag),
        flag.help.replace("|", "\\|"),
        _default(flag),
        ", ".join(_variables(flag)),
        _takers(flag),
        ", ".join(_elsewhere(flag)),
    )
    return "| " + " | ".join(cells) + " |\n"


def _names(flag: Flag) -> str:
    if flag.kind is Kind.ARGUMENT:
        return f"`{flag.name.upper()}`"
    names = [name for text in flag.spellings for name in text.split("/")]
    return ", ".join(f"`{name}`" for name in names) or f"none; its name is `{flag.name}`"


def _default(flag: Flag) -> str:
    match flag.default:
        case True:
            return "yes"
        case False:
            return "no"
        case None | "" | () | {}:
            return f"as {FLAGS[flag.follows].positive}" if flag.follows else ""
        case number if isinstance(number, int):
            return f"{number:,}"
        case text:
            return f"`{text}`"


def _variables(flag: Flag) -> Iterable[str]:
    for variable in flag.all_variables:
        if variable.startswith("HEADRACE_"):
            continue
        opposite = " (the opposite)" if variable.startswith("!") else ""
        yield f"`{variable.lstrip('!')}`{opposite}"


def _takers(flag: Flag) -> str:
    before = ", also before it" if BEFORE in flag.commands else ""
    commands = flag.commands - {BEFORE}
    if not commands:
        return "before the command"
    if commands == EACH:
        return f"each{before}"
    if commands == SELECTING:
        return "those that select"
    there = (command for command in COMMANDS.values() if command.name in commands)
    return ", ".join(f"{command.group} {command.name}".strip() for command in there)


def _elsewhere(flag: Flag) -> Iterator[str]:
    if Known.PROJECT in flag.known:
        yield "`flags:`"
    if Known.TEMPLATES in flag.known:
        yield "templates"
    if Known.RETRY in flag.known:
        yield "retry"
    if flag.effect is Effect.REFUSED:
        yield "refused"
    if flag.effect is Effect.LACKING:
        yield "warned of"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
