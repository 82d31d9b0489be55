"""Styles as the terminal is told of them: what a cell looks like, and the codes from one look to the next.

Textual ends each style with a reset and begins the next one anew, some 25 bytes for each. Here the terminal keeps what
two neighbours have in common. Not here: which cells are sent (`screen_diff`).
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from rich.color import ColorSystem
from rich.style import Style

ON = {0: "1", 1: "2", 2: "3", 3: "4", 4: "5", 5: "6", 6: "7", 7: "8", 8: "9", 9: "21", 10: "51", 11: "52", 12: "53"}
"""Codes that begin an attribute, by its bit in Rich's styles (bold, dim, italic, underline, ...)."""
OFF = {
    0: "22",
    1: "22",
    2: "23",
    3: "24",
    4: "25",
    5: "25",
    6: "27",
    7: "28",
    8: "29",
    9: "24",
    10: "54",
    11: "54",
    12: "55",
}
"""Codes that end one; 22, 24, 25 and 54 end two together."""
SEEN_ON_BLANKS = sum(1 << bit for bit in (3, 4, 5, 6, 8, 9, 10, 11, 12))
"""Attributes that can be seen where there is no character: lines, blinking, reverse."""


class Look(NamedTuple):
    """Attributes as bits, and codes of the two colors, '' for the terminal's own. A blank has no `attributes` and no
    `fore` (None): whatever they are, they cannot be seen on it."""

    attributes: int | None
    fore: str | None
    back: str


PLAIN = Look(0, "", "")
_DEFAULT_COLORS = ("39", "49")


def look_of(style: Style | None, color_system: ColorSystem) -> Look:
    """What a style looks like on a terminal with these colors."""
    if style is None:
        return PLAIN
    colors = []
    for color, in_front in ((style.color, True), (style.bgcolor, False)):
        codes = ";".join(color.downgrade(color_system).get_ansi_codes(in_front)) if color is not None else ""
        colors.append("" if codes in _DEFAULT_COLORS else codes)
    return Look(style._attributes & style._set_attributes, *colors)


_REVERSE = 1 << 6


def on_blank(look: Look) -> Look:
    """What can be seen of a look on a blank. One that is reversed shows nothing but the color of its characters, which
    needs fewer codes as a background; the terminal's own has none."""
    seen = (look.attributes or 0) & SEEN_ON_BLANKS
    if seen == _REVERSE and look.fore:
        return Look(None, None, _as_back(look.fore))
    return look if seen else Look(None, None, look.back)


def _as_back(fore: str) -> str:
    """The codes of a color behind characters, from those of the same color in front: 38;5;n is 48;5;n, 31 is 41, 91 is
    101."""
    first, *rest = fore.split(";")
    return ";".join([str(int(first) + 10), *rest])


@lru_cache(maxsize=4096)
def step(pen: Look, look: Look) -> tuple[str, Look]:
    """What makes a terminal that writes in one look write in another, '' where it does already; and how it writes then.

    The pen knows all its attributes and its `fore`.
    """
    known, attributes = pen.attributes or 0, look.attributes
    attributes = known & ~SEEN_ON_BLANKS if attributes is None else attributes
    fore = pen.fore if look.fore is None else look.fore
    codes = _to_attributes(known, attributes)
    if fore != pen.fore:
        codes.append(fore or _DEFAULT_COLORS[0])
    if look.back != pen.back:
        codes.append(look.back or _DEFAULT_COLORS[1])
    anew = ";".join(["0", *_attribute_codes(attributes), *filter(None, (fore, look.back))])
    text = min(";".join(codes), anew, key=len)
    return f"\x1b[{text}m" if codes else "", Look(attributes, fore, look.back)


def _to_attributes(known: int, attributes: int) -> list[str]:
    ends = dict.fromkeys(code for bit, code in OFF.items() if known & ~attributes & 1 << bit)
    left = sum(1 << bit for bit, code in OFF.items() if known & 1 << bit and code not in ends)
    return [*ends, *_attribute_codes(attributes & ~left)]


def _attribute_codes(attributes: int) -> list[str]:
    return [code for bit, code in ON.items() if attributes & 1 << bit]
