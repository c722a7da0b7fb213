"""What a node's configuration may not say, whatever its values' types are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ...core.errors import ParseError, did_you_mean
from ...core.nouns import noun_of
from ..nodes.resource_type import ResourceType
from .draft import Draft

_ONLY_AS: Mapping[ResourceType, str] = {
    ResourceType.SEED: "seed",
    ResourceType.SNAPSHOT: "snapshot",
    ResourceType.TEST: "test",
}
"""Kinds of nodes that are materialized in one way only."""

_ON_CHANGE = ("apply", "continue", "fail")

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})\Z", re.IGNORECASE)
_COLORS = frozenset(
    "aliceblue antiquewhite aqua aquamarine azure beige bisque black blanchedalmond blue "
    "blueviolet brown burlywood cadetblue chartreuse chocolate coral cornflowerblue cornsilk "
    "crimson cyan darkblue darkcyan darkgoldenrod darkgray darkgreen darkgrey darkkhaki "
    "darkmagenta darkolivegreen darkorange darkorchid darkred darksalmon darkseagreen "
    "darkslateblue darkslategray darkslategrey darkturquoise darkviolet deeppink deepskyblue "
    "dimgray dimgrey dodgerblue firebrick floralwhite forestgreen fuchsia gainsboro ghostwhite "
    "gold goldenrod gray green greenyellow grey honeydew hotpink indianred indigo ivory khaki "
    "lavender lavenderblush lawngreen lemonchiffon lightblue lightcoral lightcyan "
    "lightgoldenrodyellow lightgray lightgreen lightgrey lightpink lightsalmon lightseagreen "
    "lightskyblue lightslategray lightslategrey lightsteelblue lightyellow lime limegreen linen "
    "magenta maroon mediumaquamarine mediumblue mediumorchid mediumpurple mediumseagreen "
    "mediumslateblue mediumspringgreen mediumturquoise mediumvioletred midnightblue mintcream "
    "mistyrose moccasin navajowhite navy oldlace olive olivedrab orange orangered orchid "
    "palegoldenrod palegreen paleturquoise palevioletred papayawhip peachpuff peru pink plum "
    "powderblue purple rebeccapurple red rosybrown royalblue saddlebrown salmon sandybrown "
    "seagreen seashell sienna silver skyblue slateblue slategray slategrey snow springgreen "
    "steelblue tan teal thistle tomato turquoise violet wheat white whitesmoke yellow "
    "yellowgreen".split()
)
"""The names that CSS has for colors (https://www.w3.org/TR/css-color-4/#named-colors)."""


def check_config(values: Mapping[str, Any], draft: Draft) -> None:
    """See that a node is materialized as its kind is, and that the documentation can show it.

    Raises:
        ParseError: it isn't, or can't; says where that is configured.
    """
    only = _ONLY_AS.get(draft.resource_type)
    materialized = values.get("materialized")
    if only is not None and materialized not in (None, only):
        raise ParseError(
            f"A {only} must have a materialized value of '{only}', but that of '{draft.name}' is "
            f"'{materialized}'. Take the entry out.",
            location=draft.configured_at("materialized"),
        )
    if draft.resource_type is not ResourceType.TEST:
        _check_building(values, draft)
    docs = values.get("docs")
    color = docs.get("node_color") if isinstance(docs, Mapping) else None
    if color and not (str(color).lower() in _COLORS or _HEX.match(str(color))):
        raise ParseError(
            f"Invalid color name for docs.node_color: {color}. It is neither a valid HTML color "
            f"name nor a valid HEX code.{did_you_mean(str(color), _COLORS)}",
            location=draft.configured_at("docs"),
        )


def _check_building(values: Mapping[str, Any], draft: Draft) -> None:
    """See that those have their types that the manifest's readers have one for."""
    persisted, on_change = values.get("persist_docs"), values.get("on_configuration_change")
    if persisted is not None and not isinstance(persisted, Mapping):
        raise ParseError(
            f"persist_docs of '{draft.name}' must be a mapping, such as {{relation: true, columns: "
            f"true}}, but it is {noun_of(persisted)}.",
            location=draft.configured_at("persist_docs"),
        )
    if on_change is not None and on_change not in _ON_CHANGE:
        raise ParseError(
            f"on_configuration_change of '{draft.name}' must be one of {', '.join(_ON_CHANGE)}, "
            f"but it is {on_change!r}.{did_you_mean(str(on_change), _ON_CHANGE)}",
            location=draft.configured_at("on_configuration_change"),
        )
