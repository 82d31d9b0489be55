"""Text for any terminal, pipe or screen reader: external text as data, aligned columns, times in words. No colors."""

from __future__ import annotations

import time
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from invsync_tui import local_time, plain_text
from invsync_tui.plain_text import STAND_IN, grouped, width

__all__ = ["age", "clean", "cut", "duration", "fields", "moment", "number", "on_off", "pad", "table", "utc", "width"]

NEVER = "N/A"
GAP = "  "


def clean(text: str) -> str:
    """The text as one line for any terminal; what cannot be shown, or only acts on other characters, is a mark."""
    return plain_text.clean(text, STAND_IN)


def cut(text: str, columns: int) -> str:
    """The text in at most so many columns."""
    while width(text) > columns:
        text = text[: max(0, len(text) - max(1, (width(text) - columns) // 2))]
    return text


COMMAND = "invsync "
"""What a command to paste begins with."""


def wrapped(text: str, columns: int) -> list[str]:
    """A line of prose in lines of at most so many columns, those after the first two columns further in than it is.

    Longer words stay whole, and so does a line with a command: it has to be pasted as it stands.
    """
    indent = text[: len(text) - len(text.lstrip(" "))]
    if width(text) <= columns or COMMAND in text:
        return [text]
    lines, present = [], indent
    for word in text.split():
        longer = f"{present} {word}" if present.strip() else present + word
        if present.strip() and width(longer) > columns:
            lines.append(present)
            longer = f"{indent}  {word}"
        present = longer
    return [*lines, present]


def pad(text: str, columns: int) -> str:
    """The text with spaces up to so many columns."""
    return text + " " * (columns - width(text))


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligned columns under their names; a column of numbers is aligned to the right."""
    cells = [[*map(_steady, row[:-1]), *map(clean, row[-1:])] for row in rows]
    widths = [max(width(row[n]) for row in [head, *cells]) for n in range(len(head))]
    right = [bool(cells) and all(row[n].replace(",", "").isdecimal() for row in cells) for n in range(len(head))]
    return [_row(row, widths, right) for row in [head, *cells]]


def _steady(text: str) -> str:
    """A cell that others follow: signs that some terminals give a column and some none are marks, of one."""
    cleaned = clean(text)
    if cleaned.isascii():
        return cleaned
    return "".join(STAND_IN if unicodedata.category(char) == "Mc" else char for char in cleaned)


def _row(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    placed = (
        " " * (columns - width(cell)) + cell if to_right else pad(cell, columns)
        for cell, columns, to_right in zip(cells, widths, right, strict=True)
    )
    return GAP.join(placed).rstrip()


def fields(pairs: Sequence[tuple[str, str]], indent: str = "  ") -> list[str]:
    """A label and its value per line, values aligned."""
    columns = max((width(label) for label, _ in pairs), default=0)
    return [f"{indent}{pad(label, columns)}{GAP}{clean(value)}".rstrip() for label, value in pairs]


def on_off(value: bool) -> str:
    """A switch as "on" or "off"."""
    return "on" if value else "off"


def number(value: float | None) -> str:
    """A whole number with separators; what is unknown is not 0."""
    return "unknown" if value is None else grouped(round(value))


def moment(at: float | None, now: float | None = None) -> str:
    """Local time with its offset, and the age; N/A is never."""
    if at is None:
        return NEVER
    return f"{local_time.with_offset(at)} ({age(at, time.time() if now is None else now)})"


def next_run(at: float | None, *, on: bool, scheduled: bool) -> str:
    """When the next run is due; what is scheduled without a service to start it is not promised, and N/A is what is off."""
    if not on:
        return NEVER
    if at is not None:
        return moment(at)
    return "not before a service runs: invsync serve" if scheduled else "-"


def age(at: float, now: float) -> str:
    """How far a moment is from now, coarse."""
    passed = round(now - at)
    if passed < 0:
        return f"in {duration(-passed)}"
    return "just now" if passed < 1 else f"{duration(passed)} ago"


def duration(seconds: float) -> str:
    """A span in its two largest units."""
    whole = int(seconds)
    for unit, size, smaller, small in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"


def utc(at: float | None) -> str | None:
    """A moment as JSON has it: RFC 3339 in UTC."""
    return None if at is None else datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
