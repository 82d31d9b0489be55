"""Orders of one cart that lower what the merchant's other carts may sell: pushes of those are asked for at once.

They are asked for in the transaction that stores the orders, so that neither is ever there without the other. Numbers
that rise again, since an order was cancelled, wait for the next push of each cart: nothing is sold twice meanwhile.
A push that learns of no order, or of one that is stored already, asks for nothing, so that no circle comes about.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from invsync_tui import clock
from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.connectors.network.http_log import redacted
from invsync_tui.store.listings import listings, pending_orders
from invsync_tui.store.listings.pending_orders import Change, Pending
from invsync_tui.store.runs import order_pushes, runs
from invsync_tui.store.runs.order_pushes import OtherCart
from invsync_tui.store.runs.records import RunRequest, RunRow
from invsync_tui.store.runs.waiting_requests import ORDER
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row
from invsync_tui.sync.hooks.requests import AFTER_FAILURE
from invsync_tui.sync.settings import load_settings

CARTS_COMPARED = 10
"""Carts whose numbers are compared before one of them is asked for, since this is one step of the event loop: reading the
settings of a cart takes 1 ms. Of more carts each is asked for that draws on the stock."""
LISTINGS_COMPARED = 50
"""Listings of a cart that are compared; a cart with more of them is asked for."""
NAMED = 5
"""Carts that a text names at most."""


class Before(NamedTuple):
    """What was pending of the products that a change of orders touches, before it is stored."""

    products: frozenset[int]
    pending: Mapping[int, list[Pending]]


def before(tx: sqlite3.Connection, change: Change) -> Before | None:
    """To be called before a change is stored; None where it can lower nothing."""
    if not change.added:
        return None
    products = pending_orders.with_parts(tx, {row.product_id for row in change.added})
    return Before(frozenset(products), pending_orders.pending(tx, sorted(products)))


def request_pushes(tx: sqlite3.Connection, run: RunRow, known: Before | None, now: int) -> list[int]:
    """To be called once the change is stored, in the same transaction: the carts of which a push is asked for."""
    if known is None:
        return []
    after = pending_orders.pending(tx, sorted(known.products))
    grown = _grown(known.pending, after)
    if not grown:
        return []
    carts = order_pushes.others(tx, run.merchant_id, run.key, _drawn_from(grown))
    asked: list[OtherCart] = []
    for number, cart in enumerate(carts):
        ids = order_pushes.listings_of(tx, cart.id, grown, LISTINGS_COMPARED + 1)
        if not ids or runs.login_refused(tx, "push", cart.id):
            continue
        compared = number < CARTS_COMPARED and len(ids) <= LISTINGS_COMPARED
        if not compared or _is_lowered(tx, cart.id, ids, known, now):
            _request(
                tx, RunRequest("push", cart.id, run.merchant_id, ORDER, f"order at {run.cart}"), cart.failed_at, now
            )
            asked.append(cart)
    if asked:
        runs.add_event(tx, run.id, now, "info", redacted(_text(asked)))
    return [cart.id for cart in asked]


def _request(tx: sqlite3.Connection, order: RunRequest, failed_at: int | None, now: int) -> None:
    """A cart that just failed is tried again after a while: many orders elsewhere must not make as many failures of it."""
    if failed_at is not None and clock.within(failed_at, AFTER_FAILURE, now):
        runs.request_from(tx, order, failed_at + AFTER_FAILURE, now)
    else:
        runs.request(tx, order, now)


def _grown(known: Mapping[int, list[Pending]], after: Mapping[int, list[Pending]]) -> Mapping[int, list[Pending]]:
    """By product, what is pending and was not, or not as much, or not of these warehouses."""
    grown = {}
    for product, pending in after.items():
        had = {_content(part) for part in known.get(product, ())}
        if fresh := [part for part in pending if _content(part) not in had]:
            grown[product] = fresh
    return grown


def _content(pending: Pending) -> tuple[object, ...]:
    warehouses = None if pending.warehouses is None else tuple(pending.warehouses)
    return (*pending._replace(warehouses=None), warehouses)


def _drawn_from(grown: Mapping[int, list[Pending]]) -> frozenset[int] | None:
    """The warehouses that units of these orders can come from; None for any."""
    drawn: set[int] = set()
    for pending in grown.values():
        for part in pending:
            if part.warehouses is None:
                return None
            drawn.update(part.warehouses)
    return frozenset(drawn)


def _is_lowered(tx: sqlite3.Connection, cart_id: int, ids: Sequence[int], known: Before, now: int) -> bool:
    """Whether one of a cart's listings is to show less than it was before the change."""
    settings = load_settings(tx, cart_id)
    if settings is None:
        return False
    rows = listings.plan_rows(tx, ids)
    after = StockSnapshot.of(tx, rows, settings, now)
    levels, kits, ordered = after.read
    untouched = {product: pending for product, pending in ordered.items() if product not in known.products}
    was = StockSnapshot(levels, kits, {**untouched, **known.pending}, settings)
    # In which basis the cart counts makes no difference to what it offers for sale.
    rules = chain_rules(settings, QuantityBasis.AVAILABLE)
    return any(
        (decide_row(row, after, settings, rules, now).desired or 0)
        < (decide_row(row, was, settings, rules, now).desired or 0)
        for row in rows
    )


def _text(carts: Sequence[OtherCart]) -> str:
    names = ", ".join(cart.name for cart in carts[:NAMED]) + (", ..." if len(carts) > NAMED else "")
    return f"Its orders take stock that other carts sell, too. Requested a push of: {names}."
