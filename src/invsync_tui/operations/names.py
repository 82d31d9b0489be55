"""Finds merchants and carts by what an operator calls them: the exact name, or the number."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import NamedTuple

from invsync_tui.operations.errors import NotFoundError, OperationError, as_operation_error
from invsync_tui.operations.session import Session
from invsync_tui.store.settings import read as settings_read


class Named(NamedTuple):
    """A merchant or a cart; of a cart, with the merchant it belongs to."""

    id: int
    name: str
    merchant_id: int


class Everybody(NamedTuple):
    """All merchants by name, and all carts by merchant and number."""

    merchants: tuple[Named, ...]
    carts: tuple[Named, ...]


def everybody(session: Session) -> Everybody:
    """Names and numbers alone: no run, count or setting is read, so that a prompt can ask for them at each opening."""
    with as_operation_error(), session.store.reading() as cx:
        merchants = tuple(Named(number, name, number) for number, name in settings_read.names(cx))
        carts = [Named(number, name, owner) for number, owner, name in settings_read.cart_names(cx)]
    place = {row.id: n for n, row in enumerate(merchants)}
    carts = [cart for cart in carts if cart.merchant_id in place]
    return Everybody(merchants, tuple(sorted(carts, key=lambda cart: (place[cart.merchant_id], cart.id))))


def merchant(session: Session, called: str) -> Named:
    """The merchant of this name or number; NotFoundError suggests similar names."""
    with as_operation_error(), session.store.reading() as cx:
        alike = [Named(number, name, number) for number, name in settings_read.merchants_called(cx, called)]
        named = _called(alike, called)
        if named:
            return named[0]
        known = [Named(number, name, number) for number, name in settings_read.names(cx)]
    raise NotFoundError(_unknown("merchant", called, known, "invsync merchants"))


def cart(session: Session, called: str, merchant_id: int | None = None) -> Named:
    """The cart of this name or number, of one merchant or of any; a name that several merchants use must be narrowed."""
    with as_operation_error(), session.store.reading() as cx:
        rows = [Named(number, name, owner) for number, owner, name in settings_read.cart_names(cx)]
    known = [row for row in rows if merchant_id in (None, row.merchant_id)]
    named = _called(known, called)
    if not named:
        raise NotFoundError(_unknown("cart", called, known, "invsync carts"))
    if len(named) > 1:
        numbers = ", ".join(str(cart_row.id) for cart_row in named)
        raise OperationError(f"Several carts are called {called!r}. Give a number instead: {numbers}.")
    return named[0]


def _called(known: Sequence[Named], called: str) -> list[Named]:
    by_name = [row for row in known if row.name == called]
    return by_name or [row for row in known if str(row.id) == called]


def _unknown(what: str, called: str, known: Sequence[Named], command: str) -> str:
    close = get_close_matches(called, [row.name for row in known], n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"There is no {what} {called!r}.{hint} List them with: {command}."


def unknown_cart_or_merchant(session: Session, called: str) -> str:
    """That neither is called so, with the nearest name of both."""
    with as_operation_error(), session.store.reading() as cx:
        known = [Named(number, name, owner) for number, owner, name in settings_read.cart_names(cx)]
        known += [Named(number, name, number) for number, name in settings_read.names(cx)]
    return _unknown("cart or merchant", called, known, "invsync carts")
