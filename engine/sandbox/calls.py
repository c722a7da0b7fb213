"""Calls with arguments that a function doesn't take, in words for the template's author."""

from __future__ import annotations

import re

# Python names the class as well, and counts `self`: the author has neither.
_CALLED = re.compile(r"(?:[\w.<>]+\.)?(?P<name>\w+)\(\) (?P<problem>.+)")
_MACRO_KEYWORD = re.compile(r"macro (?P<name>'\w+') takes no keyword argument (?P<argument>'\w+')")
_MACRO_TOO_MANY = re.compile(r"macro (?P<name>'\w+') takes not more than (?P<count>\d+) argument")
_PROBLEMS = (
    (re.compile(r"takes .+ positional arguments? but .+"), "was given too many arguments"),
    (re.compile(r"missing .+ required .+ arguments?: (.+)"), r"needs the argument \1"),
    (re.compile(r"got an unexpected keyword argument (.+)"), r"has no argument \1"),
    (re.compile(r"got multiple values for argument (.+)"), r"was given the argument \1 twice"),
)


def call_problem(error: Exception) -> str | None:
    """What is wrong with the arguments of a call; None if the error is another one."""
    if not isinstance(error, TypeError):
        return None
    text = str(error)
    if of_macro := _MACRO_KEYWORD.fullmatch(text):
        return f"the macro {of_macro['name']} has no argument {of_macro['argument']}"
    if of_macro := _MACRO_TOO_MANY.match(text):
        number = of_macro["count"]
        return f"the macro {of_macro['name']} was given more than its {number} argument(s)"
    called = _CALLED.fullmatch(text)
    if called is None:
        return None
    name = called["name"]
    subject = "the call" if name.startswith("__") else f"{name.removeprefix('_')}()"
    for pattern, words in _PROBLEMS:
        if match := pattern.fullmatch(called["problem"]):
            return f"{subject} {match.expand(words)}"
    return None
