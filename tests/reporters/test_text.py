"""Log lines for a pipe: dbt's form with a timestamp, whole, and harmless to the run."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

from headrace.adapters.traffic import StatementSent
from headrace.engine.core.errors import UsageError
from headrace.engine.core.events import (
    InvocationFailed,
    MessageLogged,
    NodeStarted,
    OutputProduced,
    WarningRaised,
)
from headrace.engine.reporters.style import Style
from headrace.engine.reporters.text.line import Level
from headrace.engine.reporters.text.text_reporter import TextReporter

from .support import HARMFUL, NOON, at_noon, model, small_run


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_log_of_a_small_run() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(clock=at_noon))

    for event in small_run():
        reporter.handle(event)
    reporter.close()

    assert (
        stream.getvalue()
        == """\
12:00:00 | Running with headrace=0.1.0
12:00:00 | Found 4 models, 1 test
12:00:00 |
12:00:00 | Concurrency: 4 threads (target='dev')
12:00:00 |
12:00:00 | 1 of 4 START table model test_schema.model_1 ........................ [RUN]
12:00:00 | 1 of 4 OK created table model test_schema.model_1 ................... [SELECT 4 in 0.08s]
12:00:00 | 2 of 4 START table model test_schema.model_2 ........................ [RUN]
12:00:00 | 3 of 4 START table model test_schema.model_3 ........................ [RUN]
12:00:00 | 2 of 4 ERROR creating table model test_schema.model_2 ............... [ERROR in 0.06s]
12:00:00 | CANCEL query model.debug.model_3 .................................... [CANCEL]
12:00:00 | 4 of 4 SKIP relation test_schema.model_4 ............................ [SKIP]
12:00:00 |
12:00:00 | Finished running 4 table models in 0.45s.
12:00:00 |
12:00:00 | Completed with 2 errors, 0 partial successes, and 0 warnings:

Database Error in model model_2 (models/model_2.sql)
  relation "nope" does not exist
  at models/model_2.sql:4
  compiled SQL at target/run/debug/models/model_2.sql

Skipped because of model.debug.model_2:
  test_schema.model_4

Cancelled in flight:
  test_schema.model_3
12:00:00 |
12:00:00 | Done. PASS=1 WARN=0 ERROR=2 SKIP=1 NO-OP=0 TOTAL=4
"""
    )


def test_quiet_log_holds_only_errors() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(quiet=True, clock=at_noon))

    for event in small_run():
        reporter.handle(event)
    reporter.handle(MessageLogged("not this", to_console=True))
    reporter.handle(MessageLogged("but this", to_console=True, is_print=True))

    assert (
        stream.getvalue()
        == """\
12:00:00 | 2 of 4 ERROR creating table model test_schema.model_2 ............... [ERROR in 0.06s]
12:00:00 | CANCEL query model.debug.model_3 .................................... [CANCEL]
Database Error in model model_2 (models/model_2.sql)
  relation "nope" does not exist
  at models/model_2.sql:4
  compiled SQL at target/run/debug/models/model_2.sql
but this
"""
    )


def test_answer_goes_bare_to_its_own_stream() -> None:
    log, output = io.StringIO(), io.StringIO()
    reporter = TextReporter(log, Style(clock=at_noon), output=output)

    reporter.handle(OutputProduced("debug.model_1"))
    reporter.handle(WarningRaised("Old", "old spelling"))

    assert output.getvalue() == "debug.model_1\n"
    assert log.getvalue() == "12:00:00 | [WARNING][Old]: old spelling\n"


def test_answer_is_exact_in_a_pipe_and_escaped_on_a_terminal() -> None:
    pipe, terminal = io.StringIO(), Terminal()

    for output in (pipe, terminal):
        TextReporter(io.StringIO(), output=output).handle(OutputProduced(HARMFUL))

    assert pipe.getvalue() == HARMFUL + "\n"
    assert "\x1b" not in terminal.getvalue()


def test_lines_of_a_message_after_the_first_carry_no_time() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(clock=at_noon))

    reporter.handle(MessageLogged("first\n  second\n\nthird", to_console=True))

    assert stream.getvalue() == "12:00:00 | first\n  second\n\nthird\n"


def test_invocation_that_could_not_run_ends_in_a_block_without_a_time() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(clock=at_noon))

    reporter.handle(InvocationFailed(UsageError("there is no such target")))

    assert stream.getvalue() == ("Encountered an error:\nUsage Error\n  there is no such target\n")


def test_debug_level_shows_what_was_sent() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(level=Level.DEBUG, clock=at_noon))

    reporter.handle(StatementSent("sqlite", "model.debug.m", "select 1\nfrom x"))

    assert stream.getvalue() == (
        '12:00:00 | Using sqlite connection "model.debug.m"\n'
        "12:00:00 | On model.debug.m: select 1\nfrom x\n"
    )


def test_forged_log_line_is_no_line_of_its_own() -> None:
    stream = io.StringIO()

    TextReporter(stream, Style(clock=at_noon)).handle(NodeStarted(model(HARMFUL), 1, 1, NOON))

    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


def test_secrets_are_scrubbed_from_lines_and_answers() -> None:
    stream = io.StringIO()
    reporter = TextReporter(stream, Style(scrub=lambda text: text.replace("hunter2", "*****")))

    reporter.handle(WarningRaised("Odd", "password hunter2"))
    reporter.handle(OutputProduced("password hunter2"))

    assert "hunter2" not in stream.getvalue()
    assert stream.getvalue().count("password *****") == 2


def test_closed_pipe_does_not_break_the_run() -> None:
    script = textwrap.dedent("""
        import sys
        from headrace.engine.core.events import OutputProduced
        from headrace.engine.reporters.text.text_reporter import TextReporter

        sys.stdin.read()
        reporter = TextReporter(sys.stdout)
        for number in range(1000):
            reporter.handle(OutputProduced(str(number)))
        reporter.close()
        sys.exit(7)
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    assert process.stdout
    assert process.stderr
    process.stdout.close()

    process.stdin.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert (process.wait(), complaint) == (7, b"")


def test_closed_stream_does_not_break_the_run(tmp_path: Path) -> None:
    stream = (tmp_path / "log").open("w")
    reporter = TextReporter(stream, Style(clock=at_noon))
    stream.close()

    for event in small_run():
        reporter.handle(event)


def test_encoding_without_the_letter_gets_its_escape(tmp_path: Path) -> None:
    with (tmp_path / "log").open("w", encoding="ascii") as stream:
        reporter = TextReporter(stream, Style(clock=at_noon))
        reporter.handle(WarningRaised("Odd", "größe"))

    assert (tmp_path / "log").read_text() == "12:00:00 | [WARNING][Odd]: gr\\xf6\\xdfe\n"


def test_each_line_is_flushed_whole() -> None:
    reading, writing = os.pipe()
    with open(writing, "w", encoding="utf-8") as stream:
        reporter = TextReporter(stream, Style(clock=at_noon))

        reporter.handle(WarningRaised("Old", "old spelling"))
        arrived = os.read(reading, 1000)

    os.close(reading)
    assert arrived == b"12:00:00 | [WARNING][Old]: old spelling\n"
