"""Names of merchants and carts, as filters and the command line understand them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from invsync_tui.operations.session import Session


class Named(NamedTuple):
    """A merchant, or a cart with the name of its merchant."""

    id: int
    name: str
    merchant: str = ""


class Known(NamedTuple):
    """Whose names can be typed."""

    merchants: Sequence[Named] = ()
    carts: Sequence[Named] = ()


NOBODY = Known()


def known(session: Session) -> Known:
    """Everybody in the store. Runs on a store thread."""
    from invsync_tui.operations import names

    everybody = names.everybody(session)
    merchants = [Named(row.id, row.name) for row in everybody.merchants]
    of = {row.id: row.name for row in merchants}
    return Known(merchants, [Named(cart.id, cart.name, of[cart.merchant_id]) for cart in everybody.carts])


def named(text: str, among: Iterable[Named]) -> Named | None:
    """By number, by name, by the beginning of a name, or by a part of it: the first that fits best."""
    word = text.strip().casefold()
    if not word:
        return None
    ranked = [(_rank(each, word), n, each) for n, each in enumerate(among)]
    fitting = [entry for entry in ranked if entry[0] < _NO_FIT]
    return min(fitting)[2] if fitting else None


_NO_FIT = 4


def _rank(each: Named, word: str) -> int:
    name = each.name.casefold()
    if name == word:
        return 0
    if str(each.id) == word:
        return 1
    if name.startswith(word):
        return 2
    return 3 if word in name else _NO_FIT


class Fit(IntEnum):
    """How well a name fits what was typed, the best first."""

    EXACT = 0
    BEGINNING = 1
    WORD = 2
    """One of its words begins with it."""
    PART = 3
    SUBSEQUENCE = 4
    """It has all the characters in their order."""


def fit(name: str, typed: str) -> Fit | None:
    """How well a name fits; None where it does not."""
    name, typed = name.casefold(), typed.strip().casefold()
    if not typed:
        return None
    if name == typed:
        return Fit.EXACT
    if name.startswith(typed):
        return Fit.BEGINNING
    at = name.find(typed)
    while at > 0:
        if not name[at - 1].isalnum():
            return Fit.WORD
        at = name.find(typed, at + 1)
    if typed in name:
        return Fit.PART
    characters = iter(name)
    return Fit.SUBSEQUENCE if all(char in characters for char in typed) else None
