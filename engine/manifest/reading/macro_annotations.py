"""What a properties file says of a macro's arguments, held against the macro itself.

Only where the project has the flag `validate_macro_args`
(https://docs.getdbt.com/reference/global-configs/behavior-changes#macro-argument-validation).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...core.events import WarningRaised
from ..nodes.macro import Macro, MacroArgument, own_arguments
from .patches import NodePatch

FLAG = "validate_macro_args"

_PARTS = {
    **dict.fromkeys("str string bool int integer float any relation column".split(), 0),
    "list": 1,
    "optional": 1,
    "dict": 2,
}
"""The types that an argument may be said to have, with how many others stand in brackets."""
_TOKEN = re.compile(r"[a-z]+|[^a-z]")


def check_arguments(
    macro: Macro, said: tuple[MacroArgument, ...], patch: NodePatch
) -> Iterator[WarningRaised]:
    """A warning for each argument that has another name or no type, and for another number."""
    if not said:
        return
    own = own_arguments(macro)
    for position, (named, argument) in enumerate(zip(own, said, strict=False)):
        if argument.name != named.name:
            problem = f"Argument {argument.name} in yaml for macro {macro.name} does not match"
            yield _warning(f"{problem} the jinja definition.", macro, patch, position)
    if len(said) != len(own):
        problem = f"The number of arguments in the yaml for macro {macro.name} does not match"
        yield _warning(f"{problem} the jinja definition.", macro, patch)
    for position, argument in enumerate(said):
        if argument.type is not None and argument.type.strip() and not _is_type(argument.type):
            problem = f"Argument {argument.name} in the yaml for macro {macro.name}"
            yield _warning(f"{problem} has an invalid type.", macro, patch, position)


def _warning(message: str, macro: Macro, patch: NodePatch, *below: int) -> WarningRaised:
    return WarningRaised(
        "InvalidMacroAnnotation",
        message,
        patch.document.locate(*patch.keys, "arguments", *below),
        {"macro_unique_id": macro.unique_id, "macro_file_path": macro.original_file_path},
    )


def _is_type(text: str) -> bool:
    """Whether a text is a type, such as `dict[str, list[int]]`."""
    tokens = _TOKEN.findall(re.sub(r"[ \t]", "", text))
    return _after_type(tokens, 0) == len(tokens)


def _after_type(tokens: list[str], start: int) -> int | None:
    """Where the type ends that begins at a token; None if none does."""
    parts = _PARTS.get(tokens[start]) if start < len(tokens) else None
    if not parts:
        return None if parts is None else start + 1
    end: int | None = start + 1
    for mark in ("[", *"," * (parts - 1)):
        if end is None or tokens[end : end + 1] != [mark]:
            return None
        end = _after_type(tokens, end + 1)
    return None if end is None or tokens[end : end + 1] != ["]"] else end + 1
