"""What shows an invocation to whoever looks: a terminal, a pipe, or a program.

Each reporter is made by a function that says itself whether it is wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import TextIO

from ..core.plain_text import Scrub
from ..core.reporter import Reporter
from ..settings.options import Options
from .log_settings import console_style
from .style import Style
from .text.colors import should_use_colors


class Onlooker:
    """Who looks: where what is shown goes, and in which form.

    Attributes:
        options: with everything settled that reporters go by.
        environ: the environment's variables.
        output: takes the command's answer.
        stream: takes what is told of the run, beside an answer or together with it.
        is_live: whether `stream` is a terminal that can show what is under way.
    """

    def __init__(
        self,
        options: Options,
        environ: Mapping[str, str],
        *,
        output: TextIO,
        errors: TextIO,
        answers: bool,
        scrub: Scrub,
    ) -> None:
        """Take in who looks. With `answers` the answer is `output` by itself."""
        self.options = options
        self.environ = environ
        self.output = output
        self.stream = errors if answers else output
        plain = options.quiet or options.debug or answers
        self.is_live = self.stream.isatty() and not plain
        self._scrub = scrub

    @cached_property
    def style(self) -> Style:
        """How lines look."""
        colors = should_use_colors(self.options.use_colors, self.environ, self.stream)
        return console_style(self.options, use_colors=colors, scrub=self._scrub)

    @property
    def wants_json(self) -> bool:
        return self.options.log_format == "json"


Maker = Callable[[Onlooker], Reporter | None]
"""Makes a reporter, if the onlooker wants that one."""


def _json(onlooker: Onlooker) -> Reporter | None:
    if not onlooker.wants_json:
        return None
    from .json.json_lines import JsonReporter

    return JsonReporter(onlooker.output, onlooker.style)


def _live(onlooker: Onlooker) -> Reporter | None:
    if onlooker.wants_json or not onlooker.is_live:
        return None
    from .text.console import ConsoleReporter

    return ConsoleReporter(onlooker.stream, onlooker.style, output=onlooker.output)


def _lines(onlooker: Onlooker) -> Reporter | None:
    if onlooker.wants_json or onlooker.is_live:
        return None
    from .text.text_reporter import TextReporter

    return TextReporter(onlooker.stream, onlooker.style, output=onlooker.output)


MAKERS: Sequence[Maker] = (
    _json,
    _live,
    _lines,
)


def reporters_for(onlooker: Onlooker) -> list[Reporter]:
    """Every reporter that an onlooker wants."""
    return [made for make in MAKERS if (made := make(onlooker)) is not None]
