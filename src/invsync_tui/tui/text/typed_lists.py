"""Several values in one field of a form: typed with commas."""

from __future__ import annotations

from collections.abc import Sequence

from invsync_tui.operations.lists.list_views import Choice

COMMA = ","


def picked(text: str) -> tuple[str, ...]:
    """The values of a list that is typed with commas."""
    return tuple(part.strip() for part in text.split(COMMA) if part.strip())


def listed(choices: Sequence[Choice], values: frozenset[str]) -> str:
    """Values as a list with commas, in the order of the choices; unknown ones stay at the end."""
    known = [choice.value for choice in choices if choice.value in values]
    return COMMA.join([*known, *sorted(values - set(known))])
