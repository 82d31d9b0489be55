"""Kinds of values that settings have: texts, switches, numbers, times and words, each with how it is typed and shown."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from invsync_tui.operations.errors import InvalidError
from invsync_tui.operations.lists.list_views import FieldKind
from invsync_tui.operations.settings import values
from invsync_tui.operations.settings.setting import Value


def plain(value: Any) -> str:
    """A value as it is typed; '' for none."""
    return "" if value is None else str(value)


def text(read: Callable[[str, str], str], metavar: str, kind: FieldKind = FieldKind.TEXT) -> Value:
    """A text that `read` checks."""
    return Value(kind, read, plain, metavar, {"type": "string"})


def switch() -> Value:
    """On or off."""
    words = {True: values.ON, False: values.OFF}
    return Value(FieldKind.SWITCH, values.switch, lambda v: words[bool(v)], "on|off", {"type": "boolean"})


def number(unit: str, least: int = 0, most: int = values.MOST, metavar: str = "N") -> Value:
    """A whole number within bounds."""

    def read(at: str, text: str) -> int:
        return values.whole(at, text, least, most)

    return Value(FieldKind.NUMBER, read, plain, metavar, {"type": "integer", **_range(least, most)}, unit)


def number_or_none(unit: str, least: int = 0, most: int = values.MOST) -> Value:
    """A whole number within bounds, or none."""

    def read(at: str, text: str) -> int | None:
        return values.whole_or_none(at, text, least, most)

    def show(value: Any) -> str:
        return values.NONE if value is None else str(value)

    return Value(FieldKind.NUMBER, read, show, "N", {"type": ["integer", "null"], **_range(least, most)}, unit)


def _range(least: int, most: int) -> dict[str, int]:
    return {"minimum": least} | ({"maximum": most} if most < values.MOST else {})


def percent() -> Value:
    """A whole number from 0 to 100."""
    return number("percent", 0, 100, "P")


def time(least: int, most: int, *, factor: int = 1) -> Value:
    """A time that is stored in seconds, or in so many parts of a second."""

    def read(at: str, text: str) -> int:
        return values.duration(at, text, least, most) * factor

    def show(value: Any) -> str:
        return values.span(int(value or 0) // factor)

    return Value(FieldKind.DURATION, read, show, "TIME", {"type": ["integer", "null"]}, "seconds")


def time_or(none: str, least: int, most: int) -> Value:
    """A time, or `none` (off, or none) for no value."""

    def read(at: str, text: str) -> int | None:
        return values.duration_or_none(at, text, least, most)

    def show(value: Any) -> str:
        return none if value is None else values.span(int(value))

    return Value(FieldKind.DURATION, read, show, "TIME", {"type": ["integer", "null"]}, "seconds")


def word(known: Sequence[str], metavar: str) -> Value:
    """One of some words."""

    def read(at: str, text: str) -> str:
        return values.one_of(at, text.strip().lower(), known)

    return Value(FieldKind.TEXT, read, plain, metavar, {"enum": list(known)})


def unresolved(at: str, text: str) -> Any:
    """In the place of `read` for a setting whose choices are loaded."""
    raise NotImplementedError(f"{at}: what may be given depends on what is loaded, see choices")


def read_options(at: str, text: str) -> str:
    """`K=V, K=V` as it is stored."""
    try:
        return json.dumps(values.options(part.strip() for part in text.split(",") if part.strip()))
    except InvalidError as error:
        raise InvalidError(at, str(error).partition(": ")[2]) from error


def show_options(value: Any) -> str:
    """The stored options of a connector as `K=V, K=V`."""
    return ", ".join(f"{key}={part}" for key, part in json.loads(value or "{}").items())
