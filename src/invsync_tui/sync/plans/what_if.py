"""What a cart's listings would show under other settings: the matching and the chain of a real plan, without its writes.

Not here: what the cart itself changed meanwhile. A listing is as it was last read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from invsync_tui import clock
from invsync_tui.connectors.base import QuantityBasis
from invsync_tui.rules.quantity import Decision
from invsync_tui.store.catalog import products
from invsync_tui.store.listings import listings, matching
from invsync_tui.store.listings.listings import PlanRow
from invsync_tui.store.paging import listings as pages
from invsync_tui.sync.decide import StockSnapshot, chain_rules, decide_row
from invsync_tui.sync.settings import Settings, settings_of


class SettingsPair(NamedTuple):
    """The settings as they are and as they would be."""

    now: Settings
    then: Settings
    rematched: bool
    """Codes of another kind would be matched."""


class Effect(NamedTuple):
    """What would become of some listings."""

    looked_at: int
    last: int
    to_zero: int
    changed: int
    lose_match: int
    gain_match: int


def wanted(cx: sqlite3.Connection, columns: Mapping[str, Any], values: Mapping[str, Any]) -> SettingsPair | None:
    """Both settings; None where the cart's merchant has no WMS connection, so that nothing would be pushed."""
    now, then = dict(columns), {**columns, **values}
    if "warehouses" in values:
        then["combine_all"] = not values["warehouses"]
    present, other = settings_of(cx, now), settings_of(cx, then)
    if present is None or other is None:
        return None
    return SettingsPair(present, other, now["push_kind"] != then["push_kind"])


def effect(cx: sqlite3.Connection, pair: SettingsPair, after: int, limit: int) -> Effect:
    """Look at the next listings behind the number `after`."""
    cart = pair.now.cart
    ids = pages.present_after(cx, int(cart.id or 0), after, limit)
    before = listings.plan_rows(cx, ids)
    then = {row.id: row for row in (_rematched(cx, pair, before) if pair.rematched else before)}
    now = clock.seconds()
    shown = _decisions(cx, before, pair.now, now)
    would = _decisions(cx, then.values(), pair.then, now)
    changes = [(_present(row, shown[row.id]), would[row.id].desired) for row in before]
    moved = [(old, new) for old, new in changes if new is not None and new != old]
    return Effect(
        looked_at=len(ids),
        last=ids[-1] if ids else after,
        to_zero=sum(new == 0 and bool(old) for old, new in moved),
        changed=len(moved),
        lose_match=sum(row.product_id is not None and then[row.id].product_id is None for row in before),
        gain_match=sum(row.product_id is None and then[row.id].product_id is not None for row in before),
    )


def _decisions(cx: sqlite3.Connection, rows: Iterable[PlanRow], settings: Settings, now: int) -> dict[int, Decision]:
    """By listing. The basis is no matter: quantities are compared in sellable units."""
    looked_at = list(rows)
    stock = StockSnapshot.of(cx, looked_at, settings, now)
    rules = chain_rules(settings, QuantityBasis.AVAILABLE)
    return {row.id: decide_row(row, stock, settings, rules, now) for row in looked_at}


def _present(row: PlanRow, decision: Decision) -> int | None:
    """What the listing shows or is about to show under the present settings."""
    if decision.desired is not None:
        return decision.desired
    if row.acked is not None or row.observed is None:
        return row.acked
    return row.observed - row.allocated


def _rematched(cx: sqlite3.Connection, pair: SettingsPair, rows: list[PlanRow]) -> list[PlanRow]:
    """The rows as codes of the other kind match them."""
    cart = pair.then.cart
    matches = matching.look_up(cx, cart.merchant_id, int(cart.id or 0), cart.push_kind, [row.id for row in rows])
    match_by_listing = {match.id: match.now for match in matches}
    kinds = products.kinds(cx, [product for product, _ in match_by_listing.values() if product is not None])
    return [
        row._replace(
            product_id=match_by_listing[row.id][0],
            match_reason=match_by_listing[row.id][1],
            **kinds.get(match_by_listing[row.id][0] or 0, products.PLAIN)._asdict(),
        )
        for row in rows
    ]
