"""Marks of a WMS: where a download stood, from which the next one reads what has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

MARK_BACK = timedelta(hours=1)
"""How far a mark that is a time may go back without a restore."""


def went_back(before: str, now: str) -> bool:
    """Whether a WMS is at an earlier mark than it was: it would say of nothing since that it has changed.

    Marks are numbers or times, or `KIND:NUMBER`, which only compare with their own kind; of any other text nobody knows the
    order. A time goes back a little by itself where it is that of the latest record and this one is deleted.
    """
    before_kind, before_number = _parts(before)
    kind, number = _parts(now)
    if kind or before_kind:
        return kind == before_kind and went_back(before_number, number)
    if before.isdecimal() and now.isdecimal():
        return (len(now.lstrip("0")), now.lstrip("0")) < (len(before.lstrip("0")), before.lstrip("0"))
    try:
        return datetime.fromisoformat(before) - datetime.fromisoformat(now) > MARK_BACK
    except (ValueError, TypeError):
        return False


def _parts(mark: str) -> tuple[str, str]:
    """(kind, number) of a mark; ('', mark) for one without a kind."""
    kind, colon, number = mark.partition(":")
    return (kind, number) if colon and kind.isalpha() and number.isdecimal() else ("", mark)


def mark_text(mark: str) -> str:
    """A mark for a person: seconds as a time in UTC, other numbers without the zeros that fill them up."""
    kind, mark = _parts(mark)
    if kind == "date":
        return f"{datetime.strptime(mark, '%Y%m%d%H%M%S').replace(tzinfo=UTC):%Y-%m-%d %H:%M:%S}"
    digits = mark.lstrip("0")
    if mark.isdecimal() and len(digits) == len("1760000000"):
        return f"{datetime.fromtimestamp(int(digits), UTC):%Y-%m-%d %H:%M:%S} UTC"
    return digits if mark.isdecimal() else mark
