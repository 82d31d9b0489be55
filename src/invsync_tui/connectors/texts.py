"""Texts from outside, read strictly: a text as such, whole and readable."""

from __future__ import annotations

from invsync_tui.connectors.values import shown

TEXT_MOST = 10_000
"""Characters of a code or a name."""


def text(value: object) -> str:
    """A text as such; ValueError for anything else, for one with bytes that are not UTF-8, and for one of a novel's size."""
    if type(value) is not str:
        raise ValueError(f"{shown(value)} is not a text")
    if len(value) > TEXT_MOST:
        raise ValueError(f"{shown(value)} has {len(value)} characters, more than {TEXT_MOST}")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ValueError(f"{shown(value)} has characters that do not exist") from None
    return value


def reference(value: object) -> str:
    """The id of a record, a text that is not blank or a whole number; ValueError for anything else."""
    if type(value) is int:
        return str(value)
    found = text(value)
    if not found.strip():
        raise ValueError("the id is blank")
    return found


def yes_or_no(value: object) -> bool:
    """A boolean as such; ValueError for anything else: 0, "false" and null are not no."""
    if type(value) is not bool:
        raise ValueError(f"{shown(value)} is neither true nor false")
    return value


def name_of(record: object, key: str = "id") -> str:
    """What a record that cannot be read is called in a message: its id as far as it has one, else '?'."""
    try:
        return reference(record[key]) if isinstance(record, dict) else "?"
    except (KeyError, ValueError):
        return "?"
